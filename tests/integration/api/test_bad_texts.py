"""Texts that are refused, each with the answer that the design documents."""

import io
from typing import Any

import pytest

from shared.db import Database
from tests.integration.api.client import TOKEN, Api, field_error, ids, problem
from tests.integration.api.conftest import MakeApi
from tests.support.factories import make_corpus

TEXT = "Call me Ishmael. Some years ago\n"


def test_bytes_that_are_no_text(api: Api) -> None:
    """422 naming the first bad byte's offset; nothing is stored."""
    answer = api.upload("/corpora", b"good\xff\xfe\x00\x01bad" * 20, name="B")
    error = field_error(answer, "file", "not_text")
    assert "byte 4" in error["message"]
    assert error["received"] == "0xff"
    assert ids(api.get("/corpora")) == []


@pytest.mark.parametrize(("text", "code"), [("", "empty_corpus"), ("ab", "corpus_too_short")])
def test_too_little_text(api: Api, text: str, code: str) -> None:
    """Empty and too short are told apart, beside the field that the text came in."""
    assert field_error(api.post("/corpora", {"name": "E", "text": text}), "text", code)
    error = field_error(api.upload("/corpora", text.encode(), name="E"), "file", code)
    assert error["received"] == len(text)
    assert "at least" in error["accepted"]


def test_a_large_upload_is_refused_by_its_length(make_api: MakeApi) -> None:
    """413 naming the limit, without a single byte read."""
    body = io.BytesIO(b"x" * 5000)
    api = make_api(max_upload_bytes=1000)
    answer = api.client.post(
        "/api/v1/corpora",
        headers={"Authorization": f"Bearer {TOKEN}"},
        content_type="multipart/form-data; boundary=b",
        environ_overrides={"wsgi.input": body, "CONTENT_LENGTH": "5000"},
    )
    assert "1,000 bytes" in problem(answer, 413, "too_large")["detail"]
    assert body.tell() == 0


def test_a_large_upload_without_a_length_is_cut_off(make_api: MakeApi) -> None:
    """A chunked body is read to the limit and no further."""
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    body = io.BytesIO(head + b"x" * 1_000_000)
    api = make_api(max_upload_bytes=1000)
    answer = api.client.post(
        "/api/v1/corpora",
        headers={"Authorization": f"Bearer {TOKEN}", "Transfer-Encoding": "chunked"},
        content_type="multipart/form-data; boundary=b",
        environ_overrides={"wsgi.input": body, "wsgi.input_terminated": True},
    )
    problem(answer, 413, "too_large")
    assert body.tell() < 100_000


def test_a_large_paste_is_refused(make_api: MakeApi) -> None:
    """JSON has the same limit."""
    answer = make_api(max_upload_bytes=1000).post("/corpora", {"name": "L", "text": "x" * 2000})
    assert "1,000 bytes" in problem(answer, 413, "too_large")["detail"]


BAD_BODIES: list[tuple[dict[str, Any], str]] = [
    ({"text": TEXT}, "name"),
    ({"name": "", "text": TEXT}, "name"),
    ({"name": " ", "text": TEXT}, "name"),
    ({"name": "a\nb", "text": TEXT}, "name"),
    ({"name": "x" * 201, "text": TEXT}, "name"),
    ({"name": "N"}, "text"),
    ({"name": "N", "text": TEXT, "builtin": "python-reference"}, "text"),
    ({"name": "N", "text": 5}, "text"),
    ({"name": "N", "builtin": "bible"}, "builtin"),
    ({"name": "N", "text": TEXT, "lowercase": "true"}, "lowercase"),
    ({"name": "N", "text": TEXT, "nfc": 1}, "nfc"),
    ({"name": "N", "url": ""}, "url"),
    ({"name": "N", "url": "http://x/" + "a" * 2000}, "url"),
    ({"name": "N", "url": 5}, "url"),
    ({"name": "N", "url": "http://x/", "builtin": "python-reference"}, "text"),
]


def test_a_body_with_a_bad_field(api: Api) -> None:
    """Missing, unknown, doubled and wrongly typed fields are 422 naming the field."""
    for body, field in BAD_BODIES:
        field_error(api.post("/corpora", body), field)


@pytest.mark.parametrize("url", ["http://127.0.0.1/a.txt", "http://[::1]/", "file:///etc/passwd"])
def test_an_address_that_is_not_asked(api: Api, url: str) -> None:
    """422 with the reason, beside the field; nothing is stored."""
    found = problem(api.post("/corpora", {"name": "N", "url": url}), 422, "address_refused")
    (error,) = found["errors"]
    assert error["field"] == "url"
    assert "only public" in error["message"] or "http://" in error["message"]
    assert api.get("/corpora").get_json()["data"] == []


def test_a_text_with_a_lone_surrogate(api: Api) -> None:
    """JSON can write half a character; a text cannot hold it."""
    answer = api.post_raw("/corpora", b'{"name": "S", "text": "good \\ud800 bad"}')
    field_error(answer, "text")


def test_nul_in_a_text_is_cleaned_away(api: Api) -> None:
    """NUL is no reason to refuse a text: the report says how many went."""
    answer = api.post("/corpora", {"name": "Z", "text": "a\x00" + TEXT})
    assert answer.get_json()["latest_version"]["report"]["nul_removed"] == 1


BAD_FORMS = [
    ({}, "name"),
    ({"name": "N", "lowercase": "maybe"}, "lowercase"),
    ({"name": "N", "text": TEXT}, "text"),
    ({"name": "N", "colour": "red"}, "colour"),
]


@pytest.mark.parametrize(("fields", "field"), BAD_FORMS)
def test_a_form_with_a_bad_field(api: Api, fields: dict[str, str], field: str) -> None:
    """Forms are as strict as JSON."""
    field_error(api.upload("/corpora", TEXT.encode(), **fields), field)


def test_a_form_without_its_file(api: Api) -> None:
    """A form that carries no file names the missing part."""
    answer = api.client.post(
        "/api/v1/corpora",
        headers={"Authorization": f"Bearer {TOKEN}"},
        data={"name": "N"},
        content_type="multipart/form-data",
    )
    field_error(answer, "file")


def test_a_file_under_another_name(api: Api) -> None:
    """A second file in the form is an unknown field."""
    answer = api.client.post(
        "/api/v1/corpora",
        headers={"Authorization": f"Bearer {TOKEN}"},
        data={
            "name": "N",
            "file": (io.BytesIO(TEXT.encode()), "a.txt"),
            "other": (io.BytesIO(b"x"), "b.txt"),
        },
        content_type="multipart/form-data",
    )
    field_error(answer, "other")


def test_neither_form_nor_json(api: Api) -> None:
    """415 says what is taken."""
    answer = api.post_raw("/corpora", TEXT.encode(), "text/plain")
    assert "application/json" in problem(answer, 415, "unsupported_media_type")["detail"]


def test_a_version_has_no_name(api: Api, db: Database) -> None:
    """The name belongs to the corpus."""
    corpus = make_corpus(db)
    body = {"name": "again", "text": TEXT}
    field_error(api.post(f"/corpora/{corpus.id}/versions", body), "name")


def test_a_version_of_an_unknown_corpus(api: Api) -> None:
    """An unknown id in the path is a 404, whatever the body is."""
    problem(api.post("/corpora/nothing/versions", {"text": TEXT}), 404, "not_found")
