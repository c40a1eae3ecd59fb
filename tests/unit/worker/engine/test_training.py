"""The training loop: it learns, reports, stops, and goes on exactly."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared.errors import CorpusTooShort, Diverged, UserError
from shared.specs import TrainingSpec
from worker.engine.checkpoints import load, weights_sha256
from worker.engine.growth import Start
from worker.engine.reports import EpochDone, Progress
from worker.engine.state import TrainingState
from worker.engine.training import TrainingRun
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
         r.record.val_accuracy, r.record.learning_rate, r.samples)
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


VARIANTS: list[dict[str, Any]] = [
    {
        "optimizer": "adam",
        "schedule": "cosine",
        "rate_floor": 0.3,
        "warmup_steps": 7,
        "weight_decay": 0.1,
    },
    {"optimizer": "sgd", "clip_norm": 0.1, "schedule": "linear", "ema_momentum": 0.9},
    {"calibration": 1.3, "ema_momentum": 0.9},
    {"loss_at": "every", "dropout": 0.4, "layers": 2},
    {"cell": "gru", "dropout": 0.2, "layers": 2},
    {"loss_at": "every", "input_dropout": 0.3},
]


@pytest.mark.parametrize("fields", VARIANTS)
def test_every_kind_of_run_goes_on_exactly(fields: dict[str, Any]) -> None:
    """Each optimizer, schedule and cell, stopped at every third step of two epochs."""
    whole = a_run(**fields)
    reports, state = list(whole), None
    for _ in range(3):
        run = a_run(state=state, **fields)
        for number, report in enumerate(run):
            if number >= 7 and isinstance(report, Progress):
                break
        state = TrainingState.from_bytes(run.state().to_bytes())
    last = a_run(state=state, **fields)
    assert story(list(last)) == story(reports)[-1:]
    assert weights_sha256(last.model) == weights_sha256(whole.model)


@pytest.mark.parametrize("fields", [{}, *VARIANTS])
def test_how_often_it_reports_changes_nothing(fields: dict[str, Any]) -> None:
    """A call of one batch or of many: the same losses, the same bytes."""
    spec = TrainingSpec(**(SPEC.model_dump() | fields))
    runs = [
        TrainingRun(spec, LETTERS.encode(TEXT), LETTERS, progress_seconds=seconds)
        for seconds in (0, 30)
    ]
    stories = [story(list(run)) for run in runs]
    assert stories[0] == stories[1]
    assert weights_sha256(runs[0].model) == weights_sha256(runs[1].model)


def test_stops_early() -> None:
    """After so many epochs without a lower validation loss; nothing is learned at a rate of 0."""
    run = a_run(epochs=9, patience=2, learning_rate=1e-30)
    assert len(story(list(run))) == 3
    assert run.stopped_early
    assert run.finished


def test_patience_survives_a_resume() -> None:
    """The best loss and the epochs since are part of the state."""
    fields: dict[str, Any] = {"epochs": 9, "patience": 2, "learning_rate": 1e-30}
    first = a_run(**fields)
    for report in first:
        if isinstance(report, EpochDone) and report.record.epoch == 2:
            break
    second = a_run(state=TrainingState.from_bytes(first.state().to_bytes()), **fields)
    assert len(story(list(second))) == 1
    assert second.stopped_early


def test_a_run_that_ends_is_not_stopped_early() -> None:
    """Patience that runs out with the last epoch changes nothing."""
    run = a_run(epochs=3, patience=2, learning_rate=1e-30)
    assert len(story(list(run))) == 3
    assert not run.stopped_early


def test_averaged_weights_are_judged_and_stored() -> None:
    """The model is not that of the last step, and its judgement is its own."""
    plain, averaged = a_run(epochs=1), a_run(epochs=1, ema_momentum=0.9)
    losses = [story(list(run))[0] for run in (plain, averaged)]
    assert losses[0][1] == losses[1][1], "training itself is the same"
    assert losses[0][2] != losses[1][2]
    last = averaged.state()
    assert all((w == p).all() for w, p in zip(last.weights, plain.state().weights, strict=True))
    stored = averaged.model.get_weights()
    assert all((s == a).all() for s, a in zip(stored, last.optimizer[-5:], strict=True))
    assert weights_sha256(averaged.model) != weights_sha256(plain.model)


def test_every_character_counts_where_every_one_is_learned_from() -> None:
    """With the loss at every position a window teaches T characters."""
    for loss_at, each in (("last", 1), ("every", 7)):
        (done,) = [r.record for r in a_run(epochs=1, loss_at=loss_at) if isinstance(r, EpochDone)]
        assert done.characters_per_second == pytest.approx(150 * each / done.seconds)


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
    samples = [s for r in undisturbed[0] if isinstance(r, EpochDone) for s in r.samples]
    assert len(samples) == 2
    assert all(s.prompt in TEXT and len(s.prompt) == 7 and len(s.text) == 25 for s in samples)
    assert samples[0].prompt != samples[1].prompt


def test_no_sample_where_none_is_asked_for() -> None:
    """A length of 0 writes none."""
    done = [r for r in a_run(sample_length=0, epochs=1) if isinstance(r, EpochDone)]
    assert [d.samples for d in done] == [()]


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
    with pytest.raises(Diverged, match="epoch 1, step 1 of 10"):
        list(a_run(state=poisoned(a_run(), np.nan)))


def test_a_weight_that_overflows_stops_the_run_before_its_checkpoint() -> None:
    """A weight that is no number after an epoch's last step fails that epoch."""
    run = a_run(epochs=1)
    for report in run:
        if isinstance(report, Progress) and report.step == 10:
            break
    again = a_run(epochs=1, state=poisoned(run, np.inf))
    with pytest.raises(Diverged, match=r"a weight .* epoch 1, step 10 of 10"):
        list(again)
    assert not again.finished


