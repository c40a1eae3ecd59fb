"""Applications for tests: what each of a thousand would compile anew is compiled once."""

from collections.abc import Callable
from types import CodeType
from typing import Any

from apiflask import APIFlask
from flask.testing import FlaskClient
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from shared.queue import FakeTickets
from shared.settings import Settings
from web import create_app

Builder = Callable[..., tuple[str, str]]
_compile_builder = Rule._compile_builder
_builders: dict[tuple[Any, ...], Builder] = {}


class Compiled(BytecodeCache):
    """The templates' code, in memory; a template that has changed is compiled again."""

    def __init__(self) -> None:
        self._code: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take what an application before has compiled."""
        bucket.code = self._code.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        assert bucket.code is not None
        self._code[bucket.key, bucket.checksum] = bucket.code


TEMPLATES = Compiled()


class Client(FlaskClient):
    """Takes each answer to its end, as a real one does; a stream is asked for with ``buffered``."""

    def open(self, *args: Any, buffered: bool = True, **options: Any) -> TestResponse:
        """Ask, and read what is answered."""
        return super().open(*args, buffered=buffered, **options)


def make_app(settings: Settings, tickets: FakeTickets) -> APIFlask:
    """Return an application of its own, as ``create_app`` makes it; close its database."""
    app = create_app(settings, tickets)
    app.jinja_env.bytecode_cache = TEMPLATES
    app.test_client_class = Client
    return app


def _compile_once(self: Rule, append_unknown: bool = True) -> Builder:
    """Return the function that builds a rule's addresses: it depends on the rule's words alone."""
    key = (self.rule, repr(self._trace), repr(self.defaults), append_unknown)
    if key not in _builders:
        _builders[key] = _compile_builder(self, append_unknown)
    return _builders[key]


# Nine tenths of the time that `create_app` takes.
Rule._compile_builder = _compile_once  # type: ignore[method-assign]
