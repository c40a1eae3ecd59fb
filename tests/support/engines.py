"""Database engines for tests: what each of thousands would compile anew is compiled once.

Half of a short test's time goes into SQL that the test before compiled, too: an engine's cache of
statements is its own, and its keys hold the dialect as an object.
"""

import gc
from typing import Any

from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Engine
from sqlalchemy.util import LRUCache

STATEMENTS = 3_000
DIALECTS = (PGDialect_psycopg, SQLiteDialect_pysqlite)
# Objects that come before Python looks for circles: at its 700 a tenth of the time went there.
GARBAGE = 20_000

_caches: dict[type, LRUCache[Any, Any]] = {dialect: LRUCache(STATEMENTS) for dialect in DIALECTS}
_make = Engine.__init__


def compile_once() -> None:
    """Let all engines of a dialect share what was compiled for one, in this process."""
    for dialect in DIALECTS:
        dialect.__eq__ = _same_kind  # type: ignore[method-assign]
        dialect.__hash__ = _kind  # type: ignore[method-assign,assignment]
    Engine.__init__ = _share  # type: ignore[method-assign]
    gc.set_threshold(GARBAGE, 20, 20)


def _same_kind(one: Any, other: Any) -> bool:
    """All are made by ``shared.db.make_engine``, so of one kind they are alike."""
    return type(one) is type(other)


def _kind(one: Any) -> int:
    return hash(type(one))


def _share(self: Engine, *args: Any, **options: Any) -> None:
    _make(self, *args, **options)
    cache = _caches.get(type(self.dialect))
    if cache is not None:
        self._compiled_cache = cache
