"""Requests to one installation: sent again where that may help, refusals turned into errors."""

import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from itertools import count
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from cli.addresses import is_loopback
from cli.errors import Busy, Refused, ServerFailed, Unreachable, sentence
from shared.errors import FieldProblem, UserError

Json = dict[str, Any]
T = TypeVar("T")

API = "/api/v1"
IDEMPOTENT = ("GET", "HEAD", "PUT", "DELETE")
BUSY = (429, 503)
KEY_HEADER, TEAM_HEADER = "Idempotency-Key", "Charloom-Team"


@dataclass(frozen=True)
class Retries:
    """How often a request is sent again, and after how many seconds.

    The pause doubles from ``first`` to ``longest``, less up to its half by chance, so that many
    clients do not come back at once. A ``Retry-After`` is waited for where it is at most
    ``patience``. ``unanswered`` holds as long as the server has answered nothing at all: then it
    is most likely not there. Who follows a job or waits for it begins so many times over as
    ``outages`` says.
    """

    most: int = 4
    first: float = 0.5
    longest: float = 30
    patience: float = 60
    unanswered: int = 4
    outages: int = 10

    def pause(self, tries: int) -> float:
        """Return how long to wait after so many retries."""
        return min(self.first * 2.0**tries, self.longest) * random.uniform(0.5, 1)


class Connection:
    """An installation's API. Close it.

    Each call raises ``UserError`` (``Refused`` where the server said so), ``ServerFailed`` and
    ``Unreachable``.
    """

    def __init__(
        self,
        url: str,
        token: str,
        seconds: float,
        retries: Retries,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ):
        self.url, self.retries, self.sleep = checked_url(url), retries, sleep
        self._answered = False
        self._http = httpx.Client(
            base_url=f"{self.url}{API}",
            headers={"Authorization": f"Bearer {checked_token(token)}"},
            timeout=seconds,
            transport=transport,
            # No proxy of the environment's is asked for this machine's own addresses.
            trust_env=not is_loopback(httpx.URL(self.url).host),
        )

    def act_in(self, team: str) -> None:
        """Act in a team of this id or name. Raises ``UserError`` for what no header can carry."""
        if not team.isprintable():
            raise UserError("the team's name has control characters in it")
        self._http.headers.update({TEAM_HEADER.encode(): team.encode("utf-8", "replace")})

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def json(self, method: str, path: str, **how: Any) -> Json:
        """Return the JSON that a request is answered with; nothing where the answer is empty."""
        response = self.ask(method, path, **how)
        return {} if response.status_code == httpx.codes.NO_CONTENT else self.parsed(response)

    def parsed(self, response: httpx.Response) -> Json:
        """Return an answer's JSON. Raises ``ServerFailed`` where there is none."""
        try:
            answer: Json = response.json()
        except (ValueError, RecursionError) as error:
            raise ServerFailed(f"what answers at {self.url} is no charloom: no JSON") from error
        if not isinstance(answer, dict):
            raise ServerFailed(f"what answers at {self.url} is no charloom: no JSON object")
        return answer

    def endure(self, ask: Callable[[], T]) -> T:
        """Return what ``ask`` returns, however long the server is busy or away, up to minutes:
        for who waits for a job that takes hours anyway."""
        for _ in range(self.retries.outages if self._answered else 0):
            with suppress(Busy, Unreachable):
                return ask()
        return ask()

    def ask(
        self,
        method: str,
        path: str,
        *,
        stream: bool = False,
        busy: Sequence[int] = BUSY,
        **how: Any,
    ) -> httpx.Response:
        """Return an answer that is no error; with ``stream`` its body is left to be read: close it.

        Connection errors are ridden out where the request may be repeated, the statuses of ``busy``
        always.
        """
        repeatable = method in IDEMPOTENT or KEY_HEADER in how.get("headers", {})
        for tries in count():
            try:
                response = self._send(method, path, stream, how)
            except httpx.TransportError as error:
                self._pause_or_raise(error, tries, repeatable)
                continue
            except httpx.DecodingError as error:
                raise ServerFailed(f"what answers at {self.url} cannot be read: {error}") from error
            pause = self._pause_after(response, tries) if response.status_code in busy else None
            if pause is None:
                return self._accepted(response)
            response.close()
            self.sleep(pause)
        raise AssertionError("unreachable")

    def _send(self, method: str, path: str, stream: bool, how: Json) -> httpx.Response:
        try:
            request = self._http.build_request(method, path, **how)
        except UnicodeEncodeError as error:
            # What a shell passes on need not be text.
            raise UserError(f"{error.object!r:.200} is not text: accepted is Unicode") from error
        response = self._http.send(request, stream=True)
        self._answered = True
        if not stream:
            response.read()
        return response

    def _pause_or_raise(self, error: httpx.TransportError, tries: int, repeatable: bool) -> None:
        # Where no connection was made nothing was sent either.
        repeatable = repeatable or isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
        retries = self.retries.most if self._answered else self.retries.unanswered
        if isinstance(error, httpx.UnsupportedProtocol) or not repeatable or tries >= retries:
            reason = str(error) or type(error).__name__
            raise Unreachable(f"no answer from {self.url}: {reason}") from error
        self.sleep(self.retries.pause(tries))

    def _pause_after(self, response: httpx.Response, tries: int) -> float | None:
        """Return how long to wait before a busy server is asked again, if it is to be asked."""
        if tries >= self.retries.most:
            return None
        # Never sooner than was asked for.
        pause = retry_after(response) + self.retries.pause(tries)
        return pause if pause <= self.retries.patience else None

    def _accepted(self, response: httpx.Response) -> httpx.Response:
        if response.is_success or response.status_code == 304:
            return response
        try:
            response.read()
        finally:
            response.close()
        raise refusal(response)


