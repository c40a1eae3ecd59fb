"""Files of the API: streamed, whole or not there at all."""

import re
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote

import httpx

from cli.client.connection import Connection
from cli.errors import Unreachable
from shared.errors import UserError
from shared.ids import new_id

# A place in a file is counted in bytes of its own, not of a packed form.
PLAIN = {"Accept-Encoding": "identity"}


def download(connection: Connection, path: str, target: Path) -> Path:
    """Write what ``path`` of the API answers to a file, or into a folder by the server's name.

    The file gets its name when it is whole. Raises ``UserError`` where it cannot be written, and
    what asking raises.
    """
    response = connection.ask("GET", path, stream=True, headers=PLAIN)
    if target.is_dir():
        target = _free(target / _server_name(response, path), response)
    draft = target.with_name(f".{new_id()}.part")
    try:
        with closing(response), draft.open("xb") as file:
            Download(connection, path, response, file).run()
        draft.replace(target)
    except OSError as error:
        raise UserError(f"{target} cannot be written: {error.strerror or error}") from error
    finally:
        draft.unlink(missing_ok=True)
    return target


def pieces(connection: Connection, path: str) -> Iterator[bytes]:
    """Yield what ``path`` of the API answers, as it comes. Raises what asking raises."""
    with closing(connection.ask("GET", path, stream=True)) as response:
        try:
            yield from response.iter_bytes()
        except httpx.TransportError as error:
            raise Unreachable(f"{connection.url} broke off: {error}") from error


class Download:
    """One file on its way. A connection that breaks is made again, and goes on where it broke
    where the server can do that."""

    def __init__(self, connection: Connection, path: str, response: httpx.Response, file: BinaryIO):
        self._connection, self._path, self._file = connection, path, file
        self._response, self._tag = response, response.headers.get("ETag", "")

    def run(self) -> None:
        """Write all of it. Raises ``Unreachable`` where too many connections break."""
        for tries in count():
            try:
                self._write()
                return
            except httpx.TransportError as error:
                if tries >= self._connection.retries.most:
                    url = self._connection.url
                    raise Unreachable(f"{url} broke off again and again: {error}") from error
            self._connection.sleep(self._connection.retries.pause(tries))
            self._ask_again()

    def _write(self) -> None:
        with closing(self._response):
            for piece in self._response.iter_bytes():
                self._file.write(piece)

    def _ask_again(self) -> None:
        headers = dict(PLAIN)
        # Without a strong tag nobody knows whether the rest is of the same file.
        if self._tag.startswith('"') and self._file.tell():
            headers |= {"Range": f"bytes={self._file.tell()}-", "If-Range": self._tag}
        self._response = self._connection.ask("GET", self._path, stream=True, headers=headers)
        if self._response.status_code != httpx.codes.PARTIAL_CONTENT:
            self._file.seek(0)
            self._file.truncate()


def _free(target: Path, response: httpx.Response) -> Path:
    """Return a file that the server named. Raises ``UserError`` where there is one already."""
    if target.exists():
        response.close()
        raise UserError(f"{target} is there already: name the file, or another folder")
    return target


def _server_name(response: httpx.Response, path: str) -> str:
    header = response.headers.get("Content-Disposition", "")
    if found := re.search(r"filename\*=UTF-8''([^;\s]+)", header):
        name = unquote(found[1])
    elif found := re.search(r'filename="([^"]+)"', header):
        name = found[1]
    else:
        name = path
    # The server names a file, never a place, and nothing that a terminal would obey.
    plain = "".join(c if c.isprintable() else "_" for c in name.replace("\\", "/"))
    return Path(plain).name.lstrip(".") or "download"
