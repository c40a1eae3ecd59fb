"""Samples: what they begin with, one temperature after the other, stopped between two."""

from itertools import pairwise
from typing import Any

import pytest

from tests.unit.worker.engine.test_training import LETTERS, TEXT, a_run, story
from worker.engine.reports import EpochDone, Progress, Sample
from worker.engine.state import TrainingState

GRID: dict[str, Any] = {"sample_temperature": [0.2, 1.0], "sample_start": "same"}


def samples(**fields: Any) -> list[tuple[Sample, ...]]:
    """Return the samples of each epoch of a run."""
    return [done.samples for done in a_run(**fields) if isinstance(done, EpochDone)]


def test_a_grid_has_one_beginning() -> None:
    """Every cell goes on from the same excerpt with the same seed; the texts differ."""
    first, second = samples(**GRID)
    cells = [*first, *second]
    assert [cell.temperature for cell in cells] == [0.2, 1.0, 0.2, 1.0]
    assert len({(cell.prompt, cell.rng_seed) for cell in cells}) == 1
    assert cells[0].prompt in TEXT
    assert len({cell.text for cell in cells}) == 4
    other = samples(**GRID, rng_seed=4, epochs=1)[0][0]
    assert (other.prompt, other.rng_seed) != (cells[0].prompt, cells[0].rng_seed)


def test_a_fresh_beginning_is_one_for_all_temperatures() -> None:
    """Another one each epoch; that of one temperature, to the letter, is the run's with one."""
    grid = samples(sample_temperature=[1.0, 0.6])
    assert [pair[1] for pair in grid] == [only for (only,) in samples()]
    assert all(one.prompt == two.prompt and one.rng_seed == two.rng_seed for one, two in grid)
    assert grid[0][0].prompt != grid[1][0].prompt
    assert grid[0][0].rng_seed != grid[1][0].rng_seed


def test_stopped_between_two_samples() -> None:
    """The epoch's samples are all written again, to the letter, and none is there twice."""
    whole, first = story(list(a_run(**GRID))), a_run(**GRID)
    before = []
    for report in first:
        before.append(report)
        if isinstance(report, Progress) and report.sample and report.sample.temperature == 1.0:
            break
    assert story(before) == []
    state = TrainingState.from_bytes(first.state().to_bytes())
    assert story(list(a_run(state=state, **GRID))) == whole


def test_progress_tells_which_sample_grows() -> None:
    """Its temperature, and never less text than before."""
    told = [r.sample for r in a_run(**GRID, epochs=1) if isinstance(r, Progress) and r.sample]
    assert [one.temperature for one in told] == sorted(one.temperature for one in told)
    for temperature in (0.2, 1.0):
        texts = [one.text for one in told if one.temperature == temperature]
        assert len(texts) > 1
        assert all(after.startswith(text) for text, after in pairwise(texts))


def test_a_prompt_of_ones_own() -> None:
    """Every sample goes on from it, without the characters that the model does not know."""
    first, second = samples(sample_prompt="the fox☃ ")
    assert {one.prompt for one in (*first, *second)} == {"the fox "}
    assert first[0].rng_seed != second[0].rng_seed


def test_the_memory_may_be_carried_on() -> None:
    """The same beginning; what is written is another text."""
    ((shown,),), ((carried,),) = samples(epochs=1), samples(epochs=1, sample_context="state")
    assert (shown.prompt, shown.rng_seed) == (carried.prompt, carried.rng_seed)
    assert shown.text != carried.text
    assert set(carried.text) <= set(LETTERS.characters)


def test_an_epoch_tells_its_last_learning_rate() -> None:
    """Ten steps an epoch, of twenty in all."""
    records = [r.record for r in a_run(schedule="linear") if isinstance(r, EpochDone)]
    assert [record.learning_rate for record in records] == pytest.approx([0.0055, 0.0005])
