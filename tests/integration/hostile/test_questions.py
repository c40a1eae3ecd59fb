"""Addresses, headers and cookies that ask for more than there is, or for what is not theirs."""

from tests.support.hostile import Hostile, Target, refused_answer, tried, unharmed

WRONG, NONE = (422, "invalid_fields"), (404, "not_found")
LIKE_ANY = "like any other"
JOB, FILE = "/api/v1/jobs/{job}", "/api/v1/checkpoints/{checkpoint}/model.keras"
LISTEN = "/api/v1/jobs/{job}/events"
PATHS: dict[str, tuple[str, tuple[int, str | None], str]] = {
    "a limit without end": ("a limit of 30 digits", WRONG, "/api/v1/jobs?limit=" + "9" * 30),
    "a limit below 0": ("`limit=-1`", WRONG, "/api/v1/jobs?limit=-1"),
    "a limit of other digits": ("Arabic digits, which `int` takes", WRONG, "/api/v1/jobs?limit=٣"),
    "a limit with an exponent": ("`limit=1e2`", WRONG, "/api/v1/jobs?limit=1e2"),
    "a limit twice": ("`limit=1&limit=1000`", WRONG, "/api/v1/jobs?limit=1&limit=1000"),
    "3,000 parameters": ("parameters that there are not", WRONG, "/api/v1/jobs?" + "a&" * 3000),
    "SQL behind a page": ("`after=' OR 1=1 --`", WRONG, "/api/v1/jobs?after=' OR 1=1 --"),
    "SQL that drops": ("`after='; DROP TABLE jobs; --`", WRONG,
                       "/api/v1/corpora?after='; DROP TABLE jobs; --"),
    "a status of SQL": ("a filter with a quote", WRONG, "/api/v1/jobs?status=queued' --"),
    "101 ids": ("more ids than are looked for at once", WRONG,
                "/api/v1/jobs?ids=" + ",".join(["{job}"] * 101)),
    "events behind all": ("`after` over 31 bits", WRONG, LISTEN + "?after=99999999999"),
    "an id in braces": ("another spelling of an id", NONE, "/api/v1/jobs/{{{job}}}"),
    "an id without hyphens": ("another spelling of an id", NONE, "/api/v1/jobs/{plain}"),
    "an id in capitals": ("another spelling of an id", NONE, "/api/v1/jobs/{upper}"),
    "an id as a URN": ("another spelling of an id", NONE, "/api/v1/jobs/urn:uuid:{job}"),
    "an id with a line's end": ("`%0A` behind an id", NONE, JOB + "%0A"),
    "an id that climbs": ("`..%2f..%2fetc%2fpasswd` as a checkpoint", NONE,
                          "/api/v1/checkpoints/..%2f..%2f..%2fetc%2fpasswd/model.keras"),
    "a model that climbs": ("`..%2f` as a model's name", NONE, "/api/v1/models/..%2f..%2fetc"),
    "a static file that climbs": ("`..%2f` behind /static", (404, None),
                                  "/static/..%2f..%2f..%2f..%2fetc/passwd"),
    "a static file that climbs twice": ("`....//` behind /static", (404, None),
                                        "/static/....%2f%2f....%2f%2fetc/passwd"),
    "a static file by a drive": ("`C:%5c`", (404, None), "/static/C:%5cWindows%5cwin.ini"),
    "a static file of Windows": ("`..%5c`, and a device's name", (404, None),
                                 "/static/..%5c..%5cCON"),
    "a static file with NUL": ("`%00` in a file's name", (404, None), "/static/desk.js%00.css"),
    "a template": ("the source of a page", (404, None), "/static/../templates/error.html"),
    "a token in the address": ("the token as a parameter, for logs", WRONG,
                               "/api/v1/jobs?token=secret"),
}  # fmt: skip


