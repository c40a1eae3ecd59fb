"""What ``config.json`` says of a model, by the few layers that the engine makes.

Every field that a layer may have is named here; those that change what the model computes must be
as the engine has them, and the rest, which matter to training alone, are read by nobody.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from shared.said import said
from shared.specs import TrainingSpec
from shared.vocabularies import MOST_CHARACTERS
from worker.engine.importing.documents import objects, read_json, refuse

NAME = "config.json"
KINDS = ("InputLayer", "LSTM", "GRU", "Dropout", "Dense")
# Weights of the mixed policies are float32, too.
POLICIES = ("float32", "mixed_float16", "mixed_bfloat16")
# Of a model whose input may have any length.
USUAL_WINDOW = 100
MOST_LAYERS = 32


def _policy(given: object) -> object:
    name = given
    if isinstance(given, dict):
        config = given.get("config")
        name = config.get("name") if isinstance(config, dict) else None
    if name not in POLICIES:
        raise ValueError(f"accepted: {', '.join(POLICIES)}")
    return name


Policy = Annotated[Any, AfterValidator(_policy)]
Name = Annotated[str, Field(max_length=1000)]
Rate = Annotated[float, Field(ge=0, lt=1)]
Size = Annotated[int, Field(ge=2, le=1000)]
Characters = Annotated[int, Field(ge=2, le=MOST_CHARACTERS)]


class Part(BaseModel):
    """The base of all that is read: strict, and nothing else may be there."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Settings(Part):
    """What every layer has."""

    name: Name
    trainable: bool = True
    dtype: Policy = "float32"


class InputSettings(Part):
    """What goes in: windows (B, T, V), one-hot."""

    batch_shape: tuple[int | None, Size | None, Characters] = Field(strict=False)
    dtype: Policy = "float32"
    sparse: Literal[False] = False
    ragged: Literal[False] = False
    optional: Literal[False] = False
    name: Name


class Weighted(Settings):
    """What layers with weights have: how those began, and what held them back, is past."""

    units: int
    use_bias: Literal[True] = True
    kernel_initializer: Any = None
    bias_initializer: Any = None
    kernel_regularizer: Any = None
    bias_regularizer: Any = None
    activity_regularizer: Any = None
    kernel_constraint: Any = None
    bias_constraint: Any = None


class RecurrentSettings(Weighted):
    """What LSTM and GRU layers have."""

    units: int = Field(ge=1, le=2048)
    activation: Literal["tanh"]
    recurrent_activation: Literal["sigmoid"]
    return_sequences: bool = False
    return_state: Literal[False] = False
    go_backwards: Literal[False] = False
    stateful: Literal[False] = False
    zero_output_for_mask: Literal[False] = False
    unroll: bool = False
    use_cudnn: Any = None
    recurrent_initializer: Any = None
    recurrent_regularizer: Any = None
    recurrent_constraint: Any = None
    dropout: Rate = 0
    recurrent_dropout: Rate = 0
    seed: int | None = None


class LSTMSettings(RecurrentSettings):
    """What an LSTM layer has besides."""

    unit_forget_bias: bool = True


class GRUSettings(RecurrentSettings):
    """What a GRU layer has besides."""

    reset_after: Literal[True] = True


class DropoutSettings(Settings):
    """What a Dropout layer has."""

    rate: Annotated[float, Field(ge=0, le=0.9)]
    seed: int | None = None
    noise_shape: None = None


class DenseSettings(Weighted):
    """What the last layer has."""

    units: Characters
    activation: Literal["softmax"]
    quantization_config: None = None
    lora_rank: None = None


class Layer(Part):
    """The base of layers: they are Keras' own."""

    module: Literal["keras.layers"]
    registered_name: None = None
    build_config: Any = None


class InputLayer(Layer):
    """The input."""

    class_name: Literal["InputLayer"]
    config: InputSettings


class LSTMLayer(Layer):
    """An LSTM layer."""

    class_name: Literal["LSTM"]
    config: LSTMSettings


class GRULayer(Layer):
    """A GRU layer."""

    class_name: Literal["GRU"]
    config: GRUSettings


class DropoutLayer(Layer):
    """A layer that hides some of its input while the model is trained."""

    class_name: Literal["Dropout"]
    config: DropoutSettings


class DenseLayer(Layer):
    """The last layer."""

    class_name: Literal["Dense"]
    config: DenseSettings


AnyLayer = Annotated[
    InputLayer | LSTMLayer | GRULayer | DropoutLayer | DenseLayer,
    Field(discriminator="class_name"),
]


class SequentialSettings(Part):
    """The layers in their order."""

    name: Name
    trainable: bool = True
    dtype: Policy = "float32"
    layers: list[AnyLayer] = Field(min_length=3, max_length=MOST_LAYERS)
    build_input_shape: Any = None


