"""Messages keep what they are made of, and repeat no more of what was sent than is useful."""

from shared.said import MOST_REPEATED, Said, said


def test_a_message_keeps_what_it_was_made_of() -> None:
    """Who says it in another language has the template and the values."""
    message = said("no corpus has the id {id}", id="x")
    assert message == "no corpus has the id x"
    assert (message.template, message.values) == ("no corpus has the id {id}", {"id": "x"})


def test_a_long_value_is_cut() -> None:
    """In the message, and in what a translation is made of."""
    message = said("{what} is not {count}", what="x" * (MOST_REPEATED + 1), count=10**9)
    assert message == "x" * MOST_REPEATED + "… is not 1000000000"
    assert len(message.values["what"]) == MOST_REPEATED + 1


def test_a_message_inside_another_stays_whole() -> None:
    """It can be translated, and was cut when it was made."""
    inner = said("{one} or {two}", one="a" * 900, two="b" * 900)
    outer = said("accepted: {words}", words=inner)
    assert isinstance(outer.values["words"], Said)
    assert outer.endswith("b" * 900)
