"""The copying check: against a slow twin, with planted copies, over parts, with damaged files."""

import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.engine import copying
from worker.engine.copying import CopyIndex, in_common, suffix_array
from worker.engine.stretches import COPIED_STRETCH, MOST_TOLD, Copy

# One byte an id, two and three.
ALPHABETS = (2, 65, 300, 70_000)
WIDTHS = {2: np.uint8, 65: np.uint8, 300: np.uint16, 70_000: np.uint32}


def index(folder: Path, ids: Any, **parts: int) -> CopyIndex:
    return CopyIndex(folder, "corpus", len(ids), partial(between, ids), **parts)


def between(ids: Any, first: int, end: int) -> Any:
    return ids[first:end]


def random_text(size: int, alphabet: int = 65, seed: int = 0) -> Any:
    ids = np.random.default_rng(seed).integers(0, alphabet, size)
    return ids.astype(WIDTHS[alphabet])


def longest_by_hand(ids: list[int], written: list[int]) -> list[int]:
    """Return the length of the longest match at each place, one character after the other."""
    found = []
    for start in range(len(written)):
        best = 0
        for at in range(len(ids)):
            length = 0
            while (
                at + length < len(ids)
                and start + length < len(written)
                and ids[at + length] == written[start + length]
            ):
                length += 1
            best = max(best, length)
        found.append(best)
    return found


