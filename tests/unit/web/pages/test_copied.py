"""What of a text stands in the corpus, in parts."""

from web.pages.copied import copied_card


def parts(text: str, *stretches: tuple[int, int]) -> list[tuple[str, bool]]:
    """Return the parts of a text of which ``(start, length)`` are copied."""
    found = [{"start": start, "length": length, "at": 0} for start, length in stretches]
    card = copied_card(text, {"longest": 3, "copied": 1, "share": 0.5, "stretches": found}, None)
    return [(part["text"], part["copied"]) for part in card["parts"]]


def test_stretches_that_overlap_are_one() -> None:
    """A row of one character is found anew behind each of its characters: one link is enough."""
    assert parts("ab-----cd", (2, 3), (3, 3), (4, 3)) == [
        ("ab", False),
        ("-----", True),
        ("cd", False),
    ]


def test_stretches_that_touch_stay_apart() -> None:
    """Each stands in its own place of the corpus."""
    assert parts("abcd", (0, 2), (2, 2)) == [("ab", True), ("cd", True)]


def test_blanks_alone_have_a_name() -> None:
    """A link without a letter is told to who hears the page."""
    stretch = {"start": 1, "length": 2, "at": 0}
    card = copied_card("a  b", {"longest": 2, "copied": 2, "share": 0.5, "stretches": [stretch]},
                       None)  # fmt: skip
    assert [part.get("named") for part in card["parts"]] == [None, "copied blanks", None]
