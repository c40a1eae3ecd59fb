"""The training loop: it learns, reports, stops, and goes on exactly."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared.errors import CorpusTooShort, Diverged, UserError
from shared.specs import TrainingSpec
from worker.engine.checkpoints import load, weights_sha256
from worker.engine.state import TrainingState
from worker.engine.training import EpochDone, Progress, TrainingRun
from worker.engine.vocabulary import Vocabulary

TEXT = "the quick brown fox jumps over the lazy dog; " * 30
LETTERS = Vocabulary.from_text(TEXT)
SPEC = TrainingSpec(
    window=7, units=12, batch_size=16, epochs=2, max_windows=150, sample_length=25, rng_seed=3
)


def a_run(text: str = TEXT, state: TrainingState | None = None, **fields: Any) -> TrainingRun:
    """Return a run that reports after every step."""
    letters = Vocabulary.from_text(text)
    spec = TrainingSpec(**(SPEC.model_dump() | fields))
    return TrainingRun(spec, letters.encode(text), letters, state=state, progress_seconds=0)


def story(reports: list[Any]) -> list[Any]:
    """Return what is the same in every run: no times, no speeds."""
    return [
        (r.record.epoch, r.record.loss, r.record.val_loss, r.record.accuracy,
         r.record.val_accuracy, r.sample)
        for r in reports if isinstance(r, EpochDone)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def undisturbed() -> tuple[list[Any], str]:
    """What an undisturbed run reported, and its weights' hash."""
    run = a_run()
    return list(run), weights_sha256(run.model)


def test_learns() -> None:
    """A periodic text is all but known by heart after some epochs."""
    records = [r.record for r in a_run(epochs=8, max_windows=None) if isinstance(r, EpochDone)]
    assert records[-1].loss < 0.3 < records[0].loss
    assert records[-1].val_accuracy is not None
    assert records[-1].val_accuracy > 0.9


def test_reports_every_step(undisturbed: tuple[list[Any], str]) -> None:
    """Ten steps of 16 windows, the last one short, then the epoch."""
    reports = undisturbed[0]
    steps = [(r.epoch, r.step) for r in reports if isinstance(r, Progress)]
    assert list(dict.fromkeys(steps)) == [(e, s) for e in (1, 2) for s in range(1, 11)]
    fractions = [r.fraction for r in reports if isinstance(r, Progress)]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1


def test_the_same_seed_is_the_same_run(undisturbed: tuple[list[Any], str]) -> None:
    """Weights, losses and samples are the same to the byte."""
    run = a_run()
    assert story(list(run)) == story(undisturbed[0])
    assert weights_sha256(run.model) == undisturbed[1]


def test_another_seed_is_another_run(undisturbed: tuple[list[Any], str]) -> None:
    """The seed decides the weights."""
    run = a_run(rng_seed=4, epochs=1)
    assert story(list(run))[0] != story(undisturbed[0])[0]


@pytest.mark.parametrize("stop_after", [1, 4, 11, 12, 17])
def test_goes_on_exactly(undisturbed: tuple[list[Any], str], stop_after: int) -> None:
    """Stopped inside an epoch, at its end or after it, a run ends as if it never was."""
    first = a_run()
    before = []
    for report in first:
        before.append(report)
        if len(before) == stop_after:
            break
    state = TrainingState.from_bytes(first.state().to_bytes())
    second = a_run(state=state)
    assert story(before + list(second)) == story(undisturbed[0])
    assert weights_sha256(second.model) == undisturbed[1]


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_every_optimizers_state_is_kept(optimizer: str) -> None:
    """The other optimizers go on exactly, too."""
    whole, first = a_run(optimizer=optimizer), a_run(optimizer=optimizer)
    list(whole)
    next(iter(first))
    second = a_run(optimizer=optimizer, state=copy.deepcopy(first.state()))
    list(second)
    assert weights_sha256(second.model) == weights_sha256(whole.model)


