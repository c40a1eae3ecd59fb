"""What cleaning found, in plain words."""

from shared.corpora.cleaning import Report
from web.pages.reports import report_words


def test_nothing_found() -> None:
    """A clean UTF-8 text needs two sentences."""
    words = report_words(Report().as_json())
    assert words == ["The text is UTF-8.", "Nothing had to be repaired."]


def test_everything_found() -> None:
    """Each repair and each chosen step has its sentence, each note its own."""
    report = Report(encoding="cp1252", newlines_changed=1, nul_removed=1200, marks_removed=2)
    report.characters_changed = {"lowercase": -1, "squeeze": 34}
    report.notes = ["not the expected text"]
    assert report_words(report.as_json()) == [
        "The text was not UTF-8; it was read as CP1252.",
        "One line end of another system was made a plain one.",
        "1,200 NUL characters were removed.",
        "2 byte order marks were removed.",
        "All letters were made lower case; the text is 1 character longer.",
        "Rows of blanks were squeezed; the text is 34 characters shorter.",
        "Not the expected text.",
    ]


def test_a_mark_at_the_start_is_still_utf8() -> None:
    """The encoding's name for a byte order mark is not told."""
    assert report_words({"encoding": "utf-8-sig"})[0] == "The text is UTF-8."
