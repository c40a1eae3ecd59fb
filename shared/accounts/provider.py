"""Which OpenID Connect provider people may sign in through: its settings, checked."""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings

from shared.accounts.rights import Role

BEGINNING = "oidc_"
DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")


@dataclass(frozen=True)
class Provider:
    """A provider, and whom of those it sends are let in; ``issuer`` as it writes itself."""

    issuer: str
    client_id: str
    name: str
    scopes: str
    adds_users: bool
    team: str | None
    role: Role
    # Of e-mail; empty: all.
    domains: tuple[str, ...]
    # A claim and what it must hold, or contain, of an administrator.
    admin_claim: str | None
    admin_value: str | None


class ProviderSettings(BaseSettings):
    """What an operator may set of signing in through a provider."""

    oidc_issuer: str | None = Field(
        None,
        description="Sign in through this OpenID Connect provider, too: its issuer, an https:// "
        "address.",
    )
    oidc_client_id: str | None = Field(
        None, description="As what charloom is registered at the provider."
    )
    oidc_client_secret: SecretStr | None = Field(
        None, description="The secret of that registration, if it has one."
    )
    oidc_client_secret_file: Path | None = Field(None, description="A file that holds that secret.")
    oidc_name: str = Field(
        "single sign-on", max_length=60, description="What the button calls the provider."
    )
    oidc_scopes: str = Field(
        "openid email profile", description="What the provider is asked for, by blanks."
    )
    oidc_new_users: Literal["refuse", "add"] = Field(
        "refuse", description="Whom the provider sends for the first time: `refuse` or `add`."
    )
    oidc_team: str | None = Field(
        None, description="The team into which those are added; none unless set."
    )
    oidc_role: Role = Field(Role.MEMBER, description="As what: `viewer`, `member` or `manager`.")
    oidc_domains: str | None = Field(
        None,
        description="Only people with a verified e-mail address in one of these domains, by "
        "commas; all unless set.",
    )
    oidc_admin_claim: str | None = Field(
        None,
        description="The claim, as `groups`, that makes administrators of those whom the provider "
        "sends, and of all others none.",
    )
    oidc_admin_value: str | None = Field(None, description="What that claim holds for them.")

    @model_validator(mode="after")
    def _provider_is_whole(self) -> Self:
        # Empty is as good as unset: compose files pass on what may not be there.
        if not self.oidc_issuer:
            _refuse_without_issuer(self)
            return self
        _check_issuer(self.oidc_issuer)
        if not self.oidc_client_id:
            raise ValueError("CHARLOOM_OIDC_CLIENT_ID is not set, but CHARLOOM_OIDC_ISSUER is")
        if "openid" not in self.oidc_scopes.split():
            raise ValueError(
                f"CHARLOOM_OIDC_SCOPES: openid is not among them (received {self.oidc_scopes!r})"
            )
        if self.oidc_team and self.oidc_new_users != "add":
            raise ValueError("CHARLOOM_OIDC_TEAM is set, but CHARLOOM_OIDC_NEW_USERS is not `add`")
        if bool(self.oidc_admin_claim) != bool(self.oidc_admin_value):
            raise ValueError(
                "CHARLOOM_OIDC_ADMIN_CLAIM and CHARLOOM_OIDC_ADMIN_VALUE are set together, or "
                "neither"
            )
        _check_domains(_domains(self.oidc_domains))
        return self

    def provider(self) -> Provider | None:
        """Return the provider, or None where people sign in here alone."""
        if not self.oidc_issuer or not self.oidc_client_id:
            return None
        return Provider(
            issuer=self.oidc_issuer,
            client_id=self.oidc_client_id,
            name=self.oidc_name,
            scopes=" ".join(self.oidc_scopes.split()),
            adds_users=self.oidc_new_users == "add",
            team=self.oidc_team or None,
            role=self.oidc_role,
            domains=_domains(self.oidc_domains),
            admin_claim=self.oidc_admin_claim or None,
            admin_value=self.oidc_admin_value or None,
        )


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine by its very name."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refuse_without_issuer(settings: ProviderSettings) -> None:
    """Raise ``ValueError`` where something is set that has no meaning without a provider."""
    for name, field in ProviderSettings.model_fields.items():
        value = getattr(settings, name)
        if value and value != field.default:
            raise ValueError(
                f"CHARLOOM_{name.upper()} is set, but CHARLOOM_{BEGINNING.upper()}ISSUER is not"
            )


def _check_issuer(issuer: str) -> None:
    """Raise ``ValueError`` for an issuer that is no address, or to which secrets would go open."""
    try:
        parts = urlsplit(issuer)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    more = parts.query or parts.fragment or "@" in parts.netloc or not issuer.isprintable()
    if not host or not safe or more or " " in issuer:
        raise ValueError(
            "CHARLOOM_OIDC_ISSUER: malformed; accepted: https://host/path without ? and #, or "
            f"http:// on this machine itself (received {issuer!r})"
        )


def _domains(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip().lower() for part in (text or "").split(",") if part.strip())


def _check_domains(domains: tuple[str, ...]) -> None:
    for domain in domains:
        if not DOMAIN.fullmatch(domain):
            raise ValueError(
                "CHARLOOM_OIDC_DOMAINS: malformed; accepted: names as example.org, by commas "
                f"(received {domain!r})"
            )