def poisoned(run: TrainingRun, value: float) -> TrainingState:
    """Return a run's state with one bias that is no finite number."""
    state = copy.deepcopy(run.state())
    state.weights[-1][0] = value
    return state


def test_a_calibrated_model_is_judged_and_stored_with_smaller_logits() -> None:
    """The last layer is divided; training itself goes on as without."""
    plain, calibrated = a_run(epochs=2), a_run(epochs=2, calibration=1.25)
    losses = [
        [d.record.loss for d in run if isinstance(d, EpochDone)] for run in (plain, calibrated)
    ]
    assert losses[0] == losses[1]
    ours, theirs = calibrated.model.get_weights(), plain.model.get_weights()
    for mine, same in zip(ours[:-2], theirs[:-2], strict=True):
        np.testing.assert_array_equal(mine, same)
    for mine, larger in zip(ours[-2:], theirs[-2:], strict=True):
        np.testing.assert_allclose(mine * 1.25, larger, rtol=1e-6)


def test_starts_from_another_models_weights() -> None:
    """A run from a checkpoint's model begins with its weights."""
    trained = a_run()
    list(trained)
    ids = LETTERS.encode(TEXT)
    run = TrainingRun(SPEC, ids, LETTERS, start=Start(trained.model, LETTERS))
    assert weights_sha256(run.model) == weights_sha256(trained.model)


def test_a_model_of_another_shape_is_refused() -> None:
    """The error names both."""
    other = a_run(units=5)
    with pytest.raises(UserError, match=r"LSTM layers of 5 units .* LSTM layers of 12 units"):
        TrainingRun(SPEC, LETTERS.encode(TEXT), LETTERS, start=Start(other.model, LETTERS))


def test_another_cell_is_refused() -> None:
    """A GRU's weights do not fit an LSTM."""
    other = a_run(cell="gru")
    with pytest.raises(UserError, match=r"GRU layers of 12 units .* LSTM layers of 12 units"):
        TrainingRun(SPEC, LETTERS.encode(TEXT), LETTERS, start=Start(other.model, LETTERS))


@pytest.mark.parametrize("text", ["床前明月光，疑是地上霜。" * 20, "😀😃🎉 yes! 𝔘𝔫𝔦 " * 20])
def test_trains_on_any_script(text: str) -> None:
    """Chinese and characters beyond the basic plane train and are written."""
    (done,) = [r for r in a_run(text, epochs=1) if isinstance(r, EpochDone)]
    (sample,) = done.samples
    assert len(sample.text) == 25
    assert set(sample.text) <= set(text)


def test_stacked_layers_are_saved_whole(tmp_path: Path) -> None:
    """Two layers train, and their file gives the same weights back."""
    run = a_run(layers=2, epochs=1)
    list(run)
    run.save_model(tmp_path / "model.keras")
    assert weights_sha256(load(tmp_path / "model.keras")) == weights_sha256(run.model)
