"""The layers of a spec's model and their parameters, by arithmetic: web never loads TensorFlow."""

from dataclasses import dataclass

from shared.specs import TrainingSpec


@dataclass(frozen=True)
class Layer:
    """One layer; ``T`` window, ``V`` vocabulary, ``H`` units."""

    name: str
    kind: str
    output_shape: str
    parameters: int


def layers_of(spec: TrainingSpec, vocabulary_size: int) -> list[Layer]:
    """Return the layers from input to output."""
    layers, inputs, units = [], vocabulary_size, spec.units
    for number in range(1, spec.layers + 1):
        shape = f"({units})" if number == spec.layers else f"({spec.window}, {units})"
        parameters = _recurrent_parameters(spec.cell, inputs, units)
        layers.append(Layer(f"{spec.cell}_{number}", spec.cell.upper(), shape, parameters))
        if spec.dropout:
            layers.append(Layer(f"dropout_{number}", f"Dropout ({spec.dropout:g})", shape, 0))
        inputs = units
    dense = (units + 1) * vocabulary_size
    return [*layers, Layer("characters", "Dense (softmax)", f"({vocabulary_size})", dense)]


def _recurrent_parameters(cell: str, inputs: int, units: int) -> int:
    """Return a layer's parameters, as Keras counts them.

    An LSTM has four gates, each with (inputs + H) weights and one bias a unit: Hochreiter and
    Schmidhuber (1997), with the forget gate of Gers et al. (2000). A GRU has three gates, with
    two biases a unit: Cho et al. (2014), reset after the product.
    """
    gates, biases = {"lstm": (4, 1), "gru": (3, 2)}[cell]
    return gates * units * (inputs + units + biases)
