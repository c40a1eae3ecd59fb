"""Stored models, read back as the sampler wants them: without Keras or TensorFlow."""

import tempfile
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.blobs import read_blob
from shared.checkpoints.models import Checkpoint
from worker.engine.characters import CharacterModel
from worker.node import Node

# The last few models, by checkpoint: a class that writes with one model loads it once.
CACHED_MODELS = 4
_cache: OrderedDict[str, CharacterModel] = OrderedDict()


@contextmanager
def model_file(node: Node, blob_id: str) -> Iterator[Path]:
    """Yield a ``.keras`` file with what a blob holds."""
    with tempfile.NamedTemporaryFile(suffix=".keras") as file:
        for chunk in read_blob(node.db, blob_id):
            file.write(chunk)
        file.flush()
        yield Path(file.name)


def character_model(node: Node, checkpoint: Checkpoint) -> CharacterModel:
    """Return a checkpoint's model as the sampler wants it."""
    if checkpoint.sha256 not in _cache:
        with model_file(node, checkpoint.blob_id) as path:
            _cache[checkpoint.sha256] = CharacterModel.from_file(path)
    _cache.move_to_end(checkpoint.sha256)
    while len(_cache) > CACHED_MODELS:
        _cache.popitem(last=False)
    return _cache[checkpoint.sha256]
