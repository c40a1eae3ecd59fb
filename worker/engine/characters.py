"""A model as the sampler reads it: plain arrays, from a Keras model or its file.

Shapes: ``B`` windows, ``L`` layers, ``H`` units, ``G`` all gates' units, ``V`` vocabulary.
"""

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from worker.engine import kernels
from worker.engine.vocabulary import Ids

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
CELLS = {"LSTM": 4, "GRU": 3}


@dataclass
class State:
    """The memory of one stream: ``h`` and ``c`` (L, H); a GRU has no ``c``, and leaves it be."""

    h: Floats
    c: Floats


@dataclass(frozen=True)
class CharacterModel:
    """The weights of stacked LSTM or GRU layers and a softmax, as Keras orders them.

    ``layers``: kernel (I, G), recurrent kernel (H, G) and bias, (4H) of an LSTM, (2, 3H) of a GRU;
    I is V for the first layer. ``dense`` (H, V), ``bias`` (V). ``keras``: the version that stored
    it, where it comes from a file.
    """

    layers: list[tuple[Floats, Floats, Floats]]
    dense: Floats
    bias: Floats
    keras: str = ""

    @classmethod
    def from_keras(cls, model: Any) -> "CharacterModel":
        """Return the weights of a model that ``worker.engine.model.build`` made."""
        kinds = [type(layer).__name__ for layer in model.layers]
        weights = {n: layer.get_weights() for n, layer in enumerate(model.layers)}
        return cls._of(kinds, weights.__getitem__)

    @classmethod
    def from_file(cls, path: Path) -> "CharacterModel":
        """Return the weights of a ``.keras`` file, without Keras or TensorFlow.

        Raises ``ValueError`` for a model that has other layers.
        """
        with zipfile.ZipFile(path) as archive:
            layers = json.loads(archive.read("config.json"))["config"]["layers"]
            keras = str(json.loads(archive.read("metadata.json")).get("keras_version", ""))
            weights = archive.read("model.weights.h5")
        with h5py.File(io.BytesIO(weights), "r") as file:
            groups = dict(_groups(file["layers"]))
            names = [layer["config"].get("name") for layer in layers]
            kinds = [layer["class_name"] for layer in layers]
            return cls._of(kinds, lambda n: _arrays(groups[names[n]]), keras)

    @classmethod
    def _of(
        cls, kinds: list[str], weights: Callable[[int], list[Any]], keras: str = ""
    ) -> "CharacterModel":
        """Return the weights of layers of these kinds; nothing else may be among them."""
        found: dict[str, list[Any]] = {kind: [] for kind in (*CELLS, "Dense")}
        for number, kind in enumerate(kinds):
            if kind in found:
                found[kind].append([np.ascontiguousarray(a, np.float32) for a in weights(number)])
            elif kind not in ("InputLayer", "Dropout"):
                raise ValueError(
                    f"the model has a layer of kind {kind}; accepted: LSTM, GRU, Dropout, Dense"
                )
        cells = [tuple(arrays) for kind in CELLS for arrays in found[kind]]
        ((dense, bias),) = found["Dense"]
        return cls(cells, dense, bias, keras)

    @property
    def vocabulary_size(self) -> int:
        """``V``."""
        return len(self.bias)

    @cached_property
    def weights(self) -> tuple[Floats, ...]:
        """What the kernels read: input rows (V, G), kernels (L - 1, H, G) and biases (L - 1, G)
        of the later layers, recurrent kernels (L, H, G), the products' biases (L, G), and the
        last layer's."""
        units, gates = self.layers[0][1].shape
        biases = np.array([np.atleast_2d(bias)[0] for *_, bias in self.layers], np.float32)
        own = [bias[1] if bias.ndim == 2 else np.zeros(gates) for *_, bias in self.layers]
        # One-hot times a matrix is a row of the matrix.
        rows = self.layers[0][0] + biases[0]
        later = np.array([kernel for kernel, *_ in self.layers[1:]], np.float32)
        recurrents = np.array([recurrent for _, recurrent, _ in self.layers], np.float32)
        return (
            rows, later.reshape(-1, units, gates), biases[1:], recurrents,
            np.array(own, np.float32), self.dense, self.bias,
        )  # fmt: skip

    def start(self) -> State:
        """Return the zero state."""
        shape = (len(self.layers), self.layers[0][1].shape[0])
        return State(np.zeros(shape, np.float32), np.zeros(shape, np.float32))

    def read(self, ids: Ids) -> State:
        """Return the state after ids (N,) read from a zero state."""
        state = self.start()
        kernels.read_all(np.ascontiguousarray(ids, np.int64), self.weights, state.h, state.c)
        return state

    def probabilities(self, windows: Ids) -> Doubles:
        """Return the probabilities (B, V) of the character behind each window (B, T)."""
        logits = np.empty((len(windows), self.vocabulary_size), np.float32)
        for row, window in zip(logits, windows, strict=True):
            kernels.predict(self.weights, self.read(window).h, row)
        powers = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
        shares: Doubles = powers / powers.sum(axis=1, keepdims=True)
        return shares


def _groups(layers: Any) -> Iterator[tuple[str, Any]]:
    """Yield each layer's name and its group in the file, which has a name of its own."""
    for group in layers.values():
        yield group["vars"].attrs["name"], group


def _arrays(group: Any) -> list[Any]:
    """Return a layer's arrays in order; a recurrent layer keeps them in its cell."""
    holder = group["cell"]["vars"] if "cell" in group else group["vars"]
    return [holder[key][...] for key in sorted(holder, key=int)]
