"""Reads one uploaded file, in a process that has nothing to lose.

``python -m worker.engine.importing FOLDER``: the file lies in the folder as ``upload``, and what
came with it as ``request.json``. Writes ``model.keras`` there and ``answer.json``.
"""

import json
import resource
import sys
from pathlib import Path
from typing import Any

from shared.errors import UserError
from worker.engine.importing.reading import Found, read_model

GIB = 1024**3
# Far more than any model needs that is accepted: of what is left over, no file shall eat more.
READING_MEMORY, MOST_FILE, MOST_SECONDS, MOST_FILES = 6 * GIB, 4 * GIB, 300, 256


def main(folder: Path) -> None:
    """Read, rebuild and answer."""
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_CPU, MOST_SECONDS)
    _limit(resource.RLIMIT_FSIZE, MOST_FILE)
    _limit(resource.RLIMIT_NOFILE, MOST_FILES)
    answer = folder / "answer.json"
    try:
        told = _rebuild(_read(folder), folder / "model.keras")
    except UserError as error:
        told = {"code": error.code, "message": str(error)}
    answer.write_text(json.dumps(told), encoding="utf-8")


def _read(folder: Path) -> Found:
    before = _limit(resource.RLIMIT_AS, READING_MEMORY)
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    unpacked = folder / "unpacked"
    unpacked.mkdir()
    found = read_model(folder / "upload", unpacked, request["vocabulary"])
    # TensorFlow reserves addresses that it never uses.
    _limit(resource.RLIMIT_AS, before)
    return found


def _rebuild(found: Found, path: Path) -> dict[str, Any]:
    """Build the model as the engine builds its own, and write it down."""
    # Not before the file is known to be harmless: it takes seconds.
    from worker.engine.checkpoints import save
    from worker.engine.model import build

    model = build(found.spec, len(found.vocabulary))
    model.set_weights(found.weights)
    save(model, path)
    return {"vocabulary": found.vocabulary, "spec": found.spec.stored()}


def _limit(what: int, most: int) -> int:
    """Set what this process may use of something; return what it might before."""
    before, hard = resource.getrlimit(what)
    if most == resource.RLIM_INFINITY or hard == resource.RLIM_INFINITY:
        allowed = most if hard == resource.RLIM_INFINITY else hard
    else:
        allowed = min(most, hard)
    resource.setrlimit(what, (allowed, hard))
    return before


if __name__ == "__main__":
    main(Path(sys.argv[1]))
