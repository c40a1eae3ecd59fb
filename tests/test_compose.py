"""docker-compose.yml and the Dockerfiles, held against the code. No image is built here."""

import re
import stat
import subprocess
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import check_jsonschema
import jsonschema
import pytest
import yaml
from redis import Redis
from redis.exceptions import AuthenticationError, RedisError

from cli.main import main
from shared.queue import QUEUES, FakeTickets
from shared.settings import Settings, load_settings
from tests.support.composed import command, instructions
from tests.support.servers import free_port, redis_executable
from tests.support.stacks import wait_for
from web import create_app, serving
from worker.scraped import port_for

ROOT = Path(__file__).resolve().parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
DOCKERFILES = sorted((ROOT / "docker").glob("*.Dockerfile"))
# What compose itself is told, besides our settings.
OUTSIDE = {
    *("WEB_PORT", "POSTGRES_MEMORY", "REDIS_MEMORY", "WEB_MEMORY", "WORKER_MEMORY"),
    *("GRAFANA_PORT", "FLOWER_PORT", "PROMETHEUS_MEMORY", "GRAFANA_MEMORY", "FLOWER_MEMORY"),
}
SECRETS = "/run/secrets/"
PROMETHEUS = ROOT / "deploy" / "prometheus" / "prometheus.yml"


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
    """A worker's health check asks for its queue, by a program that is there."""
    check = OURS[name]["healthcheck"]["test"]
    assert check == ["CMD", "python", "-m", "worker.health", option(OURS[name]["command"], "-Q")]
    assert find_spec("worker.health") is not None


def test_there_is_one_beat() -> None:
    """One service runs beat, and no worker embeds another."""
    beats = [n for n, s in OURS.items() if "beat" in s.get("command", [])]
    assert beats == ["beat"]
    assert not any("-B" in s.get("command", []) for s in OURS.values())


@pytest.mark.parametrize("name", [n for n in OURS if n.startswith("worker")])
def test_workers_can_be_scaled_out(name: str) -> None:
    """``--scale worker-train=4``: nothing of a container is there once only; each has its name."""
    service = OURS[name]
    assert not service.keys() & {"container_name", "hostname", "ports", "volumes"}
    assert option(service["command"], "-n").endswith("@%h")


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


def test_the_web_health_check_is_answered_whatever_names_are_allowed(
    settings_without_servers: Settings,
) -> None:
    """It asks by the loopback address; the pages' own names alone are no reason to refuse it."""
    named = settings_without_servers.model_copy(update={"allowed_hosts": "charloom.example.org"})
    client = create_app(named, FakeTickets()).test_client()
    status = {
        host: client.get("/healthz", headers={"Host": host}).status_code
        for host in ("127.0.0.1:8000", "charloom.example.org", "elsewhere.example.org")
    }
    assert list(status.values()) == [200, 200, 400]


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
    found = re.fullmatch(r"python:3\.(\d+)\.\d+-slim-bookworm", image)
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


def mounted(service: dict[str, Any]) -> dict[str, set[str]]:
    """Return the folders of a service that are in memory, and how each is mounted."""
    pairs = (mount.split(":") for mount in service["tmpfs"])
    return {place: set(options.split(",")) for place, options in pairs}


@pytest.mark.parametrize("name", SERVICES)
def test_containers_are_sealed(name: str) -> None:
    """A read-only root, no right beyond an ordinary user's, limits; nothing written is run."""
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert service["pids_limit"] > 0
    assert service["mem_limit"]
    for place, options in mounted(service).items():
        assert options >= {"noexec", "nosuid", "nodev"}, place
        assert any(option.startswith("size=") for option in options), place


@pytest.mark.parametrize("name", [name for name in SERVICES if name not in OURS])
def test_images_of_others_are_pinned_and_run_as_a_user(name: str) -> None:
    """By whole versions, and not as root."""
    debian, makers_own = r"\w+:\d+\.\d+(\.\d+)?-bookworm", r"[a-z]+/[a-z]+:v?\d+\.\d+\.\d+"
    assert re.fullmatch(f"{debian}|{makers_own}", SERVICES[name]["image"])
    assert SERVICES[name]["user"] not in ("root", "0")


@pytest.mark.parametrize("name", OURS)
def test_what_is_written_is_in_memory(name: str) -> None:
    """Every path that a setting or the command names, and no secret is, is in a tmpfs."""
    service = OURS[name]
    words = [*command(service), *map(str, service["environment"].values())]
    paths = [w for w in words if w.startswith("/") and not w.startswith((SECRETS, "/nonexistent"))]
    assert paths
    assert all(any(path.startswith(f"{place}/") for place in mounted(service)) for path in paths)


def test_only_web_is_published_and_the_rest_stays_inside() -> None:
    """Database, broker, migration and beat cannot reach or be reached from another host."""
    published = {name for name, service in SERVICES.items() if "ports" in service}
    assert published == {"web", "grafana", "flower"}
    inside = {name for name, service in SERVICES.items() if service["networks"] == ["inside"]}
    assert inside == {"postgres", "redis", "migrate", "beat", "prometheus"}
    assert COMPOSE["networks"]["inside"]["internal"] is True


