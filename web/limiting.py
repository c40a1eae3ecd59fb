"""How many requests a caller may make in a minute, and how many attempts to sign in."""

import hashlib
import math
import time

from apiflask import APIFlask
from flask import current_app, g, request
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter, RateLimitExceeded, RequestLimit
from limits import RateLimitItem, parse

from shared.errors import TooManyRequests, UserError
from shared.said import said
from shared.settings import Settings
from web.access import asker
from web.callers import caller
from web.context import services
from web.counting import SCHEME
from web.errors import refuse
from web.principals import Principal

# By account and address; and by address, whatever the account.
SIGN_IN, SIGN_IN_OF_ADDRESS = parse("10/minute"), parse("50/minute")
# By account, wherever from: many addresses guess no faster for long. A link works meanwhile.
SIGN_IN_OF_ACCOUNT = parse("200/hour")
# What watches the service asks often, and may not be refused.
UNCOUNTED = {"health", "metrics"}
NAME = "charloom-limiter"


def limit_requests(app: APIFlask, settings: Settings) -> None:
    """Count every request but those of static files and of who watches the service.

    Set up before whatever else looks at a request, so that a refused one costs nothing more.
    """
    limiter = Limiter(
        _caller,
        application_limits=[f"{settings.requests_per_minute or 1}/minute"],
        storage_uri=f"{SCHEME}://",
        storage_options={"address": settings.redis_url},
        on_breach=_remember,
        # A path that there is not is a request, too.
        request_identifier=lambda: request.endpoint or "nothing",
    )
    limiter.request_filter(_is_uncounted)
    # Its own logger would write a line for each refusal.
    limiter.logger.disabled = True
    limiter.init_app(app)
    app.extensions[NAME] = limiter
    app.register_error_handler(RateLimitExceeded, _refused)


def count_sign_in(account: str) -> None:
    """Count an attempt to sign in as ``account``, whether there is one or not.

    Raises ``TooManyRequests`` where there were too many in a minute.
    """
    address = caller()
    _count(SIGN_IN, "sign-in", _digest(account.strip().casefold()), address)
    _count(SIGN_IN_OF_ADDRESS, "sign-in", address)
    _count(SIGN_IN_OF_ACCOUNT, "sign-in", _digest(account.strip().casefold()))


def _count(limit: RateLimitItem, *key: str) -> None:
    strategy = current_app.extensions[NAME].limiter
    if not strategy.hit(limit, *key):
        seconds = _left(strategy.get_window_stats(limit, *key).reset_time)
        message = said(
            "more than {most} attempts to sign in within a minute; come again in {seconds} s",
            most=limit.amount,
            seconds=seconds,
        )
        raise TooManyRequests(message, seconds)


def _caller() -> str:
    """Return who asks: a user, whichever token is used, or else an address.

    A token that is not valid says nothing of its sender.
    """
    found = known_asker()
    return f"user:{found.user_id}" if found else f"address:{caller()}"


def known_asker() -> Principal | None:
    """Return who asks, or None, also where the gate will refuse them."""
    try:
        return asker()
    except UserError:
        return None


def _is_uncounted() -> bool:
    """Tell whether a request is not counted: also those with the installation's own token."""
    if request.blueprint in UNCOUNTED or not services().settings.requests_per_minute:
        return True
    found = known_asker()
    return found is not None and found.user_id is None


def _remember(limit: RequestLimit) -> None:
    g.too_many = _too_many(limit.limit.amount, limit.reset_at)


def _refused(_error: RateLimitExceeded) -> ResponseReturnValue:
    error: TooManyRequests = g.too_many
    return refuse(error)


def _too_many(most: int, reset_at: float) -> TooManyRequests:
    seconds = _left(reset_at)
    message = said(
        "more than the {most} requests that are answered in a minute; come again in {seconds} s",
        most=f"{most:,}",
        seconds=seconds,
    )
    return TooManyRequests(message, seconds)


def _left(reset_at: float) -> int:
    # Redis tells the time that is left in whole seconds.
    return min(60, max(1, math.ceil(reset_at - time.time())))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
