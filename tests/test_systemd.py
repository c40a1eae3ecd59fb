"""deploy/systemd, held against docker-compose.yml, the code and systemd's own check."""

import shlex
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from cli.child import ROOT
from shared.queue import QUEUES
from shared.settings import Settings
from tests.support.composed import SERVICES, command, with_defaults

FOLDER = ROOT / "deploy" / "systemd"
PYTHON = "/srv/charloom/.venv/bin/python"
# By the services of docker-compose.yml; %i is the queue.
SAME = {
    "web": "charloom-web",
    "migrate": "charloom-migrate",
    "beat": "charloom-beat",
    **{f"worker-{queue}": "charloom-worker@" for queue in QUEUES},
}
# What differs: a port of this machine, and a folder that outlives the unit.
HERE = {"0.0.0.0:8000": "127.0.0.1:8000", "/tmp/beat-schedule": "/var/lib/charloom-beat/schedule"}


def unit(name: str, instance: str = "") -> dict[str, list[str]]:
    """Return a unit's values by their keys, as they are for an instance."""
    found = defaultdict(list)
    for line in (FOLDER / f"{name}.service").read_text("utf-8").splitlines():
        key, is_value, value = line.partition("=")
        if is_value and not line.startswith("#"):
            found[key].append(value.replace("%i", instance).replace("%%", "%"))
    return found


UNITS = {service: unit(name, service.removeprefix("worker-")) for service, name in SAME.items()}


def variables(service: str) -> dict[str, str]:
    """Return the variables that a unit sets."""
    return dict(item.split("=", 1) for item in UNITS[service]["Environment"])


def test_every_unit_is_looked_at() -> None:
    """Each file is one of those that are held against compose here."""
    assert {path.name for path in FOLDER.iterdir()} == {f"{n}.service" for n in SAME.values()}


@pytest.mark.parametrize("service", SAME)
def test_units_run_what_compose_runs(service: str) -> None:
    """The same command, memory and time to stop, and its main process alone is told."""
    (start,) = UNITS[service]["ExecStart"]
    python, *words = shlex.split(start)
    expected = [HERE.get(word.rstrip(","), word.rstrip(",")) for word in command(SERVICES[service])]
    assert python == PYTHON
    assert ["python", *words] == expected
    memory = with_defaults(SERVICES[service]["mem_limit"]).upper()
    assert UNITS[service]["MemoryMax"] == [memory]
    if service == "migrate":
        assert UNITS[service]["Type"] == ["oneshot"]
        return
    grace = SERVICES[service].get("stop_grace_period", "30s").removesuffix("s")
    assert (UNITS[service]["TimeoutStopSec"], UNITS[service]["KillMode"]) == ([grace], ["mixed"])
    assert UNITS[service]["Restart"] == ["always"]


@pytest.mark.parametrize("service", SAME)
def test_units_get_composes_secrets(service: str) -> None:
    """From files that only root may read; each is named to a setting."""
    credentials = dict(item.split(":") for item in UNITS[service]["LoadCredential"])
    assert credentials == {n: f"/etc/charloom/secrets/{n}" for n in SERVICES[service]["secrets"]}
    known = {f"CHARLOOM_{name.upper()}" for name in Settings.model_fields}
    own = {name: value for name, value in variables(service).items() if name in known}
    files = {name: value for name, value in own.items() if name.endswith("_FILE")}
    # That of an identity provider is named in the file of settings, as in compose.
    given = credentials.keys() - {"oidc_client_secret"}
    assert files == {f"CHARLOOM_{name.upper()}_FILE": f"%d/{name}" for name in given}
    unknown = {name for name in variables(service) if name.startswith("CHARLOOM_")} - known
    assert unknown == set()


@pytest.mark.parametrize("service", SAME)
def test_units_write_where_they_may(service: str) -> None:
    """Nothing of the system is writable but the folders that systemd makes for the unit."""
    own = UNITS[service]
    assert own["ProtectSystem"] == ["strict"]
    assert (own["NoNewPrivileges"], own["CapabilityBoundingSet"]) == (["yes"], [""])
    assert own["User"] == ["charloom"]
    made = [f"/var/cache/{name}" for name in own["CacheDirectory"]]
    made += [f"/var/lib/{name}" for name in own["StateDirectory"]]
    words = [*own["ExecStart"][0].split(), *variables(service).values()]
    written = [word for word in words if word.startswith("/var/")]
    assert all(any(f"{path}/".startswith(f"{place}/") for place in made) for path in written)
    assert len(written) >= len(made)


def test_systemd_finds_no_fault(tmp_path: Path) -> None:
    """``systemd-analyze verify``, where there is one, knows every key and value."""
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("systemd-analyze is not installed")
    for path in FOLDER.iterdir():
        # No installation is here.
        text = path.read_text("utf-8").replace(PYTHON, sys.executable)
        (tmp_path / path.name).write_text(text)
    done = subprocess.run(
        [tool, "verify", *sorted(tmp_path.iterdir())], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
