"""One frozen ``Settings`` from ``CHARLOOM_*`` variables; a malformed value stops the start."""

import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import SettingsConfigDict

from shared.accounts.provider import ProviderSettings
from shared.errors import SettingsError
from shared.limits.models import Limits
from shared.nodes.labels import LABEL
from shared.store_settings import StoreSettings
from shared.watch_settings import WatchSettings

MIB = 1024 * 1024
# It stands in addresses, and before a process' number in a worker's name.
NODE_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$"
# Addresses hold passwords.
ADDRESSES = ("database_url", "redis_url")
SECRETS = (
    *("token", "secret_key", "smtp_url", "oidc_client_secret", "metrics_token"),
    *("blob_store_key", "blob_store_secret"),
    *ADDRESSES,
)


@dataclass(frozen=True)
class MailServer:
    """A server that takes e-mail; ``tls`` where that is spoken from the first byte."""

    host: str
    port: int
    tls: bool
    user: str | None
    password: str | None

    @classmethod
    def parse(cls, url: str) -> "MailServer":
        """Return the server of an address. Raises ``SettingsError``, which does not show it."""
        ports = {"smtp": 25, "smtps": 465}
        try:
            parts = urlsplit(url)
            port = parts.port or ports[parts.scheme]
        except (ValueError, KeyError):
            parts, port = urlsplit(""), 0
        if not parts.hostname:
            accepted = "smtp://user:password@host:587 or smtps://user:password@host"
            raise SettingsError(f"CHARLOOM_SMTP_URL: malformed; accepted: {accepted}")
        names = (unquote(part) if part else None for part in (parts.username, parts.password))
        return cls(parts.hostname, port, parts.scheme == "smtps", *names)