def test_secrets_come_from_files() -> None:
    """No variable holds one; each file that a service names is a secret that it is given."""
    for name, service in SERVICES.items():
        variables = service.get("environment", {})
        files = {key: value for key, value in variables.items() if key.endswith("_FILE")}
        assert all(value.startswith(SECRETS) for value in files.values()), name
        named = {value.removeprefix(SECRETS) for value in files.values()}
        assert named <= set(service.get("secrets", [])), name
        assert not variables.keys() & {key.removesuffix("_FILE") for key in files}
        assert not re.search("(TOKEN|KEY|PASSWORD|_URL)$", "\n".join(variables), re.M), name


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """The folder that docker/make-secrets.sh makes."""
    folder = tmp_path / "secrets"
    subprocess.run(["sh", ROOT / "docker" / "make-secrets.sh", folder], check=True)
    return folder


# What not everybody has.
EMPTY = ("smtp_url", "oidc_client_secret")


def test_every_secret_is_made_once(secrets: Path) -> None:
    """Each of the file's secrets, for its owner's folder only; a second run changes none."""
    wanted = {value["file"].removeprefix("./secrets/") for value in COMPOSE["secrets"].values()}
    made = {path.name: path.read_text() for path in secrets.iterdir()}
    assert made.keys() == wanted == COMPOSE["secrets"].keys()
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    subprocess.run(["sh", ROOT / "docker" / "make-secrets.sh", secrets], check=True)
    assert {path.name: path.read_text() for path in secrets.iterdir()} == made
    given = [text for text in made.values() if text != "\n"]
    assert len(set(given)) == len(given) == len(made) - len(EMPTY)


def test_the_secrets_are_settings(secrets: Path) -> None:
    """The files are read as the settings that they are for; without an address, no e-mail."""
    fields = ("database_url", "redis_url", "smtp_url", "token", "secret_key", "metrics_token")
    settings = load_settings(**{f"{name}_file": secrets / name for name in fields})
    password = (secrets / "postgres_password").read_text().strip()
    assert settings.database_url == f"postgresql://charloom:{password}@postgres/charloom"
    assert len(settings.api_token() or "") == len(settings.signing_key() or "") == 64
    assert settings.mail_server() is None
    assert len(settings.watch_token() or "") == 64


def test_redis_wants_its_password(secrets: Path) -> None:
    """The broker, started as the file says, answers nobody without the password of the secret."""
    port = free_port()
    _, config, *options = SERVICES["redis"]["command"]
    assert config == f"{SECRETS}redis_conf"
    given = [redis_executable(), secrets / "redis_conf", *options, "--port", str(port)]
    url = (secrets / "redis_url").read_text().strip().replace("redis:6379", f"127.0.0.1:{port}")
    with (
        subprocess.Popen([*given, "--bind", "127.0.0.1"], stdout=subprocess.DEVNULL) as server,
        Redis.from_url(url) as known,
        Redis(port=port) as stranger,
    ):
        wait_for(lambda: answers(known), 10)
        with pytest.raises(AuthenticationError):
            stranger.ping()
        server.terminate()


def answers(client: "Redis") -> bool:
    """Tell whether a server answers."""
    try:
        return bool(client.ping())
    except RedisError:
        return False


def test_what_watches_asks_where_it_is_told() -> None:
    """Prometheus' addresses are services with that port, and the web server knows its name."""
    config = yaml.safe_load(PROMETHEUS.read_text("utf-8"))
    jobs = {job["job_name"]: job for job in config["scrape_configs"]}
    (web,) = jobs["charloom-web"]["static_configs"][0]["targets"]
    assert web == "web:8000"
    allowed = SERVICES["web"]["environment"]["CHARLOOM_ALLOWED_HOSTS"]
    assert "web" in allowed.rpartition("}")[2].split(",")
    asked = {
        (name, place["port"])
        for place in jobs["charloom-workers"]["dns_sd_configs"]
        for name in place["names"]
    }
    told = set()
    for name, service in OURS.items():
        if "-Q" in service.get("command", []):
            given = Settings(metrics_address=service["environment"]["CHARLOOM_METRICS_ADDRESS"])
            host, port = given.metrics_place() or ("", 0)
            told.add((name, port_for(port, {option(service["command"], "-Q")})))
            assert host == "0.0.0.0"  # noqa: S104
    assert asked == told


def test_what_watches_waits_to_be_asked_and_reads_files_that_are_there() -> None:
    """Nothing of it starts by itself; each file it mounts is one of ours, and cannot be written."""
    profiles = {name: SERVICES[name]["profiles"] for name in ("prometheus", "grafana", "flower")}
    assert profiles == {"prometheus": ["watch"], "grafana": ["watch"], "flower": ["flower"]}
    for name in profiles:
        for volume in SERVICES[name].get("volumes", []):
            source, _, rest = volume.partition(":")
            if source.startswith("./"):
                assert (ROOT / source).exists()
                assert rest.endswith(":ro")
            else:
                assert source in COMPOSE["volumes"]
