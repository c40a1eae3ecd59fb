"""Bodies that are large, odd or malformed, and what they hold."""

import gzip
import io
import json
import zipfile
from typing import Any

import pytest

from tests.support.hostile import Hostile, Target, refused_answer, tried, unharmed

# Refused before the database is asked.
pytestmark = pytest.mark.parametrize("filled_url", ["sqlite"], indirect=True, scope="module")

API = "/api/v1"
JSON = "application/json"
FORM = "multipart/form-data; boundary=B"
END = b"--B--\r\n"
TEXT = b"Call me Ishmael. Some years ago\n" * 4
MANY = {f"field{n}": n for n in range(10_000)}
# What stands for the ids of what there is.
CORPUS, CHECKPOINT = "CORPUS", "CHECKPOINT"
LARGE = b"a" * 1_500_000
NOBODY = "01980000-0000-7000-8000-000000000000"


def train(**fields: Any) -> bytes:
    """Return the body of a training job."""
    return json.dumps({"corpus_id": CORPUS, "preset": "tiny"} | fields).encode()


def write(**fields: Any) -> bytes:
    """Return the body of a generation job."""
    return json.dumps({"checkpoint_id": CHECKPOINT} | fields).encode()


def schedule(**fields: Any) -> bytes:
    """Return the body of a schedule."""
    plan = {"name": "S", "cron": "0 3 * * *", "corpus_id": CORPUS, "training": {"preset": "tiny"}}
    return json.dumps(plan | fields).encode()


def text(*, ascii_only: bool = True, **fields: Any) -> bytes:
    """Return the body of a corpus."""
    body = {"name": "N", "text": TEXT.decode()} | fields
    return json.dumps(body, ensure_ascii=ascii_only).encode()


def part(name: str, data: bytes, file: str | None = None, more: bytes = b"") -> bytes:
    """Return a part of a form."""
    named = f'; filename="{file}"' if file is not None else ""
    head = f'--B\r\nContent-Disposition: form-data; name="{name}"{named}\r\n'.encode()
    return head + more + b"\r\n" + data + b"\r\n"


def form(*parts: bytes) -> bytes:
    """Return a form."""
    return b"".join(parts) + END


