"""docker-compose.yml and the Dockerfiles, held against the code. No image is built here."""

import re
import shlex
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import check_jsonschema
import jsonschema
import pytest
import yaml

from cli.main import main
from shared.queue import QUEUES, FakeTickets
from shared.settings import Settings
from web import create_app, serving

ROOT = Path(__file__).resolve().parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
DOCKERFILES = sorted((ROOT / "docker").glob("*.Dockerfile"))
# What compose itself is told, besides our settings.
OUTSIDE = {"POSTGRES_PASSWORD", "WEB_PORT"}


def instructions(path: Path) -> list[tuple[str, list[str]]]:
    """Return a Dockerfile's instructions and their words."""
    lines = path.read_text("utf-8").replace("\\\n", " ").splitlines()
    split = [shlex.split(line, comments=True) for line in lines]
    return [(words[0], words[1:]) for words in split if words]


def copied(path: Path) -> set[str]:
    """Return what a Dockerfile copies, without the slash of folders."""
    return {words[0].rstrip("/") for name, words in instructions(path) if name == "COPY"}


def option(command: list[str], name: str) -> str:
    """Return the value of an option."""
    return command[command.index(name) + 1]


def test_follows_the_compose_specification() -> None:
    """The file is valid by the schema of the Compose specification."""
    folder = Path(check_jsonschema.__file__).parent / "builtin_schemas" / "vendor"
    schema = yaml.safe_load((folder / "compose-spec.json").read_text("utf-8"))
    jsonschema.validate(COMPOSE, schema)


def test_every_variable_is_a_setting() -> None:
    """Each CHARLOOM_* variable is a field of Settings; the others are known."""
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    known = {f"CHARLOOM_{name.upper()}" for name in Settings.model_fields}
    assert set(re.findall(r"CHARLOOM_[A-Z_]+", text)) <= known
    assert set(re.findall(r"\$\{([A-Z_]+)", text)) - known == OUTSIDE


def test_every_queue_has_a_worker() -> None:
    """Each queue is worked on, also without a profile; the celery app is there."""
    workers = [s["command"] for s in OURS.values() if "worker" in s.get("command", [])]
    assert {option(command, "-Q") for command in workers} == set(QUEUES)
    assert all(option(command, "-A") == "worker.app" for command in workers)
    assert find_spec("worker.app") is not None
    default = [s for s in OURS.values() if "profiles" not in s and "-Q" in s.get("command", [])]
    assert {option(s["command"], "-Q") for s in default} == set(QUEUES)


@pytest.mark.parametrize("name", [n for n in OURS if n.startswith("worker")])
def test_health_checks_ask_the_worker_itself(name: str) -> None:
    """A worker's health check pings the node name that the worker is started with."""
    node = option(OURS[name]["command"], "-n").removesuffix("%h")
    assert OURS[name]["healthcheck"]["test"][1].endswith(f"--destination {node}$$HOSTNAME")


def test_there_is_one_beat() -> None:
    """One service runs beat, and no worker embeds another."""
    beats = [n for n, s in OURS.items() if "beat" in s.get("command", [])]
    assert beats == ["beat"]
    assert not any("-B" in s.get("command", []) for s in OURS.values())


def test_migrate_is_a_command_and_the_others_wait_for_it() -> None:
    """The one-shot service runs ``charloom migrate`` to its end before anything else of ours."""
    command = SERVICES["migrate"]["command"]
    assert command[:3] == ["python", "-m", "cli"]
    assert command[3] in main.commands
    for name in OURS.keys() - {"migrate"}:
        waits = SERVICES[name]["depends_on"]["migrate"]["condition"]
        assert waits == "service_completed_successfully", name


def test_the_web_health_check_is_a_route(settings_without_servers: Settings) -> None:
    """The path that is asked exists, and the server's target makes the application."""
    app = create_app(settings_without_servers, FakeTickets())
    check = " ".join(SERVICES["web"]["healthcheck"]["test"])
    address = re.search(r"http://[^']+", check)
    assert address is not None
    adapter = app.url_map.bind("localhost")
    assert adapter.match(urlsplit(address[0]).path)
    start = next(words for name, words in instructions(ROOT / "docker" / "web.Dockerfile")
                 if name == "CMD")  # fmt: skip
    assert "--config, python:web.serving" in " ".join(start)
    assert serving.wsgi_app == "web:create_app()"


@pytest.fixture
def settings_without_servers() -> Settings:
    """Settings of a database and a broker that are never asked."""
    return Settings(database_url="sqlite://", token="t", secret_key="k")


def test_the_pages_are_published_on_this_machine_only() -> None:
    """No port of any service is open to other machines."""
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_everything_that_stays_up_has_a_health_check() -> None:
    """Every service but the one-shot migration has one."""
    assert {n for n, s in SERVICES.items() if "healthcheck" not in s} == {"migrate"}


def test_the_gpu_worker_reserves_a_card_and_waits_to_be_asked() -> None:
    """It is in the profile ``gpu``, with an NVIDIA reservation and the packages for it."""
    service = SERVICES["worker-train-gpu"]
    device = service["deploy"]["resources"]["reservations"]["devices"][0]
    assert service["profiles"] == ["gpu"]
    assert (device["driver"], device["capabilities"]) == ("nvidia", ["gpu"])
    assert service["build"]["args"] == {"REQUIREMENTS": "gpu"}


def test_workers_have_time_to_hand_their_job_back() -> None:
    """Containers of workers are given 30 s to stop."""
    workers = [s for n, s in OURS.items() if n.startswith("worker")]
    assert {s["stop_grace_period"] for s in workers} == {"30s"}


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_dockerfiles_copy_what_is_there(path: Path) -> None:
    """Everything that is copied exists, for every value of the build argument."""
    arguments = [s["build"].get("args", {}) for s in OURS.values()]
    kinds = {a["REQUIREMENTS"] for a in arguments if a}
    for source in copied(path):
        for kind in kinds:
            assert (ROOT / source.replace("${REQUIREMENTS}", kind)).exists(), source


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_dockerfiles_copy_what_is_imported(path: Path) -> None:
    """Every package of ours that a copied package imports is copied too."""
    packages = {"cli", "migrations", "shared", "web", "worker"}
    for package in copied(path) & packages:
        for source in (ROOT / package).rglob("*.py"):
            imported = re.findall(r"^\s*(?:from|import) (\w+)", source.read_text("utf-8"), re.M)
            assert set(imported) & packages <= copied(path), source


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_containers_do_not_run_as_root(path: Path) -> None:
    """The last user that a Dockerfile sets is an ordinary one, by number."""
    users = [words[0] for name, words in instructions(path) if name == "USER"]
    assert int(users[-1]) > 0


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_dockerfiles_take_a_supported_python(path: Path) -> None:
    """The image's Python is one that the project supports."""
    image = next(words[0] for name, words in instructions(path) if name == "FROM")
    found = re.fullmatch(r"python:3\.(\d+)-slim-bookworm", image)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    least, below = re.findall(r"3\.(\d+)", project["requires-python"])
    assert found is not None
    assert int(least) <= int(found[1]) < int(below)


def test_the_web_image_has_no_tensorflow() -> None:
    """What the web image installs holds neither TensorFlow nor Keras."""
    assert "requirements/web.txt" in copied(ROOT / "docker" / "web.Dockerfile")
    names = re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements/web.txt").read_text("utf-8"), re.M)
    assert "flask" in names
    assert not [name for name in names if name.startswith(("tensorflow", "keras"))]
