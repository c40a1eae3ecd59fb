"""Structured logs; a job's id is on every line written while it runs."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from shared.redaction import Redacting
from shared.settings import Settings

# They tell of every ticket and every tick; what a job does is in our own lines.
QUIET = ("httpx", "celery.app.trace", "celery.beat", "celery.worker.strategy")


def configure_logs(settings: Settings) -> None:
    """Send structlog and the standard library's logs to standard error, one line each.

    For people a traceback keeps its lines. Secrets are hidden, wherever they stand.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderers: list[structlog.typing.Processor] = (
        [structlog.processors.JSONRenderer()]
        if settings.log_json
        else [
            _one_line,
            structlog.processors.KeyValueRenderer(
                key_order=["level", "event"], drop_missing=True, repr_native_str=False
            ),
        ]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
    )
    handler.setFormatter(Redacting(formatter, settings.known_secrets()))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def _one_line(_logger: Any, _name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Keep values from breaking the line, or from forging another one."""
    for key, value in line.items():
        if isinstance(value, str) and key not in ("exception", "stack"):
            line[key] = value.replace("\r", "\\r").replace("\n", "\\n")
    return line