@tried(
    "Addresses of pages and answers",
    *(Hostile(name, tries, *answer, path) for name, (tries, answer, path) in PATHS.items()),
)
def test_addresses(case: Hostile, target: Target) -> None:
    """Nothing is found by another spelling, and nothing outside."""
    with unharmed(target):
        refused_answer(case, target.client.get(filled(case.attack, target)), target)


def filled(path: str, target: Target) -> str:
    """Return an address that means what there is."""
    job = target.full.jobs["trained"]
    return path.format(
        job=job, plain=job.replace("-", ""), upper=job.upper(), checkpoint=target.full.checkpoint
    )


OK, NO_TOKEN = (200, None), (401, "unauthorized")
FORWARDED = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https",
             "X-Forwarded-Prefix": "/evil", "Forwarded": "host=evil.example"}  # fmt: skip
MANY = range(800)
HEADERS: dict[str, tuple[str, tuple[int, str | None], str, dict[str, str | bytes]]] = {
    "a forwarded host": ("`X-Forwarded-Host`, for links that lead there", OK,
                         "/api/v1/jobs?limit=1",
                         {**FORWARDED}),
    "a long token": ("a token of 8,000 bytes", NO_TOKEN, JOB,
                     {"Authorization": "Bearer " + "a" * 8000}),
    "no token": ("an empty one", NO_TOKEN, JOB, {"Authorization": "Bearer"}),
    "another scheme": ("the token as a password", NO_TOKEN, JOB,
                       {"Authorization": "Basic d2ViLXRva2Vu"}),
    "a token of another script": ("a token of letters that are not ASCII", NO_TOKEN, JOB,
                                  {"Authorization": "Bearer ü".encode()}),
    "1,000 validators": ("a long `If-None-Match`", OK, JOB,
                         {"If-None-Match": ",".join(f'"{n}"' for n in MANY)}),
    "8,000 quotes": ("`If-None-Match` that is hard to read", OK, JOB,
                     {"If-None-Match": '"' * 8000}),
    "an event below 0": ("`Last-Event-ID: -1`", WRONG, LISTEN,
                         {"Last-Event-ID": "-1", "Accept": "text/event-stream"}),
    "an event without end": ("`Last-Event-ID` of 7,000 digits", WRONG, LISTEN,
                             {"Last-Event-ID": "9" * 7000, "Accept": "text/event-stream"}),
    "an event of SQL": ("a quote in `Last-Event-ID`", WRONG, LISTEN,
                        {"Last-Event-ID": "1' --", "Accept": "text/event-stream"}),
    "800 ranges": ("one byte each, 800 times", OK, FILE,
                   {"Range": "bytes=" + ",".join(f"{n}-{n}" for n in MANY)}),
    "1,500 times all": ("the whole file, 1,500 times", OK, FILE,
                        {"Range": "bytes=" + "0-," * 1500 + "0-"}),
    "a range behind the end": ("a range of 20 digits", (416, "range_not_satisfiable"), FILE,
                               {"Range": "bytes=" + "9" * 20 + "-"}),
    "a range of 5,000 digits": ("a number that takes long to read", OK, FILE,
                                {"Range": "bytes=" + "9" * 5000 + "-"}),
    "700 languages": ("a long `Accept-Language`", OK, "/sign-in",
                      {"Accept-Language": ",".join(f"x{n};q=0.{n % 9}" for n in MANY)[:8000]}),
    "a weight of 7,000 digits": ("`zh;q=999…`", OK, "/sign-in",
                         {"Accept-Language": "zh;q=" + "9" * 7000}),
    "a weight that is none": ("`zh;q=nan`", OK, "/sign-in",
                         {"Accept-Language": "zh;q=nan,en;q=-1"}),
    "900 media types": ("a long `Accept`", OK, "/sign-in",
                         {"Accept": ",".join(f"a/b{n}" for n in MANY)}),
    "900 codings": ("a long `Accept-Encoding`", OK, "/sign-in",
                    {"Accept-Encoding": ",".join(f"x{n}" for n in MANY)}),
    "a forged session": ("a cookie signed with another key", OK, "/sign-in",
                         {"Cookie": "session=eyJhZG1pbiI6dHJ1ZX0.aaaaaa.bbbbbbbbbbbbbbbbb"}),
    "a compressed session": ("a cookie that would become large", OK, "/sign-in",
                             {"Cookie": "session=.eJyrVkrJLC7ISaxUslIqLU4tAgA.aaaaaa.bbbbbbbbbbb"}),
    "a session of bytes": ("a cookie that is no text", OK, "/sign-in",
                           {"Cookie": b"session=\xff\xfe; language=\xff"}),
    "a session of 8,000 bytes": ("a long cookie", OK, "/sign-in",
                         {"Cookie": "session=" + "a" * 8000}),
    "1,000 cookies": ("many of them", OK, "/sign-in",
                         {"Cookie": ";".join(f"a{n}=1" for n in MANY)}),
    "a language that climbs": ("`../../etc` as the language that was chosen", OK, "/sign-in",
                               {"Cookie": "language=../../../etc/passwd; appearance=\"><script>"}),
}  # fmt: skip


