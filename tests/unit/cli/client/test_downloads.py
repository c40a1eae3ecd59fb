"""Files: named by the server, whole or not there, and gone on with where a connection broke."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from cli.client import Client, Refused, Retries, Unreachable
from shared.errors import UserError
from tests.support.web import serving

DATA = bytes(range(256)) * 1000


@dataclass
class Server:
    """Sends ``DATA``, and breaks off after so many bytes as often as it is told."""

    breaks: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    ranges: bool = False
    status: int = 200
    asked: list[tuple[str | None, str | None]] = field(default_factory=list)

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer a request."""
        wanted = request.headers["Range"]
        self.asked.append((wanted, request.headers["If-Range"]))
        start = int(wanted[6:-1]) if wanted and self.ranges else 0
        request.send_response(206 if start else self.status)
        for name, value in self.headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(DATA) - start))
        request.end_headers()
        request.wfile.write(DATA[start : self.breaks.pop(0) if self.breaks else None])


@pytest.fixture
def server() -> Server:
    """A server to be told what to do."""
    return Server()


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    """A client that hardly waits."""
    with (
        serving(server.answer) as url,
        Client(url.rpartition("/")[0], "t", retries=Retries(first=0.001)) as made,
    ):
        yield made


def test_a_file_is_whole(client: Client, tmp_path: Path) -> None:
    """All bytes, under the name that was asked for, and nothing beside it."""
    (tmp_path / "a.bin").write_bytes(b"an older one")
    assert client.download("/x", tmp_path / "a.bin") == tmp_path / "a.bin"
    assert (tmp_path / "a.bin").read_bytes() == DATA
    assert [path.name for path in tmp_path.iterdir()] == ["a.bin"]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("attachment; filename=\"m.keras\"; filename*=UTF-8''m%20%C3%BC.keras", "m ü.keras"),
        ('attachment; filename="m.keras"', "m.keras"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ("attachment; filename*=UTF-8''..%2F..%5C.bashrc", "bashrc"),
        ("attachment", "output.txt"),
    ],
)
def test_into_a_folder_by_the_servers_name(
    server: Server, client: Client, tmp_path: Path, header: str, name: str
) -> None:
    """The server names a file, never a place."""
    server.headers["Content-Disposition"] = header
    assert client.download("/jobs/j/output.txt", tmp_path) == tmp_path / name
    assert (tmp_path / name).read_bytes() == DATA


def test_goes_on_where_it_broke(server: Server, client: Client, tmp_path: Path) -> None:
    """With a strong tag, and a server that can."""
    server.breaks, server.ranges, server.headers = [1000, 5000], True, {"ETag": '"t"'}
    client.download("/x", tmp_path / "a.bin")
    assert (tmp_path / "a.bin").read_bytes() == DATA
    assert server.asked[1] == ("bytes=1000-", '"t"')


@pytest.mark.parametrize("headers", [{}, {"ETag": 'W/"t"'}, {"ETag": '"t"'}])
def test_begins_anew_where_it_must(
    server: Server, client: Client, tmp_path: Path, headers: dict[str, str]
) -> None:
    """Without a tag nobody knows whether the rest fits; a server may send all of it again."""
    server.breaks, server.headers = [1000], headers
    client.download("/x", tmp_path / "a.bin")
    assert (tmp_path / "a.bin").read_bytes() == DATA


def test_half_a_file_is_none(server: Server, client: Client, tmp_path: Path) -> None:
    """Where it breaks again and again, what stood there before stands there still."""
    (tmp_path / "a.bin").write_bytes(b"before")
    server.breaks = [1000] * 9
    with pytest.raises(Unreachable):
        client.download("/x", tmp_path / "a.bin")
    assert (tmp_path / "a.bin").read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["a.bin"]
    server.breaks = [1000]
    with pytest.raises(Unreachable):
        list(client.pieces("/x"))


def test_a_refusal_makes_no_file(server: Server, client: Client, tmp_path: Path) -> None:
    """What is not there is not written."""
    server.status = 404
    with pytest.raises(Refused):
        client.download("/x", tmp_path / "a.bin")
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_to(client: Client, tmp_path: Path) -> None:
    """It is named."""
    with pytest.raises(UserError, match=r"a\.bin cannot be written: No such file or directory"):
        client.download("/x", tmp_path / "missing" / "a.bin")


def test_a_file_that_is_there_is_not_replaced_by_the_servers_name(
    server: Server, client: Client, tmp_path: Path
) -> None:
    """Only by a name of the caller's own."""
    server.headers = {"Content-Disposition": 'attachment; filename="Makefile"'}
    there = tmp_path / "Makefile"
    there.write_text("mine")
    with pytest.raises(UserError, match="is there already"):
        client.download("/x", tmp_path)
    assert there.read_text() == "mine"
    assert client.download("/x", there).read_bytes() == DATA


def test_names_carry_nothing_that_a_terminal_obeys(
    server: Server, client: Client, tmp_path: Path
) -> None:
    """Nor what no file system takes."""
    server.headers = {"Content-Disposition": "attachment; filename*=UTF-8''a%1B%5B31m%00%0Ab.txt"}
    assert client.download("/x", tmp_path).name == "a_[31m__b.txt"
