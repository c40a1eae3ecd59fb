"""Stored models, read back: from a checkpoint's blob to Keras, or to the sampler's arrays."""

import tempfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

from shared.blobs import read_blob
from shared.checkpoints.models import Checkpoint
from worker.engine.checkpoints import load
from worker.engine.sampling import CharacterModel
from worker.node import Node

# The last few models, by checkpoint: a class that writes with one model loads it once.
CACHED_MODELS = 4
_cache: OrderedDict[str, CharacterModel] = OrderedDict()


def keras_model(node: Node, blob_id: str) -> Any:
    """Return the Keras model whose ``.keras`` file a blob holds."""
    with tempfile.NamedTemporaryFile(suffix=".keras") as file:
        for chunk in read_blob(node.db, blob_id):
            file.write(chunk)
        file.flush()
        return load(Path(file.name))


def character_model(node: Node, checkpoint: Checkpoint) -> CharacterModel:
    """Return a checkpoint's model as the sampler wants it."""
    if checkpoint.sha256 not in _cache:
        model = keras_model(node, checkpoint.blob_id)
        _cache[checkpoint.sha256] = CharacterModel.from_keras(model)
    _cache.move_to_end(checkpoint.sha256)
    while len(_cache) > CACHED_MODELS:
        _cache.popitem(last=False)
    return _cache[checkpoint.sha256]