@tried(
    "Headers and cookies",
    *(
        Hostile(name, tries, *answer, (path, sent), LIKE_ANY if answer == OK else "")
        for name, (tries, answer, path, sent) in HEADERS.items()
    ),
)
def test_headers(case: Hostile, target: Target) -> None:
    """What is too long or no text is passed over, or refused."""
    path, sent = case.attack
    with unharmed(target):
        answer = target.client.get(filled(path, target), headers=sent)
        refused_answer(case, answer, target)
    assert "evil.example" not in answer.text
    assert "<script>alert" not in answer.text or "json" in answer.headers["Content-Type"]
    assert len(answer.content) < 100_000


KEYS: dict[str, bytes] = {"bytes": "ü".encode(), "nothing": b"", "7,000 letters": b"a" * 7000}


@tried(
    "Headers and cookies",
    *(
        Hostile(f"a key of {name}", "an `Idempotency-Key` that is none", *WRONG, key)
        for name, key in KEYS.items()
    ),
)
def test_keys(case: Hostile, target: Target) -> None:
    """A key is text of a length that a column holds."""
    body = {"corpus_id": target.full.corpus, "preset": "tiny"}
    with unharmed(target):
        answer = target.client.post(
            "/api/v1/training-jobs", json=body, headers={"Idempotency-Key": case.attack}
        )
        refused_answer(case, answer, target)


@tried(
    "Headers and cookies",
    Hostile("a method by header", "`X-HTTP-Method-Override: DELETE`", 405, "method_not_allowed",
            {"headers": {"X-HTTP-Method-Override": "DELETE"}}),
    Hostile("a method by form", "`_method=DELETE`", 405, "method_not_allowed",
            {"data": {"_method": "DELETE"}}),
)  # fmt: skip
def test_methods(case: Hostile, target: Target) -> None:
    """A method is what the request's first line says."""
    with unharmed(target):
        answer = target.client.post(filled(JOB, target), **case.attack)
        refused_answer(case, answer, target)


@tried(
    "Pages",
    Hostile("a form of nobody", "a form without its token", 400, None, {"data": {"name": "N"}}),
    Hostile("a form of a stranger", "a token that was made up", 400, None,
            {"data": {"csrf_token": "IjEi.aaaaaa.bbbbbb"}, "headers": {"Origin": "http://evil.example"}}),
    Hostile("a form of millions of fields", "a form of 300,000 fields, over its limit", 413, None,
            {"data": {f"field{n}": "1" for n in range(300_000)}}),
    Hostile("a form as JSON", "JSON, which a form of another site may send as text", 400, None,
            {"content": b'{"name": "N"}', "headers": {"Content-Type": "text/plain"}}),
)  # fmt: skip
def test_pages(case: Hostile, target: Target) -> None:
    """A page takes its own forms alone."""
    with unharmed(target):
        refused_answer(case, target.client.post("/sign-in", **case.attack), target)