def test_a_state_does_not_change_with_the_run() -> None:
    """A state that was taken stays what it was while its run goes on."""
    run = a_run()
    reports = iter(run)
    next(reports)
    state = run.state()
    before = state.to_bytes()
    list(reports)
    assert state.to_bytes() == before


def test_samples_go_on_from_the_text(undisturbed: tuple[list[Any], str]) -> None:
    """Each epoch's prompt is a window of the text, another one each time."""
    samples = [r.sample for r in undisturbed[0] if isinstance(r, EpochDone) and r.sample]
    assert len(samples) == 2
    assert all(s.prompt in TEXT and len(s.prompt) == 7 and len(s.text) == 25 for s in samples)
    assert samples[0].prompt != samples[1].prompt


def test_no_sample_where_none_is_asked_for() -> None:
    """A length of 0 writes none."""
    done = [r for r in a_run(sample_length=0, epochs=1) if isinstance(r, EpochDone)]
    assert [d.sample for d in done] == [None]


def test_without_held_out_text_nothing_is_judged() -> None:
    """A validation fraction of 0 gives no validation loss."""
    (done,) = [r for r in a_run(validation_fraction=0.0, epochs=1) if isinstance(r, EpochDone)]
    assert (done.record.val_loss, done.record.val_accuracy) == (None, None)


def test_a_text_that_is_too_short_is_refused() -> None:
    """The error names the length and the least length."""
    with pytest.raises(CorpusTooShort, match=r"75 characters; this spec needs 71|needs \d+"):
        a_run("abc" * 23)


def test_a_loss_that_is_no_number_stops_the_run() -> None:
    """The error names epoch and step."""
    run = a_run()
    run.model.set_weights([np.full_like(w, np.nan) for w in run.model.get_weights()])
    with pytest.raises(Diverged, match="epoch 1, step 1 of 10"):
        list(run)


def test_a_weight_that_overflows_stops_the_run_before_its_checkpoint() -> None:
    """A weight that is no number after an epoch's last step fails that epoch."""
    run = a_run(epochs=1)
    reports = iter(run)
    for report in reports:
        if isinstance(report, Progress) and report.step == 10:
            break
    weights = run.model.get_weights()
    weights[-1][0] = np.inf
    run.model.set_weights(weights)
    with pytest.raises(Diverged, match="epoch 1"):
        list(reports)
    assert not run.finished


def test_starts_from_another_models_weights() -> None:
    """A run from a checkpoint's model begins with its weights."""
    trained = a_run()
    list(trained)
    ids = LETTERS.encode(TEXT)
    run = TrainingRun(SPEC, ids, LETTERS, weights_from=trained.model)
    assert weights_sha256(run.model) == weights_sha256(trained.model)


def test_a_model_of_another_shape_is_refused() -> None:
    """The error names both."""
    other = a_run(units=5)
    with pytest.raises(UserError, match=r"LSTM layers of 5 units .* LSTM layers of 12 units"):
        TrainingRun(SPEC, LETTERS.encode(TEXT), LETTERS, weights_from=other.model)


@pytest.mark.parametrize("text", ["床前明月光，疑是地上霜。" * 20, "😀😃🎉 yes! 𝔘𝔫𝔦 " * 20])
def test_trains_on_any_script(text: str) -> None:
    """Chinese and characters beyond the basic plane train and are written."""
    (done,) = [r for r in a_run(text, epochs=1) if isinstance(r, EpochDone)]
    assert done.sample is not None
    assert set(done.sample.text) <= set(text)


def test_stacked_layers_are_saved_whole(tmp_path: Path) -> None:
    """Two layers train, and their file gives the same weights back."""
    run = a_run(layers=2, epochs=1)
    list(run)
    run.save_model(tmp_path / "model.keras")
    assert weights_sha256(load(tmp_path / "model.keras")) == weights_sha256(run.model)
