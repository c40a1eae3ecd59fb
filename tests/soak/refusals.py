"""What must be refused, each with the status that it is documented to have."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from shared.accounts.rights import Role
from shared.ids import new_id
from tests.soak.caller import Caller

HEAVY = 10_000_000


@dataclass(frozen=True)
class Refusal:
    """A request of the API, and the only statuses that answer it."""

    method: str
    path: str
    status: int
    more: dict[str, Any] = field(default_factory=dict)


def _json(path: str, body: Any, status: int = 422) -> Refusal:
    return Refusal("POST", path, status, {"json": body})


def wrong_tokens(caller: Caller) -> list[Refusal]:
    """Who is not let in."""
    return [
        Refusal("GET", "/jobs", 401, {"token": ""}),
        Refusal("GET", "/jobs", 401, {"token": "charloom_" + "x" * 43}),
        Refusal("POST", "/training-jobs", 401, {"token": caller.club.revoked, "json": {}}),
        Refusal("GET", "/no/such/place", 401, {"token": "no"}),
        Refusal("GET", "/jobs", 404, {"headers": {"Charloom-Team": "no such team"}}),
    ]


def of_others(caller: Caller) -> list[Refusal]:
    """What another team has is not there."""
    other = caller.town.other(caller.person, caller.rng)
    score = {"text": "whose is it"}
    train = {"corpus_id": other.corpus, "preset": "tiny"}
    founder = f"/jobs/{other.founder}"
    # Whether one may submit is told first.
    viewer = caller.person.role == Role.VIEWER
    hidden = 403 if viewer else 404
    return [
        Refusal("GET", founder, 404),
        Refusal("GET", f"{founder}/events", 404),
        Refusal("GET", f"{founder}/samples.txt", 404),
        Refusal("POST", f"{founder}/cancel", hidden),
        Refusal("DELETE", founder, hidden),
        Refusal("GET", f"/corpora/{other.corpus}/text", 404),
        Refusal("DELETE", f"/corpora/{other.corpus}", hidden),
        Refusal("GET", f"/checkpoints/{other.checkpoint}/model.keras", 404),
        _json(f"/checkpoints/{other.checkpoint}/score", score, hidden),
        _json("/training-jobs", train, 403 if viewer else 422),
        Refusal("GET", f"/jobs/{new_id()}", 404),
        Refusal("GET", "/jobs/0' OR 1=1", 404),
    ]


def beyond_rights(caller: Caller) -> list[Refusal]:
    """What a role, or whose it is, does not allow."""
    club, role = caller.club, caller.person.role
    refused = [Refusal("GET", "/metrics", 403)]
    if role == Role.VIEWER:
        refused += [
            _json("/training-jobs", {"corpus_id": club.corpus}, 403),
            _json("/corpora", {"name": "mine", "text": "no"}, 403),
            Refusal("DELETE", f"/corpora/{club.corpus}", 403),
        ]
    if role != Role.MANAGER:
        refused += [
            Refusal("POST", f"/jobs/{club.founder}/cancel", 403),
            Refusal("DELETE", f"/jobs/{club.founder}", 403),
            _json("/receivers", {"name": "mine", "url": "https://example.org"}, 403),
        ]
    return refused


def bad_input(caller: Caller) -> list[Refusal]:
    """What cannot be meant so."""
    corpus, checkpoint = caller.club.corpus, caller.club.checkpoint
    train = {"corpus_id": corpus, "preset": "tiny"}
    write = {"checkpoint_id": checkpoint}
    raw = {"headers": {"Content-Type": "application/json"}}
    return [
        _json("/training-jobs", train | {"epochs": "5"}),
        _json("/training-jobs", train | {"epochs": 0}),
        _json("/training-jobs", train | {"no_such_field": 1}),
        _json("/training-jobs", train | {f"field{n}": n for n in range(2000)}),
        _json("/training-jobs", train | {"window": 1000, "validation_fraction": 0.001}),
        _json("/training-jobs", [1, 2, 3]),
        _json("/generation-jobs", write | {"length": 10_000_001}),
        _json("/generation-jobs", write | {"count": 101}),
        _json("/generation-jobs", write | {"length": HEAVY, "count": 100}),
        _json("/generation-jobs", write | {"prompt": "好"}),
        _json("/corpora", {"name": "n" * 300, "text": "a text"}),
        _json("/corpora", {"name": "empty", "text": ""}),
        _json("/corpora", {"name": "inside", "url": "http://127.0.0.1:1/text.txt"}),
        Refusal("POST", "/corpora", 422, _file(bytes(range(256)) * 4)),
        Refusal("POST", "/corpora", 415, {"content": b"text", "headers": {"Content-Type": "x/y"}}),
        Refusal("POST", "/training-jobs", 400, {"content": b'{"corpus_id": ', **raw}),
        Refusal("POST", "/training-jobs", 400, {"content": b"\xff\xfe{", **raw}),
        Refusal("PUT", "/jobs", 405),
        Refusal("GET", "/jobs?limit=0", 422),
        Refusal("GET", f"/corpora/{corpus}/text", 416, {"headers": {"Range": "bytes=99999999-"}}),
        Refusal("GET", "/jobs", 400, {"headers": {"Host": "evil.example"}}),
    ]


def _file(content: bytes) -> dict[str, Any]:
    return {"data": {"name": "noise"}, "files": {"file": ("noise.bin", content)}}


TABLES: tuple[Callable[[Caller], list[Refusal]], ...] = (
    wrong_tokens, of_others, beyond_rights, bad_input,
)  # fmt: skip


async def be_refused(caller: Caller) -> None:
    """Ask for a few things that are refused."""
    for _ in range(caller.rng.randint(1, 3)):
        table = caller.rng.choice(TABLES)
        refusal = caller.rng.choice(table(caller))
        if table is bad_input and caller.person.role == Role.VIEWER and refusal.method == "POST":
            continue
        await caller.api("refused", refusal.method, refusal.path, {refusal.status}, **refusal.more)


async def break_off(caller: Caller) -> None:
    """Send half a request, or what is hardly one; go before it could be answered."""
    host = b"Host: 127.0.0.1\r\n"
    token = f"Authorization: Bearer {caller.person.token}\r\n".encode()
    post = b"POST /api/v1/corpora HTTP/1.1\r\n" + host + token
    kinds: list[tuple[bytes, set[int | None]]] = [
        (post + b"Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n{", {None}),
        (post[: caller.rng.randint(1, len(post) - 2)], {None}),
        (b"GET /api/v1/jobs HTTP/1.1\r\n" + host + b"X: " + b"y" * 9000 + b"\r\n\r\n", {431}),
        (b"GET /" + b"z" * 9000 + b" HTTP/1.1\r\n\r\n", {414}),
        (caller.rng.randbytes(40).replace(b"\n", b" ") + b"\r\n\r\n", {400, None}),
        (post + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n{" % HEAVY, {413}),
    ]
    sent, expected = caller.rng.choice(kinds)
    status = await caller.raw("half request", sent, wait=0.3 if expected == {None} else 10)
    if status not in expected and not (status == 403 and caller.person.role == Role.VIEWER):
        caller.tally.complain(f"half request {sent[:200]!r}: {status}, not one of {expected}")
