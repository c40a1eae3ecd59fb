"""The provider's settings: whole and safe, or the start stops."""

from pathlib import Path
from typing import Any

import pytest

from shared.accounts.provider import Provider
from shared.accounts.rights import Role
from shared.errors import SettingsError
from shared.settings import load_settings

WHOLE: dict[str, Any] = {"oidc_issuer": "https://id.example/realms/lab", "oidc_client_id": "loom"}


def test_without_an_issuer_there_is_none() -> None:
    """Also where a compose file passes on what is empty."""
    empty = dict.fromkeys(("oidc_issuer", "oidc_client_id", "oidc_client_secret", "oidc_team"), "")
    assert load_settings().provider() is None
    assert load_settings(**empty).provider() is None


def test_the_least_that_is_needed() -> None:
    """An issuer and a client; new people are refused, nobody is made an administrator."""
    settings = load_settings(**WHOLE)
    assert settings.provider() == Provider(
        "https://id.example/realms/lab", "loom", "single sign-on", "openid email profile",
        False, None, Role.MEMBER, (), None, None,
    )  # fmt: skip
    assert settings.provider_secret() is None


def test_all_that_may_be_set(tmp_path: Path) -> None:
    """Names are split and put into lower case; the secret comes from a file."""
    (tmp_path / "secret").write_text("hush\n")
    settings = load_settings(
        **WHOLE, oidc_client_secret_file=tmp_path / "secret", oidc_name="Lab",
        oidc_scopes=" openid  groups ", oidc_new_users="add", oidc_team="lab", oidc_role="viewer",
        oidc_domains="Example.org, lab.example.org,", oidc_admin_claim="groups",
        oidc_admin_value="ops",
    )  # fmt: skip
    provider = settings.provider()
    assert provider is not None
    assert (provider.name, provider.scopes) == ("Lab", "openid groups")
    assert (provider.adds_users, provider.team, provider.role) == (True, "lab", Role.VIEWER)
    assert provider.domains == ("example.org", "lab.example.org")
    assert (provider.admin_claim, provider.admin_value) == ("groups", "ops")
    assert settings.provider_secret() == "hush"


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:9000", "http://[::1]", "http://localhost/x"])
def test_a_provider_on_this_machine_needs_no_tls(issuer: str) -> None:
    """Nothing of it goes over a network."""
    assert load_settings(**WHOLE | {"oidc_issuer": issuer}).provider() is not None


@pytest.mark.parametrize(
    "issuer",
    [
        "id.example",
        "http://id.example",
        "http://127.0.0.1.evil.example",
        "ftp://id.example",
        "https://",
        "https://id.example:99999",
        "https://id.example/?realm=lab",
        "https://id.example/#lab",
        "https://user:password@id.example",
        "https://id.example/\nlab",
        "https://id example/",
    ],
)
def test_an_issuer_that_is_none_is_named(issuer: str) -> None:
    """Neither an address of another form, nor one that asks in the open."""
    with pytest.raises(SettingsError, match="CHARLOOM_OIDC_ISSUER: malformed") as caught:
        load_settings(**WHOLE | {"oidc_issuer": issuer})
    assert repr(issuer) in str(caught.value)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"oidc_client_id": None}, "CHARLOOM_OIDC_CLIENT_ID is not set"),
        ({"oidc_client_id": ""}, "CHARLOOM_OIDC_CLIENT_ID is not set"),
        ({"oidc_issuer": None}, "CHARLOOM_OIDC_CLIENT_ID is set, but CHARLOOM_OIDC_ISSUER is not"),
        ({"oidc_scopes": "email"}, "CHARLOOM_OIDC_SCOPES: openid is not among them .*'email'"),
        ({"oidc_team": "lab"}, "CHARLOOM_OIDC_TEAM is set, but CHARLOOM_OIDC_NEW_USERS is not"),
        ({"oidc_admin_claim": "groups"}, "CHARLOOM_OIDC_ADMIN_VALUE are set together"),
        ({"oidc_admin_value": "ops"}, "CHARLOOM_OIDC_ADMIN_VALUE are set together"),
        ({"oidc_domains": "ada@example.org"}, "CHARLOOM_OIDC_DOMAINS: malformed.*'ada@example"),
        ({"oidc_new_users": "maybe"}, "CHARLOOM_OIDC_NEW_USERS: .*'maybe'"),
        ({"oidc_role": "owner"}, "CHARLOOM_OIDC_ROLE: .*'owner'"),
        ({"oidc_name": "x" * 61}, "CHARLOOM_OIDC_NAME: "),
    ],
)
def test_what_is_half_or_malformed_is_named(given: dict[str, Any], message: str) -> None:
    """The start stops with a line that says which variable it is."""
    with pytest.raises(SettingsError, match=message) as caught:
        load_settings(**WHOLE | given)
    assert "\n" not in str(caught.value)


def test_the_secret_does_not_show() -> None:
    """Neither in settings that are printed nor in the message of a refused start."""
    given = WHOLE | {"oidc_client_secret": "hush"}
    assert "hush" not in repr(load_settings(**given))
    with pytest.raises(SettingsError) as caught:
        load_settings(**given | {"oidc_client_id": ""})
    assert "hush" not in str(caught.value)
    with pytest.raises(SettingsError) as caught:
        load_settings(**WHOLE | {"oidc_client_secret": ["hush"]})
    assert "hush" not in str(caught.value)


def test_a_secret_alone_is_half() -> None:
    """What has no meaning without a provider is not passed over."""
    with pytest.raises(SettingsError, match="CHARLOOM_OIDC_CLIENT_SECRET is set, but") as caught:
        load_settings(oidc_client_secret="hush")
    assert "hush" not in str(caught.value)