def retry_after(response: httpx.Response) -> float:
    """Return the seconds that an answer asks to wait, said as seconds or as a date; else 0."""
    wanted = response.headers.get("Retry-After", "")
    if wanted.isascii() and wanted.isdigit():
        return float(wanted)
    try:
        until = parsedate_to_datetime(wanted)
    except ValueError:
        return 0
    return max(0, until.timestamp() - time.time())


def checked_url(url: str) -> str:
    """Return an installation's address: without a slash, or the API's path, at its end.

    Raises ``UserError``.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        httpx.URL(url)
    except (ValueError, httpx.InvalidURL):
        usable = False
    if not usable:
        accepted = "http://HOST:PORT or https://HOST"
        raise UserError(f"{url!r} is no address of a server; accepted: {accepted}")
    return url.rstrip("/").removesuffix(API).rstrip("/")


def checked_token(token: str) -> str:
    """Return a token that a header can carry. Raises ``UserError``, which does not show it."""
    if not token or not token.isascii() or any(c.isspace() or not c.isprintable() for c in token):
        raise UserError("the token is malformed; accepted: visible ASCII characters, one line")
    return token


def refusal(response: httpx.Response) -> Refused | ServerFailed:
    """Return the error that an answer, problem details as a rule, tells of."""
    try:
        problem = response.json()
        problems = [_field_problem(item) for item in problem.get("errors", [])]
        text, code = sentence(problem["detail"], problems), str(problem["code"])
    except (ValueError, KeyError, TypeError, AttributeError):
        text, code, problems = f"the server answered {response.status_code}", "unknown", []
    if response.is_client_error:
        return Refused(text, response.status_code, code, problems)
    kind = Busy if response.status_code == httpx.codes.SERVICE_UNAVAILABLE else ServerFailed
    return kind(text)


def _field_problem(item: Json) -> FieldProblem:
    return FieldProblem(
        item["field"], item["message"], item.get("received"), item.get("accepted", "")
    )
