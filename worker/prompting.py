"""What each text of a generation job goes on from."""

import random

from shared.blobs import Blob, read_blob
from shared.corpora.models import CorpusVersion
from shared.errors import UnknownPrompt
from shared.prompts import NO_EXCERPT, FittedPrompt, fit_prompt
from shared.specs import GenerationSpec
from worker.node import Node

# The longest UTF-8 form of a code point.
MOST_BYTES = 4


def prompts(
    node: Node, spec: GenerationSpec, vocabulary: str, version: CorpusVersion | None, window: int
) -> list[FittedPrompt]:
    """Return the prompt of each text, ``count`` for every temperature in turn.

    Random excerpts differ from text to text but are the same at each temperature, so that
    temperatures can be compared.
    """
    count = len(spec.temperatures())
    different = 1 if spec.prompt is not None else spec.count
    found = [prompt(node, spec, vocabulary, version, window, n) for n in range(different)]
    return found * (count // different)


def prompt(
    node: Node, spec: GenerationSpec, vocabulary: str, version: CorpusVersion | None,
    window: int, text: int,
) -> FittedPrompt:  # fmt: skip
    """Return what one text, counted from 0, goes on from."""
    if spec.prompt is not None:
        return fit_prompt(spec.prompt, vocabulary)
    if version is None:
        raise UnknownPrompt(NO_EXCERPT)
    seed = f"{spec.rng_seed}/{text % spec.count}"
    return FittedPrompt(excerpt(node, version, window, seed), {}, [])


def excerpt(node: Node, version: CorpusVersion, length: int, seed: str) -> str:
    """Return ``length`` characters of the text from a place drawn by ``seed``.

    The place is drawn in bytes, so that a large text is never read whole.
    """
    with node.db.read() as session:
        size = session.get_one(Blob, version.blob_id).bytes
    start = random.Random(seed).randint(0, max(0, size - MOST_BYTES * length))
    found = bytearray()
    for chunk in read_blob(node.db, version.blob_id, start):
        found += chunk
        if len(found) >= MOST_BYTES * (length + 1):
            break
    # The first bytes may be the end of a character that began before the place.
    text = bytes(found).decode("utf-8", errors="ignore")
    return text[:length]
