"""The parameter counts of a spec's model, against counting one weight at a time."""

import pytest

from shared.architecture import layers_of
from shared.specs import TrainingSpec


def count_lstm_weights(inputs: int, units: int) -> int:
    """Count an LSTM's weights as its equations name them: slow and obvious."""
    weights = 0
    for _gate in ("input", "forget", "cell", "output"):
        for _unit in range(units):
            weights += inputs  # from this step's input
            weights += units  # from the last step's output
            weights += 1  # the bias
    return weights


@pytest.mark.parametrize(("units", "layers", "vocabulary"), [(3, 1, 5), (4, 3, 7), (128, 1, 65)])
def test_parameters_equal_a_count_of_each_weight(units: int, layers: int, vocabulary: int) -> None:
    """Each layer has as many parameters as its equations have weights."""
    found = layers_of(TrainingSpec(units=units, layers=layers), vocabulary)
    inputs = [vocabulary, *[units] * (layers - 1)]
    expected = [count_lstm_weights(size, units) for size in inputs]
    dense = sum(units + 1 for _character in range(vocabulary))
    assert [layer.parameters for layer in found] == [*expected, dense]


def test_the_seed_preset_has_the_articles_size() -> None:
    """LSTM(128) over 65 characters: 99,328 and 8,385 parameters, as Keras prints them."""
    assert [layer.parameters for layer in layers_of(TrainingSpec(), 65)] == [99_328, 8_385]


def test_only_the_last_layer_drops_the_time_axis() -> None:
    """Lower LSTM layers hand on every position of the window, the last one its end."""
    shapes = [x.output_shape for x in layers_of(TrainingSpec(units=8, layers=2, window=20), 9)]
    assert shapes == ["(20, 8)", "(8)", "(9)"]
