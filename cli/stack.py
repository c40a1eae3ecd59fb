"""``charloom up``: the whole service on one machine, from one command."""

import os
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from cli import redis_server
from cli.addresses import check_free, check_loopback, join
from cli.database import absolute, migrate
from cli.first_start import sign_in_lines
from cli.folder import DataFolder, ensure_secrets, locked, open_folder
from cli.output import Output
from cli.parts import Part, beat_part, redis_part, web_part, worker_parts
from cli.supervisor import StopRequests, Supervisor
from shared.settings import Settings, load_settings

READY = "charloom is ready at"
ADDRESSES = ("CHARLOOM_DATABASE_URL", "CHARLOOM_REDIS_URL")
FILES = ("CHARLOOM_TOKEN_FILE", "CHARLOOM_SECRET_KEY_FILE", "CHARLOOM_CACHE_FOLDER")


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    host: str
    port: int
    data: Path

    @property
    def url(self) -> str:
        """Where the pages and the API are."""
        return f"http://{join(self.host, self.port)}"


def up(options: Options) -> None:
    """Run the stack until SIGINT or SIGTERM. Raises ``CharloomError`` if it cannot start."""
    check_loopback(options.host)
    # The database, its journal and beat's file are for their owner's eyes only, too.
    os.umask(0o077)
    folder = open_folder(options.data)
    stops = StopRequests()
    with ExitStack() as opened:
        opened.enter_context(locked(folder))
        check_free(options.host, options.port)
        ensure_secrets(folder)
        env = environment(folder, options.host)
        settings = checked_settings(env)
        own_redis = redis_server.prepare(folder) if "CHARLOOM_REDIS_URL" not in env else None
        opened.enter_context(stops.listening())
        migrate(env["CHARLOOM_DATABASE_URL"])
        parts = _parts(options, folder, settings)
        if own_redis:
            env["CHARLOOM_REDIS_URL"] = own_redis.url
            parts = [redis_part(own_redis.argv), *parts]
        _supervise(options, parts, env, stops, settings.restart_seconds)


def environment(folder: DataFolder, host: str) -> dict[str, str]:
    """Return what the parts are started with: the caller's variables, completed.

    Files are named by whole paths, for the parts run in another folder. Raises ``SettingsError``.
    """
    env = {
        "CHARLOOM_DATABASE_URL": folder.database_url,
        "CHARLOOM_TOKEN_FILE": str(folder.token_file),
        "CHARLOOM_SECRET_KEY_FILE": str(folder.secret_key_file),
        "CHARLOOM_CACHE_FOLDER": str(folder.cache_folder),
        "TF_CPP_MIN_LOG_LEVEL": "2",
        # Celery says this to root alone, for the sake of pickled messages, which we never take.
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
        **os.environ,
        **_addresses(),
        "PYTHONUNBUFFERED": "1",
    }
    env["CHARLOOM_DATABASE_URL"] = absolute(env["CHARLOOM_DATABASE_URL"])
    env |= {name: str(Path(env[name]).absolute()) for name in FILES}
    default_hosts = Settings.model_fields["allowed_hosts"].default
    hosts = env.get("CHARLOOM_ALLOWED_HOSTS", default_hosts).split(",")
    own = f"[{host}]" if ":" in host else host
    env["CHARLOOM_ALLOWED_HOSTS"] = ",".join(dict.fromkeys([*hosts, own]))
    return env


def _addresses() -> dict[str, str]:
    """Return the addresses that the caller named by files."""
    named = [name for name in ADDRESSES if f"{name}_FILE" in os.environ]
    if not named:
        return {}
    settings = load_settings()
    return {name: getattr(settings, name.removeprefix("CHARLOOM_").lower()) for name in named}


def checked_settings(env: dict[str, str]) -> Settings:
    """Return the settings as the parts will read them. Raises ``SettingsError``."""
    settings = load_settings(
        database_url=env["CHARLOOM_DATABASE_URL"],
        token_file=env["CHARLOOM_TOKEN_FILE"],
        secret_key_file=env["CHARLOOM_SECRET_KEY_FILE"],
    )
    settings.api_token()
    settings.signing_key()
    return settings


def _parts(options: Options, folder: DataFolder, settings: Settings) -> list[Part]:
    # Workers tell that they are ready at level INFO.
    logged = settings.log_level in ("DEBUG", "INFO")
    web = web_part(options.host, options.port)
    return [web, *worker_parts(logged), beat_part(folder)]


def _supervise(
    options: Options,
    parts: list[Part],
    env: dict[str, str],
    stops: StopRequests,
    restart_seconds: float,
) -> None:
    output = Output([part.name for part in parts])
    output.say(f"starting {', '.join(part.name for part in parts)}; data in {options.data}")
    if "CHARLOOM_TOKEN" in env:
        token = "the value of CHARLOOM_TOKEN"  # noqa: S105  # nosec B105
    else:
        token = f"in the file {env['CHARLOOM_TOKEN_FILE']}"
    sign_in = sign_in_lines(env["CHARLOOM_DATABASE_URL"], options.url)
    lines = [f"{READY} {options.url}", *sign_in, f"API token: {token}", "Ctrl-C stops it."]
    supervisor = Supervisor(parts, env, output, stops, most_delay=restart_seconds)
    supervisor.run(ReadyProbe(f"{options.url}/readyz"), lambda: output.banner(lines))


class ReadyProbe:
    """Asks the web server whether it is ready, at most twice a second."""

    def __init__(self, url: str):
        self._url, self._next = url, 0.0

    def __call__(self) -> bool:
        """Tell whether it answered with 200 this time."""
        # Not before it is needed: a command that is refused should be so at once.
        import httpx

        if time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + 0.5
        try:
            return httpx.get(self._url, timeout=2, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False