@st.composite
def texts(draw: st.DrawFn) -> tuple[Any, Any]:
    """Return a corpus and a text that shares pieces with it."""
    alphabet = draw(st.sampled_from(ALPHABETS))
    few = [value * (alphabet - 1) // 3 for value in range(4)]
    piece = st.lists(st.sampled_from(few), max_size=60)
    corpus = draw(piece) + draw(piece)
    first = draw(st.integers(0, max(len(corpus) - 1, 0)))
    written = draw(piece) + corpus[first : first + 50] + draw(piece)
    return np.array(corpus, WIDTHS[alphabet]), np.array(written, WIDTHS[alphabet])


@given(texts())
@settings(max_examples=150, deadline=None)
def test_what_the_slow_twin_finds(tmp_path_factory: pytest.TempPathFactory, both: Any) -> None:
    ids, written = both
    found = index(tmp_path_factory.mktemp("index"), ids).check([written])
    by_hand = longest_by_hand(ids.tolist(), written.tolist())
    assert found.longest == max(by_hand, default=0)
    covered = {
        place
        for start, length in enumerate(by_hand)
        if length > COPIED_STRETCH
        for place in range(start, start + length)
    }
    assert found.copied == len(covered)
    for copy in found.copies:
        assert copy.length == by_hand[copy.start]
        stretch = ids[copy.at : copy.at + copy.length]
        assert (stretch == written[copy.start : copy.start + copy.length]).all()


def test_the_suffix_array_is_in_order() -> None:
    for alphabet in ALPHABETS:
        ids = random_text(200, alphabet)
        suffixes = [ids[at:].tolist() for at in suffix_array(ids)]
        assert suffixes == sorted(ids[at:].tolist() for at in range(200))


@pytest.mark.parametrize("alphabet", ALPHABETS[1:])
def test_planted_copies_are_found_exactly(tmp_path: Path, alphabet: int) -> None:
    ids, written = random_text(200_000, alphabet), random_text(10_000, alphabet, seed=1)
    planted = [Copy(100, 41, 7_000), Copy(3_000, 100, 50_000), Copy(5_000, 1_000, 199_000)]
    for copy in [*planted, Copy(9_000, 40, 120_000)]:
        end, until = copy.start + copy.length, copy.at + copy.length
        written[copy.start : end] = ids[copy.at : until]
        # No neighbour makes a copy longer than it was planted.
        written[copy.start - 1] = (int(ids[copy.at - 1]) + 1) % alphabet
        if until < len(ids):
            written[end] = (int(ids[until]) + 1) % alphabet
    found = index(tmp_path, ids).check([written])
    assert found.copies == planted
    assert (found.longest, found.copied) == (1_000, 1_141)
    assert found.share == pytest.approx(0.1141)


def test_forty_characters_are_the_longest_but_no_copy(tmp_path: Path) -> None:
    ids, written = random_text(50_000), np.full(1_000, 65, np.uint8)
    written[500:540] = ids[1_000:1_040]
    found = index(tmp_path, ids).check([written])
    assert (found.longest, found.copied, found.copies) == (40, 0, [])


def test_shuffled_text_has_no_copies(tmp_path: Path) -> None:
    ids = random_text(100_000, seed=3)
    shuffled = np.random.default_rng(4).permutation(ids[:10_000])
    found = index(tmp_path, ids).check([shuffled])
    assert found.copied == 0
    assert 0 < found.longest < 10


def test_a_stretch_over_two_parts_is_found_whole(tmp_path: Path) -> None:
    ids = random_text(1_000)
    found = index(tmp_path, ids, part=300, overlap=100).check([ids[250:340]])
    assert found.copies == [Copy(0, 90, 250)]
    assert len(list(tmp_path.glob("*.suffixes"))) == 4


@pytest.mark.parametrize("piece", [7, 100, 3_000])
def test_a_long_text_in_blocks_has_what_a_short_one_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    ids, written = random_text(5_000), random_text(3_000, seed=1)
    for start, length, at in ((0, 41, 9), (470, 60, 100), (530, 95, 2_000), (2_900, 100, 77)):
        written[start : start + length] = ids[at : at + length]
    whole = index(tmp_path, ids).check([written])
    monkeypatch.setattr(copying, "BLOCK_CHARACTERS", 500)
    monkeypatch.setattr(copying, "LOOKAHEAD_CHARACTERS", 110)
    pieces = [written[first : first + piece] for first in range(0, 3_000, piece)]
    assert whole.found == 4
    assert index(tmp_path, ids).check(pieces) == whole


def test_the_longest_stretches_are_told_in_order(tmp_path: Path) -> None:
    ids, rng = random_text(100_000), np.random.default_rng(2)
    lengths = rng.permutation(np.arange(41, 41 + MOST_TOLD + 50))
    # Each from a place of its own, the one behind it not going on there.
    stretches = [ids[600 * n : 600 * n + length] for n, length in enumerate(lengths)]
    found = index(tmp_path, ids).check([np.concatenate(stretches)])
    assert found.found == MOST_TOLD + 50
    assert found.copied == found.characters == lengths.sum()
    told = [copy.start for copy in found.copies]
    assert told == sorted(told)
    assert len(told) == MOST_TOLD
    # A stretch may by chance go on by a character or two into the next.
    assert min(copy.length for copy in found.copies) >= 41 + 50


def test_long_copies_are_searched_once(tmp_path: Path) -> None:
    ids = random_text(200_000)
    begun = time.perf_counter()
    found = index(tmp_path, ids).check([ids[:60_000], ids[:60_000]])
    assert (found.longest, found.copied, found.found) == (60_000, 120_000, 2)
    # Place by place it would be 3.6 billion comparisons of characters.
    assert time.perf_counter() - begun < 20


def test_of_an_endless_copy_all_is_counted(tmp_path: Path) -> None:
    """More than a block and what is looked at beyond it: told in parts, counted whole."""
    ids = random_text(200_000)
    found = index(tmp_path, ids).check([ids])
    assert found.copied == 200_000
    assert found.longest >= copying.LOOKAHEAD_CHARACTERS


def test_one_character_over_and_over(tmp_path: Path) -> None:
    found = index(tmp_path, np.zeros(300_000, np.uint8)).check([np.zeros(10_000, np.uint8)])
    assert (found.longest, found.share) == (10_000, 1.0)


def test_nothing_is_copied_from_or_to_nothing(tmp_path: Path) -> None:
    nothing = np.empty(0, np.uint8)
    assert index(tmp_path, nothing).check([random_text(100)]).longest == 0
    found = index(tmp_path, random_text(100)).check([nothing])
    assert (found.characters, found.longest, found.share, found.copies) == (0, 0, 0.0, [])


def test_an_index_is_built_once(tmp_path: Path) -> None:
    ids, asked = random_text(5_000), []

    def text(first: int, end: int) -> Any:
        asked.append((first, end))
        return ids[first:end]

    for _ in range(3):
        CopyIndex(tmp_path, "corpus", len(ids), text).check([ids[:100]])
    assert asked == [(0, 5_000)]


@pytest.mark.parametrize("kind", ["text", "suffixes"])
@pytest.mark.parametrize("damage", ["cut", "changed", "emptied"])
def test_a_damaged_file_is_built_anew(tmp_path: Path, kind: str, damage: str) -> None:
    ids = random_text(5_000)
    index(tmp_path, ids).check([ids[:100]])
    (path,) = tmp_path.glob(f"*.{kind}")
    data = bytearray(path.read_bytes())
    data[3_000] ^= 255
    path.write_bytes({"cut": bytes(data[:2_000]), "changed": bytes(data), "emptied": b""}[damage])
    assert index(tmp_path, ids).check([ids[:100]]).copies == [Copy(0, 100, 0)]


def test_the_folder_stays_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "FOLDER_BYTES", 60_000)
    for number in range(8):
        ids = random_text(5_000, seed=number)
        CopyIndex(tmp_path, str(number), len(ids), partial(between, ids)).check([ids[:100]])
    left = {path.name.split("-")[0] for path in tmp_path.iterdir()}
    assert left == {"6", "7"}


@given(st.integers(0, 200), st.integers(20, 90), st.sampled_from([8, 40]))
@settings(max_examples=60, deadline=None)
def test_what_a_text_has_in_common_with_a_frozen_one(at: int, length: int, stretch: int) -> None:
    ids, frozen = random_text(400), random_text(300, seed=9)
    length = min(length, 300 - at)
    ids[50 : 50 + length] = frozen[at : at + length]
    marked = in_common(ids, frozen, stretch)
    by_hand = np.zeros(400, bool)
    for start, found in enumerate(longest_by_hand(frozen.tolist(), ids.tolist())):
        if found > stretch:
            by_hand[start : start + found] = True
    assert (marked == by_hand).all()
