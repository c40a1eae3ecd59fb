"""Models as files: plain ``.keras``, which any Keras 3 opens without code of ours."""

from hashlib import sha256
from pathlib import Path
from typing import Any

import keras
import numpy as np

from worker.engine.naming import number_from_the_start


def save(model: Any, path: Path) -> None:
    """Write ``model`` to a ``.keras`` file: architecture and weights, no optimizer."""
    model.save(path)


def load(path: Path) -> Any:
    """Return the model of a ``.keras`` file; code in it is refused (``safe_mode``)."""
    number_from_the_start()
    return keras.saving.load_model(path, compile=False, safe_mode=True)


def weights_sha256(model: Any) -> str:
    """Return the hash of all weights' bytes, in order: the identity of a trained model.

    A ``.keras`` file carries its date, so equal models are not equal files.
    """
    digest = sha256()
    for array in model.get_weights():
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