class Sequential(Part):
    """A model; ``compile_config`` is how it was trained, which is read by nobody."""

    module: Literal["keras"]
    class_name: Literal["Sequential"]
    config: SequentialSettings
    registered_name: None = None
    build_config: Any = None
    compile_config: Any = None


@dataclass(frozen=True)
class Architecture:
    """The numbers that a model is built from, and its layers as its file has them."""

    window: int
    vocabulary_size: int
    units: int
    layers: int
    cell: Literal["lstm", "gru"]
    dropout: float
    # Kinds of layers in order, the input left out.
    kinds: tuple[str, ...]

    def spec(self) -> TrainingSpec:
        """Return the article's recipe with this model's shape."""
        return TrainingSpec(
            window=self.window, units=self.units, layers=self.layers, cell=self.cell,
            dropout=self.dropout,
        )  # fmt: skip


def read_architecture(path: Path) -> Architecture:
    """Return what a ``config.json`` describes. Raises ``ConfigurationRefused``."""
    document = read_json(path)
    _refuse_code(document)
    try:
        model = Sequential.model_validate(document)
    except ValidationError as error:
        _refuse_first(error)
    return _architecture(model.config.layers)


def _architecture(layers: list[AnyLayer]) -> Architecture:
    first, *between, last = layers
    if not isinstance(first, InputLayer) or not isinstance(last, DenseLayer):
        refuse(NAME, said("a model begins with an InputLayer and ends with a Dense layer"))
    cells = [layer for layer in between if isinstance(layer, LSTMLayer | GRULayer)]
    dropouts = [layer for layer in between if isinstance(layer, DropoutLayer)]
    if len(cells) + len(dropouts) < len(between):
        refuse(NAME, said("between the first layer and the last stand LSTM, GRU and Dropout only"))
    _check_cells(cells)
    _, window, size = first.config.batch_shape
    if last.config.units != size:
        refuse(NAME, said("the input has {size} characters and the last layer {units}",
                          size=size, units=last.config.units))  # fmt: skip
    return Architecture(
        window or USUAL_WINDOW, size, cells[0].config.units, len(cells),
        "lstm" if cells[0].class_name == "LSTM" else "gru", _dropout(between, dropouts),
        tuple(layer.class_name for layer in layers[1:]),
    )  # fmt: skip


def _check_cells(cells: list[LSTMLayer | GRULayer]) -> None:
    if not 1 <= len(cells) <= 4:
        refuse(NAME, said("it has {count} LSTM or GRU layers; accepted: 1 to 4", count=len(cells)))
    if len({(cell.class_name, cell.config.units) for cell in cells}) > 1:
        refuse(NAME, said("its LSTM or GRU layers are not all alike, of one kind and size"))
    if [cell.config.return_sequences for cell in cells] != [True] * (len(cells) - 1) + [False]:
        refuse(NAME, said("return_sequences is not true for all LSTM or GRU layers but the last"))


def _dropout(between: list[AnyLayer], dropouts: list[DropoutLayer]) -> float:
    """Return the one rate of dropout behind each layer, or 0: it matters to training alone."""
    kinds = [layer.class_name == "Dropout" for layer in between]
    rates = {layer.config.rate for layer in dropouts}
    alternate = kinds == [False, True] * (len(between) // 2)
    return float(rates.pop()) if alternate and len(rates) == 1 else 0.0


def _refuse_code(document: Any) -> None:
    """Refuse whatever names code that is not Keras' own, wherever it stands."""
    for part in objects(document):
        module, registered = part.get("module"), part.get("registered_name")
        kind = part.get("class_name")
        if registered is not None:
            refuse(NAME, said("it names {name}, which is registered code; accepted: Keras' own",
                              name=ascii(registered)[:80]))  # fmt: skip
        if module is not None and not _of_keras(module):
            refuse(NAME, said("it names the module {name}; accepted: Keras' own",
                              name=ascii(module)[:80]))  # fmt: skip
        if isinstance(kind, str) and (kind.startswith("__") or kind in ("Lambda", "function")):
            refuse(NAME, said("it has a {kind}; accepted: {accepted}",
                              kind=ascii(kind)[:80], accepted=", ".join(KINDS)))  # fmt: skip


def _of_keras(module: object) -> bool:
    return isinstance(module, str) and module.split(".")[0] == "keras"


def _refuse_first(error: ValidationError) -> NoReturn:
    first = error.errors(include_url=False)[0]
    place = ".".join(map(str, first["loc"]))[:200]
    refuse(NAME, said("in {place}: {why}; received {received}", place=ascii(place)[1:-1],
                      why=first["msg"], received=ascii(first["input"])[:80]), error)  # fmt: skip
