"""Files of a known size, answered whole or by a range (RFC 9110), read from where they are wanted.

Werkzeug's own ranges read all that comes before, and refuse what may be passed over.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from itertools import chain

from flask import Response, request
from werkzeug.exceptions import PreconditionFailed, RequestedRangeNotSatisfiable

Span = tuple[int, int]


@dataclass(frozen=True)
class Part:
    """Bytes of a known size; ``read`` yields them from an offset on."""

    size: int
    read: Callable[[int], Iterator[bytes]]

    @classmethod
    def of(cls, data: bytes) -> "Part":
        """Return a part of bytes that are at hand."""
        return cls(len(data), lambda start: iter([data[start:]]))


def answer(parts: Sequence[Part], etag: str, mimetype: str) -> Response:
    """Return the answer with the joined parts, or the range of them that is asked for.

    Raises ``RequestedRangeNotSatisfiable``, ``PreconditionFailed``.
    """
    size = sum(part.size for part in parts)
    response = Response(mimetype=mimetype)
    response.set_etag(etag)
    response.headers["Accept-Ranges"] = "bytes"
    response.make_conditional(request)
    if response.status_code == HTTPStatus.PRECONDITION_FAILED:
        raise PreconditionFailed(f'this is "{etag}" now, which If-Match does not name')
    if response.status_code == HTTPStatus.OK:
        _fill(response, parts, _wanted(size, etag), size)
    return response


def _fill(response: Response, parts: Sequence[Part], span: Span | None, size: int) -> None:
    start, stop = span or (0, size)
    if span:
        response.status_code = HTTPStatus.PARTIAL_CONTENT
        response.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    if request.method != "HEAD":
        response.response = begun(_read(parts, start, stop))
    response.content_length = stop - start


def begun(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Read the first piece now: once the answer has begun, an error can only cut it short."""
    first = next(pieces, b"")
    return chain([first], pieces)


def _wanted(size: int, etag: str) -> Span | None:
    """Return the one range of bytes that is asked for; None where the whole is to be sent.

    So it is for a range that is malformed, of another unit or of another version, and for several
    ranges at once: all of these may be passed over. Raises ``RequestedRangeNotSatisfiable``.
    """
    asked = request.range if request.method == "GET" else None
    # Only the very same bytes may be put together: a weak validator or a date does not say so.
    same = request.headers.get("If-Range", f'"{etag}"') == f'"{etag}"'
    if asked is None or asked.units != "bytes" or len(asked.ranges) != 1 or not same:
        return None
    start, stop = asked.ranges[0]
    start = max(0, size + start) if start < 0 else start
    if start >= size:
        raise RequestedRangeNotSatisfiable(size, description=f"the file has {size:,} bytes")
    return start, size if stop is None else min(stop, size)


def _read(parts: Sequence[Part], start: int, stop: int) -> Iterator[bytes]:
    """Yield the bytes from ``start`` to ``stop``; of the parts before nothing is read."""
    for part in parts:
        if start < part.size and stop > 0:
            yield from _cut(part.read(max(start, 0)), min(stop, part.size) - max(start, 0))
        start, stop = start - part.size, stop - part.size


def _cut(pieces: Iterator[bytes], size: int) -> Iterator[bytes]:
    """Yield the first ``size`` bytes, and read no further."""
    while size > 0 and (piece := next(pieces, b"")):
        yield piece[:size]
        size -= len(piece)
