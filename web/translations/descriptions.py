"""Finds the descriptions of models' fields, which are the help texts of forms."""

import ast
from collections.abc import Collection, Iterator
from typing import IO, Any

# Line, function, message, comments: what Babel asks of an extractor.
Found = tuple[int, str | None, str, list[str]]


def extract(
    file: IO[bytes], keywords: Collection[str], tags: Collection[str], options: dict[str, Any]
) -> Iterator[Found]:
    """Yield each text that is given as a ``description``, and the docstrings of errors.

    https://babel.pocoo.org/en/latest/messages.html#writing-extraction-methods
    """
    tree = ast.parse(file.read())
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "description":
            yield from _text(node.value)


def _text(value: ast.expr) -> Iterator[Found]:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.lineno, None, value.value, []
