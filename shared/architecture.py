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
    """Return the layers from input to output.

    An LSTM has four gates, each with (inputs + H) weights and one bias a unit: Hochreiter and
    Schmidhuber (1997), with the forget gate of Gers et al. (2000), as Keras counts them.
    """
    layers, inputs, units = [], vocabulary_size, spec.units
    for number in range(1, spec.layers + 1):
        shape = f"({units})" if number == spec.layers else f"({spec.window}, {units})"
        layers.append(Layer(f"lstm_{number}", "LSTM", shape, 4 * units * (inputs + units + 1)))
        inputs = units
    dense = (units + 1) * vocabulary_size
    return [*layers, Layer("characters", "Dense (softmax)", f"({vocabulary_size})", dense)]