def zipped(data: bytes) -> bytes:
    """Return a ZIP file with one text."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", data)
    return file.getvalue()


TRAIN, WRITE, CORPORA, PLANS = ("/training-jobs", "/generation-jobs", "/corpora", "/schedules")
WRONG, BAD = (422, "invalid_fields"), (400, "malformed_json")
Sent = tuple[str, bytes]
SPECS: dict[str, tuple[str, tuple[int, str], Sent]] = {
    "10,000 fields": ("a job with 10,000 fields", WRONG, (TRAIN, train(**MANY))),
    "a field twice": ("one name, two values", WRONG,
                      (TRAIN, b'{"corpus_id": "CORPUS", "epochs": 1, "epochs": 9}')),
    "NaN": ("a learning rate that is no number", WRONG, (TRAIN, train(learning_rate=float("nan")))),
    "minus infinity": ("a temperature below all", WRONG,
                       (WRITE, write(temperature=float("-inf")))),
    "4,000 digits": ("a seed of 4,000 digits", WRONG, (TRAIN, train(rng_seed=10**4000))),
    "100,000 digits": ("a number that takes seconds to read", BAD,
                       (TRAIN, b'{"rng_seed": ' + b"9" * 100_000 + b"}")),
    "a seed over 63 bits": ("a number that no column holds", WRONG, (TRAIN, train(rng_seed=2**63))),
    "a length without end": ("10^12 characters to write", WRONG, (WRITE, write(length=10**12))),
    "a model without end": ("a million units", WRONG, (TRAIN, train(units=10**6))),
    "UTF-16": ("JSON in UTF-16, past filters of bytes", WRONG,
               (TRAIN, json.dumps({"evil": 1}).encode("utf-16"))),
    "a list": ("100,000 numbers instead of fields", WRONG,
               (TRAIN, json.dumps([1] * 10**5).encode())),
    "a text": ("a text instead of fields", WRONG, (TRAIN, b'"corpus_id"')),
    "null": ("null instead of fields", WRONG, (TRAIN, b"null")),
    "an object for a number": ("`{}` as epochs", WRONG, (TRAIN, train(epochs={"$gt": 0}))),
    "a list for an id": ("an id in a list", WRONG, (TRAIN, train(corpus_id=[CORPUS]))),
    "10,000 stops": ("10,000 texts to stop at", WRONG, (WRITE, write(stop=["a"] * 10_000))),
    "stops that repeat": ("a million times one regular expression", WRONG,
                          (WRITE, write(stop=["(a+)+$" * 50_000]))),
    "10,000 temperatures": ("a job for 10,000 texts", WRONG,
                            (WRITE, write(temperature=[1] * 10**4))),
    "100,000 receivers": ("a job that tells 100,000", WRONG, (WRITE, write(notify=["x"] * 10**5))),
    "NUL in a prompt": ("what PostgreSQL cannot hold", WRONG, (WRITE, write(prompt="a\0b"))),
    "half a character": ("a lone surrogate in a prompt", WRONG, (WRITE, write(prompt="\ud800"))),
    "a long prompt": ("100,001 characters", WRONG, (WRITE, write(prompt="a" * 100_001))),
    "SQL for an id": ("`' OR 1=1 --` as corpus", WRONG, (TRAIN, train(corpus_id="' OR 1=1 --"))),
    "a checkpoint of nobody": ("an id that is guessed", WRONG,
                               (WRITE, write(checkpoint_id=NOBODY))),
    "a name on two lines": ("CR LF and a header in a job's name", WRONG,
                            (TRAIN, train(name="a\r\nSet-Cookie: session=x"))),
    "a name backwards": ("a name that turns the writing's direction", WRONG,
                         (TRAIN, train(name="cod\u202etxt.exe"))),
    "a name that is not seen": ("control characters alone", WRONG, (TRAIN, train(name="\x01\x1b"))),
    "a long name": ("a name of 100,000 characters", WRONG, (TRAIN, train(name="a" * 10**5))),
    "the zone of a path": ("`../../etc/passwd` as time zone", WRONG,
                           (PLANS, schedule(time_zone="../../etc/passwd"))),
    "the zone of a root": ("`/etc/passwd` as time zone", WRONG,
                           (PLANS, schedule(time_zone="/etc/passwd"))),
    "the zone of a folder": ("`Europe` as time zone", WRONG, (PLANS, schedule(time_zone="Europe"))),
    "a zone with NUL": ("NUL in a time zone", WRONG, (PLANS, schedule(time_zone="UTC\0"))),
    "a step of 0": ("`*/0 * * * *`", WRONG, (PLANS, schedule(cron="*/0 * * * *"))),
    "a day that never comes": ("the 31st of February", WRONG, (PLANS, schedule(cron="0 0 31 2 *"))),
    "a minute without end": ("`0-999999999 * * * *`", WRONG,
                             (PLANS, schedule(cron="0-999999999 * * * *"))),
    "200,000 minutes": ("a cron line of 400,000 characters", WRONG,
                        (PLANS, schedule(cron="1," * 200_000 + "1 * * * *"))),
    "a model's name that climbs": ("`../../a` as the model that a schedule keeps", WRONG,
                                   (PLANS, schedule(model="../../a"))),
    "a forged receipt": ("a receipt of fields that there are not", WRONG,
                         ("/receipts/verify", json.dumps({"receipt": MANY, "text": "a"}).encode())),
    "a score of too much": ("a text of 1,500,000 characters to score", (413, "too_large"),
                            ("/checkpoints/CHECKPOINT/score", b'{"text": "%b"}' % LARGE)),
    "10,000 fields of a corpus": ("a corpus with 10,000 fields", WRONG,
                                  (CORPORA, json.dumps({"name": "N"} | MANY).encode())),
    "marks in a row": ("200,000 combining marks in no order: putting them in it takes minutes",
                       WRONG, (CORPORA, text(text="a" + "\u0301\u0327" * 100_000, nfc=True,
                                      ascii_only=False))),
    "marks alone": ("a text of combining marks", WRONG,
                    (CORPORA, text(text="\u0301" * 1000, nfc=True, ascii_only=False))),
    "a corpus on two lines": ("CR LF and a header in a corpus' name", WRONG,
                              (CORPORA, text(name="a\r\nContent-Type: text/html"))),
    "compressed JSON": ("`Content-Encoding: gzip`", BAD, (CORPORA, gzip.compress(text()))),
}  # fmt: skip
JSONS = [Hostile(name, tries, *answer, sent) for name, (tries, answer, sent) in SPECS.items()]


def meant(data: bytes, target: Target) -> bytes:
    """Return a body that means what there is."""
    data = data.replace(CORPUS.encode(), target.full.corpus.encode())
    return data.replace(CHECKPOINT.encode(), target.full.checkpoint.encode())


@tried("JSON", *JSONS)
def test_json(case: Hostile, target: Target) -> None:
    """Specs, texts and schedules that are none."""
    path, data = case.attack
    with unharmed(target):
        answer = target.client.post(
            API + meant(path.encode(), target).decode(), content=meant(data, target),
            headers={"Content-Type": JSON},
        )  # fmt: skip
        refused_answer(case, answer, target)
    assert len(answer.content) < 100_000, "an answer is no larger than what it is worth"


NAME = part("name", b"N")
FORMS: dict[str, tuple[str, tuple[int, str], bytes]] = {
    "10,000 parts": ("a form of 10,000 parts", (413, "too_large"),
                     form(*(part(f"a{n}", b"") for n in range(10_000)))),
    "two files": ("the file twice", WRONG,
                  form(NAME, part("file", TEXT, "a"), part("file", TEXT, "b"))),
    "two names": ("the name twice", WRONG, form(NAME, NAME, part("file", TEXT, "a"))),
    "another file": ("a file in a field of text", WRONG,
                     form(part("name", TEXT, "a"), part("file", TEXT, "a"))),
    "a head without end": ("a part whose head has 900,000 bytes", WRONG,
                           form(part("name", b"N", more=b"X: " + b"a" * 900_000 + b"\r\n"))),
    "150,000 heads": ("a part with 150,000 headers", WRONG,
                      form(part("name", b"N", more=b"X: a\r\n" * 150_000))),
    "ends of lines": ("450,000 of them before the form", WRONG, b"\r\n" * 450_000 + END),
    "beginnings": ("180,000 times how a part begins", WRONG, b"--B\r\n" * 180_000),
    "almost ends": ("240,000 times almost how a part ends", (422, "not_text"),
                    form(NAME, part("file", b"\r\n--\xff" * 180_000, "a"))),
    "a field of a file's size": ("a name of 900,000 bytes", WRONG,
                                 form(part("name", b"N" * 900_000))),
    "bytes for a name": ("a name that is no UTF-8", WRONG, form(part("name", b"\xff\xfe"))),
    "a zip": ("100 MB in 100 kB", (422, "not_text"),
              form(NAME, part("file", zipped(bytes(10**8)), "a.txt"))),
    "a zip in a zip": ("gigabytes in kilobytes", (422, "not_text"),
                       form(NAME, part("file", zipped(zipped(bytes(10**8))), "a.zip"))),
    "gzip": ("a compressed text", (422, "not_text"),
             form(NAME, part("file", gzip.compress(TEXT * 100), "a.gz"))),
    "a program": ("an executable file", (422, "not_text"),
                  form(NAME, part("file", b"\x7fELF\x02" + bytes(range(256)) * 9, "a.txt"))),
    "a pickle": ("a pickle as text", (422, "not_text"),
                 form(NAME, part("file", b"\x80\x04\x95cos\nsystem\n(\x8c\x02id\xff" * 9, "a"))),
    "no text": ("an empty file", (422, "empty_corpus"), form(NAME, part("file", b"", "a"))),
    "NUL alone": ("a text that is nothing after cleaning", (422, "empty_corpus"),
                  form(NAME, part("file", bytes(1000), "a"))),
}  # fmt: skip


@tried(
    "Forms", *(Hostile(name, tries, *answer, sent) for name, (tries, answer, sent) in FORMS.items())
)
def test_forms(case: Hostile, target: Target) -> None:
    """Uploads that are none."""
    with unharmed(target):
        answer = target.client.post(
            f"{API}/corpora", content=case.attack, headers={"Content-Type": FORM}
        )
        refused_answer(case, answer, target)
