"""What an operator may set to watch the service."""

from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings

ADDRESS = "host:port, as 127.0.0.1:9101 or [::1]:9101"


class WatchSettings(BaseSettings):
    """Metrics, traces, task events."""

    metrics_token: SecretStr | None = Field(
        None, description="A bearer token that is good for metrics alone, for Prometheus."
    )
    metrics_token_file: Path | None = Field(None, description="A file that holds that token.")
    metrics_address: str = Field(
        "",
        description="Where workers tell their metrics, `host:port`: `generate` one port higher, "
        "`maintenance` two. Empty: nowhere.",
    )
    otlp_endpoint: str = Field(
        "",
        description="Send traces to this OTLP/HTTP receiver, as `http://127.0.0.1:4318`. "
        "Empty: no traces.",
    )
    task_events: bool = Field(
        False, description="Have workers tell of each ticket on Redis, for Flower."
    )

    @model_validator(mode="after")
    def _addresses_are_some(self) -> Self:
        if self.metrics_address and not _is_address(self.metrics_address):
            raise ValueError(f"metrics_address {self.metrics_address!r}: accepted: {ADDRESS}")
        if self.otlp_endpoint and not self.otlp_endpoint.startswith(("http://", "https://")):
            raise ValueError(
                f"otlp_endpoint {self.otlp_endpoint!r}: accepted: an http:// or https:// address"
            )
        return self

    def metrics_place(self) -> tuple[str, int] | None:
        """Return host and port of the workers' metrics; None where they are told nowhere."""
        parts = urlsplit(f"//{self.metrics_address}")
        return (parts.hostname, parts.port) if parts.hostname and parts.port else None


def _is_address(text: str) -> bool:
    parts = urlsplit(f"//{text}")
    try:
        return bool(parts.hostname and parts.port and parts.netloc == text)
    except ValueError:
        return False
