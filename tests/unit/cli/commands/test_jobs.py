"""An event in a line, for people and for programs; a prompt's unknown characters in words."""

import json

from cli.commands.following import unknown
from cli.commands.jobs import MOST_SHOWN, _line

DATA = {"text": "two  blanks\u2028道 " + "x" * MOST_SHOWN}
EVENT = {"seq": 7, "type": "made", "created_at": "2026-11-25T22:00:39.5Z", "data": DATA}


def test_an_event_in_a_pipe_is_whole() -> None:
    """Its JSON can be read, and is one line; on a terminal it is cut."""
    line = _line(EVENT, short=False)
    assert json.loads(line[line.index("{") :]) == DATA
    assert len(line.splitlines()) == 1
    assert "道" in line
    assert len(_line(EVENT, short=True)) < len(line)


def test_what_a_model_does_not_know_of_a_prompt() -> None:
    """Each character with what became of it."""
    report = {"replaced": {"Ï": "I"}, "left_out": ["☃"]}
    assert unknown(report) == "'Ï' (read as 'I'), '☃' (left out)"
    assert unknown({"replaced": {}, "left_out": []}) == unknown({}) == ""
