"""Which request something is done for: on its log lines, and in the first event of its job.

The logs' own context carries it, so that what is logged and what is stored is the same.
"""

import re

from structlog.contextvars import get_contextvars

from shared.ids import new_id

REQUEST, TRACE = "request", "traceparent"
# What a caller or a proxy may call a request: nothing that could be more than a word of a line.
WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{7,127}")


def request_id(given: str | None) -> str:
    """Return the id of a request: what came with it, if that is well-formed, or a new one."""
    return given if given and WELL_FORMED.fullmatch(given) else new_id()


def origin() -> dict[str, str]:
    """Return for which request this is done; nothing where it is for none."""
    bound = get_contextvars()
    return {name: bound[name] for name in (REQUEST, TRACE) if name in bound}
