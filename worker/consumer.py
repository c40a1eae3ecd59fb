"""Taking messages from the broker: what is none is thrown away.

Celery's own consumer ends the worker at many of them, and puts them back for the next one.
"""

from collections.abc import Callable
from typing import Any

import structlog
from celery.worker.consumer import Consumer

# How reading what is no message of ours fails; the broker's own errors are others.
MALFORMED = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError)

log = structlog.get_logger(__name__)


class WaryConsumer(Consumer):  # type: ignore[misc]
    """A consumer that goes on whatever it is sent."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.loop: Any = _going_on(self.loop)

    def create_task_handler(self, *args: Any, **kwargs: Any) -> Callable[[Any], None]:
        """Return what takes a message."""
        take = super().create_task_handler(*args, **kwargs)

        def wary(message: Any) -> None:
            try:
                take(message)
            except MALFORMED as error:
                log.error("a message was thrown away: it is no ticket", error=str(error)[:200])
                message.reject_log_error(log, self.connection_errors)

        return wary


def _going_on(loop: Callable[..., Any]) -> Callable[..., Any]:
    def wary(*args: Any) -> Any:
        try:
            return loop(*args)
        except MALFORMED as error:
            log.error("what came from the broker is no message", error=str(error)[:200])
            # Connect anew: what runs goes on meanwhile.
            raise ConnectionResetError("the broker sent what is no message") from error

    return wary
