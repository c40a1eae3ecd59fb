"""From an uploaded file to a model of ours: its numbers are checked, its bytes never trusted."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from shared.errors import VocabularyRefused
from shared.said import said
from shared.specs import TrainingSpec
from shared.vocabularies import read_vocabulary
from worker.engine.importing.archives import unpack
from worker.engine.importing.configurations import Architecture, read_architecture
from worker.engine.importing.documents import read_json, refuse
from worker.engine.importing.weights import Floats, read_weights

SHAPE = ("window", "units", "layers", "cell", "dropout")


@dataclass(frozen=True)
class Found:
    """A model as numbers: its recipe, its characters in order, its weights as Keras orders them."""

    spec: TrainingSpec
    vocabulary: str
    weights: list[Floats]


def read_model(path: Path, folder: Path, vocabulary: str | None) -> Found:
    """Return what an uploaded file holds, unpacked into an empty folder.

    ``vocabulary`` are the characters that came with it; a bundle has its own. Raises ``UserError``.
    """
    files = unpack(path, folder)
    model = read_architecture(files["config.json"])
    characters = _vocabulary(files, vocabulary)
    if len(characters) != model.vocabulary_size:
        raise VocabularyRefused(
            said("the vocabulary has {count} characters; the model has {size}",
                 count=len(characters), size=model.vocabulary_size)
        )  # fmt: skip
    spec = _spec(files.get("spec.json"), model)
    return _sorted(Found(spec, characters, read_weights(files["model.weights.h5"], model)))


def _vocabulary(files: dict[str, Path], given: str | None) -> str:
    own = files.get("vocabulary.json")
    if own is not None:
        return read_vocabulary(own.read_bytes())
    if given is None:
        raise VocabularyRefused(
            said("a .keras file says nothing of characters: send its vocabulary with it")
        )
    return given


def _spec(path: Path | None, model: Architecture) -> TrainingSpec:
    """Return the recipe of a bundle, or the article's. Raises ``ConfigurationRefused``."""
    if path is None:
        return model.spec()
    try:
        spec = TrainingSpec.model_validate(read_json(path))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ascii(".".join(map(str, first["loc"])))[1:-1][:80]
        refuse(path.name, said("in {place}: {why}", place=place, why=first["msg"]), error)
    for name in SHAPE:
        if getattr(spec, name) != getattr(model, name):
            refuse(path.name, said("{name} is {received}; the model has {accepted}", name=name,
                                   received=getattr(spec, name),
                                   accepted=getattr(model, name)))  # fmt: skip
    return spec


def _sorted(found: Found) -> Found:
    """Return the same model with its characters in the order of their code points."""
    order = np.argsort([ord(character) for character in found.vocabulary])
    if (order == np.arange(len(order))).all():
        return found
    first, *between, dense, bias = found.weights
    weights = [first[order], *between, dense[:, order], bias[order]]
    return Found(found.spec, "".join(sorted(found.vocabulary)), weights)
