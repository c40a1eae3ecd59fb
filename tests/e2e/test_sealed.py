"""The containers' processes where neither their code nor a home can be written: as in compose."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import make_url

from cli.child import ROOT
from cli.client import Client
from shared.corpora.sources import python_reference
from tests.support.composed import Places, is_healthy, running, start
from tests.support.forwarding import forwarding
from tests.support.long_runs import wait_for_end
from tests.support.sealed import need_seal, sealed
from tests.support.servers import free_port
from tests.support.stacks import wait_for

pytestmark = [
    pytest.mark.timeout(400),
    pytest.mark.parametrize("database_url", ["postgresql"], indirect=True),
]

TOKEN = "sealed-token"
EMPTY = {"smtp_url": "", "oidc_client_secret": ""}


@pytest.fixture
def reachable_url(database_url: str) -> Iterator[str]:
    """The database by a port: without a right of root nobody gets to the server's socket."""
    need_seal()
    url = make_url(database_url)
    folder = str(url.query["host"])
    with forwarding(Path(folder, ".s.PGSQL.5432")) as port:
        own = url.set(host="127.0.0.1", port=port).difference_update_query(["host"])
        yield own.render_as_string(hide_password=False)


@pytest.fixture
def places(reachable_url: str, redis_url: str, tmp_path: Path) -> Places:
    """Secrets in files, and an empty folder for what is written."""
    secrets, temporary = tmp_path / "secrets", tmp_path / "temporary"
    secrets.mkdir()
    temporary.mkdir()
    texts = {"database_url": reachable_url, "redis_url": redis_url, "token": TOKEN}
    more = {"secret_key": "sealed-key", "metrics_token": "sealed-metrics"}
    for name, text in (texts | EMPTY | more).items():
        (secrets / name).write_text(text + "\n")
    return Places(temporary, secrets, free_port(), tmp_path)


def ready(url: str) -> bool:
    """Tell whether the web server answers."""
    try:
        return httpx.get(f"{url}/readyz").status_code == 200
    except httpx.TransportError:
        return False


def test_everything_works_with_one_writable_folder(places: Places) -> None:
    """Migrate, serve, train and tick: the seal holds, and nothing needs more."""
    for path in (ROOT / "web" / "x", places.temporary.parent / "x", Path.home() / "x"):
        done = subprocess.run(sealed(places.temporary, ["touch", str(path)]), capture_output=True)
        assert b"Read-only file system" in done.stderr
    assert start("migrate", places).wait(60) == 0
    assert not is_healthy("worker-train", places), "it is not there yet"
    names = ["web", "worker-train", "worker-maintenance", "beat"]
    url = f"http://127.0.0.1:{places.port}"
    with running(names, places) as started:
        wait_for(lambda: ready(url), 60)
        assert "<html" in httpx.get(f"{url}/corpora").text
        with Client(url, TOKEN) as client:
            corpus = client.add_corpus("sealed", text=python_reference()[:20_000])
            job = wait_for_end(client, client.train(corpus["id"], preset="tiny", epochs=1))
            assert client.best_checkpoint(job["id"])["epoch"] == 1
        assert all(is_healthy(name, places) for name in ("worker-train", "worker-maintenance"))
        assert not is_healthy("worker-generate", places), "nobody started it"
        inside = Path(f"/proc/{started['beat'].pid}/root{places.temporary}")
        wait_for(lambda: any(inside.glob("beat-schedule*")), 20)
        assert {name: process.poll() for name, process in started.items()} == dict.fromkeys(names)
