"""Model files as plain Keras and as charloom write them, made without Keras."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

VOCABULARY = "\n abc"
WINDOW, UNITS = 10, 3
MEMBERS = ("metadata.json", "config.json", "model.weights.h5")
LSTM = "layers/lstm/cell/vars"
Change = Callable[[Any], object]


def config() -> dict[str, Any]:
    """Return what Keras 3 writes of ``LSTM(3)`` and ``Dense(5, softmax)`` over windows of 10."""
    policy = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"},
              "registered_name": None}  # fmt: skip
    size = len(VOCABULARY)

    def layer(kind: str, **settings: Any) -> dict[str, Any]:
        return {"module": "keras.layers", "class_name": kind, "config": settings,
                "registered_name": None}  # fmt: skip

    common = {"trainable": True, "dtype": policy}
    layers = [
        layer("InputLayer", batch_shape=[None, WINDOW, size], dtype="float32", sparse=False,
              ragged=False, name="input_layer"),
        layer("LSTM", name="lstm", **common, return_sequences=False, return_state=False,
              go_backwards=False, stateful=False, unroll=False, zero_output_for_mask=False,
              units=UNITS, activation="tanh", recurrent_activation="sigmoid", use_bias=True,
              unit_forget_bias=True, dropout=0.0, recurrent_dropout=0.0, seed=None),
        layer("Dense", name="dense", **common, units=size, activation="softmax", use_bias=True),
    ]  # fmt: skip
    inner = {"name": "sequential", **common, "layers": layers,
             "build_input_shape": [None, WINDOW, size]}  # fmt: skip
    return {"module": "keras", "class_name": "Sequential", "config": inner,
            "registered_name": None, "build_config": {"input_shape": [None, WINDOW, size]},
            "compile_config": {}}  # fmt: skip


def arrays() -> dict[str, NDArray[np.float32]]:
    """Return the weights of that model, by their places."""
    size, rng = len(VOCABULARY), np.random.default_rng(1)
    shapes = {f"{LSTM}/0": (size, 4 * UNITS), f"{LSTM}/1": (UNITS, 4 * UNITS),
              f"{LSTM}/2": (4 * UNITS,), "layers/dense/vars/0": (UNITS, size),
              "layers/dense/vars/1": (size,)}  # fmt: skip
    return {place: rng.normal(size=shape).astype(np.float32) for place, shape in shapes.items()}


def weights(change: Change = lambda file: None, **others: NDArray[Any]) -> bytes:
    """Return the model's HDF5 file; ``change`` is done to it while it is open."""
    memory = io.BytesIO()
    with h5py.File(memory, "w") as file:
        for place, array in arrays().items():
            file[place] = array
        for place, name in (("vars", "sequential"), ("layers/lstm/vars", "lstm")):
            file.require_group(place).attrs["name"] = name
        change(file)
    return memory.getvalue()


def members(**changed: bytes) -> dict[str, bytes]:
    """Return the files of a good model by their names: ``config``, ``metadata`` and ``weights``
    may be others."""
    given = {
        "metadata": json.dumps({"keras_version": "3.15.1"}).encode(),
        "config": json.dumps(config()).encode(),
        "weights": b"",
    } | changed
    given["weights"] = given["weights"] or weights()
    return dict(zip(MEMBERS, (given["metadata"], given["config"], given["weights"]), strict=True))


def zipped(files: dict[str, bytes], how: int = zipfile.ZIP_STORED) -> bytes:
    """Return a zip file."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", how) as archive:
        for name, data in files.items():
            # Without a date of its own, so that equal files are equal bytes.
            archive.writestr(zipfile.ZipInfo(name), data, how)
    return memory.getvalue()


def model_file(**changed: bytes) -> bytes:
    """Return a good ``.keras`` file, but for what is changed."""
    return zipped(members(**changed))


def bundle_file(model: bytes | None = None, **changed: object) -> bytes:
    """Return a bundle as charloom writes it, but for what is changed."""
    spec = {"window": WINDOW, "units": UNITS}
    documents = {"vocabulary": list(VOCABULARY), "spec": spec, "receipt": {}} | changed
    files = {f"{name}.json": json.dumps(value).encode() for name, value in documents.items()}
    return zipped({"model.keras": model or model_file(), **files})
