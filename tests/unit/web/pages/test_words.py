"""Numbers, times and sizes as people read them."""

import pytest

from web.pages import labels, words


@pytest.mark.parametrize(
    ("value", "text"),
    [(1234567, "1,234,567"), (0.01, "0.01"), (1e-05, "1e-05"), (2.0, "2"), (None, "–"), (0, "0")],
)
def test_number(value: float | None, text: str) -> None:
    """Thousands are parted, fractions as short as they are."""
    assert words.number(value) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "1.0 KB"), (342_000, "342 KB"),
     (999_999, "1000 KB"), (4_000_000, "4.0 MB"), (209_715_200, "210 MB"), (10**16, "10000 TB")],
)  # fmt: skip
def test_size(count: int, text: str) -> None:
    """Sizes are in the unit of their thousands."""
    assert words.size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "–"), (0, "0 s"), (1.25, "1.2 s"), (59.6, "1 min"), (60, "1 min"), (185, "3 min 5 s"),
     (3600, "1 h"), (7800, "2 h 10 min"), (90000, "1 d 1 h")],
)  # fmt: skip
def test_duration(seconds: float | None, text: str) -> None:
    """A time span is told in its two largest units."""
    assert words.duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "1 s"), (59.2, "59 s"), (61, "1 min"), (95, "2 min"), (3590, "1 h"), (7800, "2 h 10 min")],
)
def test_about(seconds: float, text: str) -> None:
    """The time left is a guess: no seconds beyond a minute."""
    assert words.about(seconds) == text


def test_visible() -> None:
    """Blanks are shown, and what cannot be printed is named."""
    assert words.visible("a \n\t秋\x07") == "a ␣ ↵ ⇥ 秋 U+0007"


@pytest.mark.parametrize(
    ("text", "sentence"), [("it is so", "It is so."), ("Why?", "Why?"), ("", ".")]
)
def test_sentence(text: str, sentence: str) -> None:
    """An error's message begins with a capital letter and ends with a full stop."""
    assert words.sentence(text) == sentence


def test_label() -> None:
    """A field that nobody named here still has a label."""
    assert labels.label("rng_seed") == "Seed"
    assert labels.label("warm_up_steps") == "Warm up steps"


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("upload:a: b.txt", "uploaded: a: b.txt"),
        ("upload", "uploaded"),
        ("paste", "pasted"),
        ("url:https://a.example/t.txt", "from an address: https://a.example/t.txt"),
        ("builtin:shakespeare", "built in: shakespeare"),
        ("something else", "something else"),
    ],
)
def test_sources(source: str, told: str) -> None:
    """Where a text came from, as people say it; what is not known is shown as it is."""
    assert words.source_words(source) == told
