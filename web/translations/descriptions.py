"""Finds, besides what calls mark, the descriptions of models' fields, which are the help texts of
forms, and the docstrings of errors, which are their default messages.
"""

import ast
from collections.abc import Collection, Iterator
from typing import IO, Any

from babel.messages.extract import extract_python

# Line, function, message, comments: what Babel asks of an extractor.
Found = tuple[int, str | None, Any, list[str]]


def extract(
    file: IO[bytes], keywords: Collection[str], tags: Collection[str], options: dict[str, Any]
) -> Iterator[Found]:
    """Yield what calls mark, each text that is given as a ``description``, the errors' docstrings.

    https://babel.pocoo.org/en/latest/messages.html#writing-extraction-methods
    """
    yield from extract_python(file, keywords, tags, options)  # type: ignore[arg-type,misc]
    file.seek(0)
    tree = ast.parse(file.read())
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "description":
            yield from _text(node.value)
        if isinstance(node, ast.ClassDef) and _is_error(node):
            yield from _text(node.body[0].value)  # type: ignore[attr-defined]


def _text(value: ast.expr) -> Iterator[Found]:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.lineno, None, value.value, []


def _is_error(node: ast.ClassDef) -> bool:
    """Tell whether a class has a docstring and the stable code of an error."""
    if [ast.unparse(base) for base in node.bases] == ["Exception"]:
        return False
    targets = [t for n in node.body if isinstance(n, ast.Assign) for t in n.targets]
    coded = any(isinstance(target, ast.Name) and target.id == "code" for target in targets)
    return coded and ast.get_docstring(node) is not None
