"""JSON that nobody has looked at yet: depth and doubled keys are checked while it is read."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from shared.errors import ConfigurationRefused
from shared.said import said


def read_json(path: Path) -> Any:
    """Return what a small file holds. Raises ``ConfigurationRefused``."""
    try:
        text = path.read_bytes().decode("utf-8")
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except UnicodeDecodeError as error:
        refuse(path.name, said("it is not UTF-8: byte {offset}", offset=error.start), error)
    except RecursionError as error:
        refuse(path.name, said("it is nested too deeply"), error)
    except ValueError as error:
        refuse(path.name, said("it is no JSON: {why}", why=ascii(str(error))[:200]), error)


def refuse(name: str, why: str, error: Exception | None = None) -> NoReturn:
    """Raise ``ConfigurationRefused`` of a file."""
    raise ConfigurationRefused(said("{name} is refused: {why}", name=name, why=why)) from error


def objects(document: Any) -> Iterator[dict[str, Any]]:
    """Yield every object in a document, wherever it stands."""
    left = [document]
    while left:
        part = left.pop()
        if isinstance(part, dict):
            yield part
            left += part.values()
        elif isinstance(part, list):
            left += part


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the key {name[:80]!r} stands there twice")
        found[name] = value
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