class Settings(ProviderSettings, WatchSettings, StoreSettings):
    """All that an operator may set. Seconds and bytes unless a name says otherwise."""

    model_config = SettingsConfigDict(env_prefix="CHARLOOM_", frozen=True, extra="ignore")

    database_url: str = Field(
        "sqlite:///var/charloom.db", description="SQLAlchemy address of the database.", repr=False
    )
    database_url_file: Path | None = Field(None, description="A file that holds that address.")
    redis_url: str = Field(
        "redis://127.0.0.1:6379/0", description="Address of the broker.", repr=False
    )
    redis_url_file: Path | None = Field(None, description="A file that holds that address.")
    token: SecretStr | None = Field(None, description="The API's bearer token.")
    token_file: Path | None = Field(None, description="A file that holds the API's bearer token.")
    secret_key: SecretStr | None = Field(None, description="Signs form tokens and messages.")
    secret_key_file: Path | None = Field(None, description="A file that holds the secret key.")
    allowed_hosts: str = Field(
        "localhost,127.0.0.1,[::1]", description="Host names the pages answer to, by commas."
    )
    proxies: int = Field(
        0,
        ge=0,
        le=10,
        description="How many proxies in front of the web server are believed what "
        "they say of the caller: address, scheme and host.",
    )
    session_days: float = Field(
        30, gt=0, description="How long somebody stays signed in without coming back."
    )
    audit_days: float = Field(
        365, gt=0, description="How long the audit log keeps what was done, in days."
    )
    max_upload_bytes: int = Field(200 * MIB, ge=1, description="Largest text that is accepted.")
    team_corpora: int = Field(Limits.corpora, ge=0, description="Most corpora of a team.")
    team_corpus_bytes: int = Field(
        Limits.corpus_bytes, ge=0, description="Most bytes of all versions of a team's corpora."
    )
    team_queued_jobs: int = Field(
        Limits.queued_jobs, ge=0, description="Most jobs of a team that wait at a time."
    )
    team_running_jobs: int = Field(
        Limits.running_jobs, ge=0, description="Most jobs of a team that run at a time."
    )
    job_output_characters: int = Field(
        Limits.output_characters,
        ge=0,
        description="Most characters of a generation job: length, times count, times temperatures.",
    )
    worker_memory_bytes: int = Field(
        Limits.worker_memory,
        ge=1,
        description="What a training run may need as long as no worker has told its memory.",
    )
    pool_memory_bytes: int = Field(
        2 * 1024 * MIB,
        ge=0,
        description="What a worker's process may hold more than at its start before another takes "
        "its place, between two jobs; 0: any amount.",
    )
    devices_per_process: int = Field(
        1,
        ge=1,
        le=16,
        description="GPUs that each process of a training worker gets, for specs with `devices` "
        "over 1. Without GPUs the processor counts as so many.",
    )
    node_name: str | None = Field(
        None,
        pattern=NODE_NAME,
        description="What this machine is called among the nodes; unset: its host name.",
    )
    node_labels: str = Field(
        "", description="What jobs may ask for by name of the node that runs them, by commas."
    )
    slots: int | None = Field(
        None,
        ge=1,
        le=256,
        description="How many jobs a worker that trains runs side by side; unset: one a GPU, or "
        "one for every four cores.",
    )
    requests_per_minute: int = Field(
        3000, ge=0, description="Requests of one caller that are answered in a minute; 0: all."
    )
    lease_seconds: float = Field(30, ge=1, description="A worker's right to a job, unless renewed.")
    renew_seconds: float = Field(5, gt=0, description="Time between two renewals of a lease.")
    stall_seconds: float = Field(
        600, gt=0, description="Without progress for so long, a run is given up to another worker."
    )
    state_seconds: float = Field(
        30, gt=0, description="Time between two resume states inside an epoch."
    )
    sweep_seconds: float = Field(3, gt=0, description="Time between two rounds of the sweeper.")
    max_losses: int = Field(3, ge=1, description="Lost leases in a row before a job fails.")
    restart_seconds: float = Field(
        30, ge=0.1, description="Longest wait before `charloom up` starts a part again that died."
    )
    blob_grace_seconds: float = Field(
        3600, ge=0, description="How long bytes that nothing refers to are kept."
    )
    answer_seconds: float = Field(
        86_400, ge=0, description="How long scores and verifications are kept."
    )
    answer_wait_seconds: float = Field(
        10, ge=0, le=60, description="How long a score or a verification may keep its caller."
    )
    shakespeare_url: str = Field(
        "https://storage.googleapis.com/download.tensorflow.org/data/shakespeare.txt",
        description="Where the built-in corpus 'shakespeare' is fetched from.",
    )
    fetch_seconds: float = Field(
        30, gt=0, description="How long a text may take to come from an address."
    )
    private_addresses: bool = Field(
        False,
        description="Also ask addresses of this machine and of private networks, as an intranet's.",
    )
    smtp_url: SecretStr | None = Field(
        None,
        description="The server that takes e-mail: smtp://user:password@host:587, or smtps:// for "
        "one that begins with TLS.",
    )
    smtp_url_file: Path | None = Field(None, description="A file that holds that address.")
    smtp_private: bool = Field(
        False, description="That server may be on this machine or in a private network."
    )
    mail_from: str = Field("charloom@localhost", description="The sender of e-mail.")
    public_url: str | None = Field(
        None, description="Where people reach the pages, for links in e-mail."
    )
    cache_folder: Path = Field(
        Path("var/cache"),
        description="Where workers keep what they can make again: indexes of texts, up to 2 GiB.",
    )
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="Log level.")
    log_json: bool = Field(False, description="Log one JSON object a line.")

    @model_validator(mode="before")
    @classmethod
    def _addresses_from_files(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Take addresses from their files. Raises ``SettingsError``."""
        files = {name: given.get(f"{name}_file") for name in ADDRESSES if name not in given}
        read = {name: _secret(name, None, Path(path)) for name, path in files.items() if path}
        return given | read

    @model_validator(mode="after")
    def _mail_server_is_one(self) -> Self:
        # Empty is as good as unset: compose files pass on what may not be there.
        if self.smtp_url is not None and (url := self.smtp_url.get_secret_value()):
            try:
                MailServer.parse(url)
            except SettingsError as error:
                raise ValueError(str(error)) from None
        return self

    @model_validator(mode="after")
    def _labels_are_some(self) -> Self:
        for label in self.labels():
            if not re.match(LABEL, label):
                raise ValueError(
                    f"CHARLOOM_NODE_LABELS: {label!r} is no label; accepted: lower-case letters, "
                    "digits, '.', '_' and '-', at most 63, the first a letter or a digit"
                )
        return self

    @model_validator(mode="after")
    def _lease_outlives_renewals(self) -> Self:
        if self.renew_seconds * 3 > self.lease_seconds:
            raise ValueError(
                f"renew_seconds {self.renew_seconds:g} is over a third of lease_seconds "
                f"{self.lease_seconds:g}: a single late renewal would lose the job"
            )
        return self

    def api_token(self) -> str | None:
        """Return the API's token, or None when none was set. Raises ``SettingsError``."""
        return _secret("token", self.token, self.token_file)

    def signing_key(self) -> str | None:
        """Return the key that signs forms and messages, or None. Raises ``SettingsError``."""
        return _secret("secret_key", self.secret_key, self.secret_key_file)

    def watch_token(self) -> str | None:
        """Return the token that is good for metrics alone, or None. Raises ``SettingsError``."""
        name = "metrics_token"
        return _secret(name, self.metrics_token, self.metrics_token_file, empty=True) or None

    def mail_server(self) -> MailServer | None:
        """Return the server that takes e-mail, or None. Raises ``SettingsError``."""
        url = _secret("smtp_url", self.smtp_url, self.smtp_url_file, empty=True)
        return MailServer.parse(url) if url else None

    def provider_secret(self) -> str | None:
        """Return charloom's secret at the provider, or None. Raises ``SettingsError``."""
        name = "oidc_client_secret"
        file = self.oidc_client_secret_file
        return _secret(name, self.oidc_client_secret, file, empty=True) or None

    def store_keys(self) -> tuple[str | None, str | None]:
        """Return the id and the secret of the store's key. Raises ``SettingsError``."""
        id_file, secret_file = self.blob_store_key_file, self.blob_store_secret_file
        key = _secret("blob_store_key", self.blob_store_key, id_file, empty=True)
        secret = _secret("blob_store_secret", self.blob_store_secret, secret_file, empty=True)
        return key or None, secret or None

    def known_secrets(self) -> list[str]:
        """Return the secrets that are set, as far as they can be read.

        Addresses are none: they are known by their form, and only their passwords are secret.
        """
        found = []
        for name in set(SECRETS) - set(ADDRESSES):
            with suppress(SettingsError):
                found.append(_secret(name, getattr(self, name), getattr(self, f"{name}_file")))
        return [secret for secret in found if secret]

    def behind_tls(self) -> bool:
        """Tell whether people reach the pages by TLS: then cookies are sent over nothing else."""
        return (self.public_url or "").lower().startswith("https://")

    def limits(self) -> Limits:
        """Return what each team may have unless its row says otherwise."""
        return Limits(
            corpora=self.team_corpora,
            corpus_bytes=self.team_corpus_bytes,
            queued_jobs=self.team_queued_jobs,
            running_jobs=self.team_running_jobs,
            output_characters=self.job_output_characters,
            worker_memory=self.worker_memory_bytes,
        )

    def labels(self) -> list[str]:
        """Return the labels of this machine as a node."""
        return sorted({label.strip() for label in self.node_labels.split(",") if label.strip()})

    def hosts(self) -> list[str]:
        """Return the host names that the pages answer to."""
        return [host.strip() for host in self.allowed_hosts.split(",") if host.strip()]


def _secret(
    name: str, value: SecretStr | None, path: Path | None, empty: bool = False
) -> str | None:
    """Return a secret, or None where none was set; ``empty`` is one that a file may hold."""
    if value is not None:
        return value.get_secret_value()
    if path is None:
        return None
    try:
        text = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"CHARLOOM_{name.upper()}_FILE: cannot read {path}: {error}") from error
    if not text and not empty:
        raise SettingsError(f"CHARLOOM_{name.upper()}_FILE: {path} is empty")
    return text


def load_settings(**overrides: Any) -> Settings:
    """Return the settings of this process. Raises ``SettingsError`` naming each bad variable."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        # Not chained: pydantic's own words would show every setting, secrets too.
        raise SettingsError(
            "settings are malformed: " + "; ".join(map(_complaint, error.errors()))
        ) from None


def _complaint(item: Any) -> str:
    if not item["loc"]:
        return str(item["msg"])
    name = str(item["loc"][0])
    received = "" if name in SECRETS else f" (received {item['input']!r})"
    return f"CHARLOOM_{name.upper()}: {item['msg']}{received}"
