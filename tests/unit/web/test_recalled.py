"""What lower layers said, also long ago, is put into the language of the page."""

from collections.abc import Iterator
from pathlib import Path
from time import process_time

import pytest
from flask import Flask
from flask_babel import Babel
from pydantic import BaseModel, Field, ValidationError

import web
from shared.errors import NotFound
from shared.problems import invalid
from shared.said import said
from shared.specs import TrainingSpec
from web.recalled import translated

WEB = Path(web.__file__).parent


@pytest.fixture(params=["zh", "en"])
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    """A page in Chinese, and one in English."""
    app = Flask("web", root_path=str(WEB))
    Babel(app, default_locale=request.param)
    with app.test_request_context():
        yield request.param


STORED = [
    ("its job was deleted", "它的任务已删除"),
    ("There is no such thing.", "没有这样的内容。"),
    ("no job has the id 17", "没有 ID 为 17 的任务"),
    ("kept: the first one: 2.125 bits a character", "未采用：首个检查点：每字符 2.125 比特"),
    (
        "cannot pause a job that is failed; pause accepts: queued, running",
        "任务当前状态为“失败”，不能暂停；可以暂停的状态：排队中，运行中",
    ),
    (
        "the text has 50 characters; this spec needs 220; "
        "corpus_id: the text has 50 characters; this spec needs 220",
        "文本只有50个字符；当前设置需要220个；"
        "corpus_id：文本只有50个字符；当前设置需要220个",
    ),
    ("a whole number, at least 1, at most 4", "一个整数，至少 1，至多 4"),
    ("no template says this: 5", "no template says this: 5"),
    ("", ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "chinese"), STORED)
def test_stored_text(language: str, text: str, chinese: str) -> None:
    """Text is matched with the message that it was made of; any other stays as it is."""
    assert translated(text) == (chinese if language == "zh" else text)


@pytest.mark.parametrize("passed_on", [lambda e: e.args[0], str])
def test_errors(language: str, passed_on: type[str]) -> None:
    """A message is known by its template, and, where only its text was kept, by that."""
    error = NotFound(said("no model has the name {name}", name="'Text'"))
    chinese = "没有名为 'Text' 的模型"
    assert str(error) == "no model has the name 'Text'"
    assert translated(passed_on(error)) == (chinese if language == "zh" else str(error))


def test_names_in_messages_stay(language: str) -> None:
    """A value that a user wrote is not translated, whatever it is."""
    assert "'Text'" in translated("no model has the name 'Text'")


class Wide(BaseModel):
    """A field of each kind whose refusals people meet."""

    number: float = Field(1.0, gt=0, lt=5)
    text: str = Field("a", min_length=2, max_length=3)
    several: list[str] = Field(default=[], max_length=1)


REFUSED: list[tuple[type[BaseModel], dict[str, object]]] = [
    (TrainingSpec, {"units": 0}),
    (TrainingSpec, {"units": 5000}),
    (TrainingSpec, {"units": "many"}),
    (TrainingSpec, {"dropout": -0.5}),
    (TrainingSpec, {"learning_rate": 0}),
    (TrainingSpec, {"learning_rate": float("nan")}),
    (TrainingSpec, {"cell": "rnn"}),
    (TrainingSpec, {"unit": 3}),
    (TrainingSpec, {"max_windows": 0}),
    (Wide, {"number": 5}),
    (Wide, {"text": "a"}),
    (Wide, {"text": "abcd"}),
    (Wide, {"text": 1}),
    (Wide, {"several": ["a", "b"]}),
]


@pytest.mark.parametrize(("model", "given"), REFUSED)
def test_refusals_of_fields(
    language: str, model: type[BaseModel], given: dict[str, object]
) -> None:
    """What pydantic says of a field, and what the field accepts, is in the catalogue."""
    with pytest.raises(ValidationError) as caught:
        model.model_validate(given)
    (problem,) = invalid(caught.value, model).problems
    for text in (problem.message, problem.accepted):
        told = translated(text)
        assert told == text if language == "en" else not told.isascii(), text


HOSTILE = [
    "the text is empty; " * 100 + "!",
    "“" + "x” had x: x bits, rank x" * 82 + ". Likelier: x\n!",
    "“" + "x” had x: x bits, rank x" * 23 + ". Likelier: x\n!",
    "kept: " * 300 + "!",
    "its job was deleted, ",
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:20])
def test_a_hostile_text_takes_no_time(language: str, text: str) -> None:
    """What is like a message at many places, and is none, stays as it is, at once."""
    before = process_time()
    assert translated(text) == text
    assert process_time() - before < 1


def test_messages_in_messages(language: str) -> None:
    """As many as a text that is looked for can hold do no harm."""
    assert translated("kept: " * 99 + "it").endswith("it")
