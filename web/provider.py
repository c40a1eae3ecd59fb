"""The OpenID Connect provider that people may sign in through: Authlib's client, kept strict.

Authlib checks the state, the signature, the nonce and the times. What it leaves open is decided
here: which addresses and algorithms a provider may name, and for whom a token must be.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import requests
import structlog
from apiflask import APIFlask
from authlib.integrations.base_client.errors import MismatchingStateError, OAuthError
from authlib.integrations.flask_client import FlaskIntegration, FlaskOAuth2App, OAuth
from flask import current_app, request, session
from joserfc.errors import JoseError

from shared.accounts.arriving import Person, person_of
from shared.accounts.provider import Provider, is_loopback
from shared.errors import AddressRefused, NotFound, ProviderFailed, SignInFailed
from shared.said import said
from shared.settings import Settings
from web.guarded import GuardedSession

EXTENSION = "charloom.provider"
NAME = "provider"
# How the session's cookie calls what Authlib keeps of a sign-in that has begun.
BEGUN = f"_state_{NAME}_"
# A cookie has room for few: that many tabs may be signing in.
MOST_BEGUN = 3
BEGUN_SECONDS = 900
# How long what the provider says of itself is kept: its addresses, its keys. For a key that is not
# among them they are asked for at once.
KEPT_SECONDS = 3600.0
LEEWAY_SECONDS = 60
# Those whose keys are public: neither none, nor one whose secret would be a public key.
ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
)
NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")

log = structlog.get_logger(__name__)


class _Integration(FlaskIntegration):  # type: ignore[misc]
    expires_in = BEGUN_SECONDS


class _OAuth(OAuth):  # type: ignore[misc]
    framework_integration_cls = _Integration


class Client(FlaskOAuth2App):  # type: ignore[misc]
    """Authlib's client of one provider; ``provider`` is set when it is made."""

    client_cls = GuardedSession
    provider: Provider
    server_metadata: dict[str, Any]

    def load_server_metadata(self) -> dict[str, Any]:
        """Return what the provider says of itself, checked; asked for once an hour."""
        loaded = self.server_metadata.get("_loaded_at")
        if loaded is None or time.monotonic() - loaded > KEPT_SECONDS:
            with self._get_session() as asking:
                answer = asking.request("GET", self._server_metadata_url, withhold_token=True)
                answer.raise_for_status()
            checked = _checked(answer.json(), self.provider, self.client_secret)
            self.server_metadata = checked | {"_loaded_at": time.monotonic()}
        return self.server_metadata

    def save_authorize_data(self, **data: Any) -> None:
        """Keep a sign-in that has begun in the session, without what is not needed again."""
        data.pop("url", None)
        _forget_old(MOST_BEGUN - 1)
        super().save_authorize_data(**data)


def keep_provider(app: APIFlask, settings: Settings) -> None:
    """Make the client, where a provider is set. Raises ``SettingsError``."""
    provider = settings.provider()
    app.jinja_env.globals["provider_name"] = provider and provider.name
    if provider is None:
        return
    client = _OAuth(app).register(
        NAME,
        client_cls=Client,
        client_id=provider.client_id,
        client_secret=settings.provider_secret(),
        server_metadata_url=f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={"scope": provider.scopes, "code_challenge_method": "S256"},
    )
    client.provider = provider
    app.extensions[EXTENSION] = client


def provider_client() -> Client:
    """Return the client. Raises ``NotFound`` where no provider is set."""
    found: Client | None = current_app.extensions.get(EXTENSION)
    if found is None:
        raise NotFound(said("this service has no provider to sign in through"))
    return found


def begin(back: str, **kept: str) -> str:
    """Return the provider's address to which a browser goes, and remember what is ``kept``.

    Raises ``ProviderFailed``.
    """
    client = provider_client()
    with _told():
        begun = client.create_authorization_url(back)
        client.save_authorize_data(redirect_uri=back, **kept, **begun)
        url: str = begun["url"]
    return url


def finish() -> tuple[Person, dict[str, str]]:
    """Return whom the provider sends with this request, and what was kept when it began.

    Raises ``SignInFailed``, ``ProviderFailed``.
    """
    client = provider_client()
    with _told():
        _forget_old(MOST_BEGUN)
        kept = client.framework.get_state_data(session, request.args.get("state")) or {}
        # RFC 9207: it may say who it is, and must be the one that was asked.
        if request.args.get("iss") not in (None, client.provider.issuer):
            raise MismatchingStateError
        claims = _claims(client)
        return person_of(claims, client.provider), kept


def _claims(client: Client) -> Mapping[str, Any]:
    """Return what the ID token says, and besides it what the provider tells of the user."""
    token = client.authorize_access_token(
        claims_options={
            "iss": {"essential": True, "value": client.provider.issuer},
            "aud": {"essential": True, "value": client.client_id},
        },
        leeway=LEEWAY_SECONDS,
    )
    claims: Mapping[str, Any] | None = token.get("userinfo")
    if claims is None:
        raise ValueError("there is no ID token")
    if "userinfo_endpoint" not in client.load_server_metadata():
        return claims
    more = client.userinfo(token=token)
    if more.get("sub") != claims["sub"]:
        raise ValueError("the user's information is about somebody else")
    return {**more, **claims}


def _checked(said_of_itself: Any, provider: Provider, secret: str | None) -> dict[str, Any]:
    """Return what is used of a provider's metadata. Raises ``ValueError``."""
    if not isinstance(said_of_itself, dict) or said_of_itself.get("issuer") != provider.issuer:
        raise ValueError(f"its metadata is not that of the issuer {provider.issuer}")
    checked: dict[str, Any] = {"issuer": provider.issuer}
    for name in (*NEEDED, "userinfo_endpoint"):
        if name in NEEDED or said_of_itself.get(name):
            checked[name] = _address(name, said_of_itself.get(name), provider)
    offered = said_of_itself.get("id_token_signing_alg_values_supported") or ["RS256"]
    # An empty list would mean all.
    if not (accepted := [name for name in ALGORITHMS if name in offered]):
        raise ValueError("it signs by no algorithm with public keys")
    checked["id_token_signing_alg_values_supported"] = accepted
    ways = said_of_itself.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    way = "client_secret_basic" if "client_secret_basic" in ways else "client_secret_post"
    checked["token_endpoint_auth_method"] = way if secret else "none"
    return checked


def _address(name: str, url: Any, provider: Provider) -> str:
    """Return an address: by TLS, but for a provider on this machine."""
    parts = urlsplit(url if isinstance(url, str) else "")
    here = provider.issuer.startswith("http://") and is_loopback(parts.hostname or "")
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and here)):
        raise ValueError(f"its {name} is no https:// address")
    return str(url)


def _forget_old(most: int) -> None:
    """Keep the newest sign-ins that have begun, and those that are not too old."""
    begun = {name: session[name].get("exp", 0) for name in list(session) if name.startswith(BEGUN)}
    newest = sorted(begun, key=lambda name: begun[name], reverse=True)
    for number, name in enumerate(newest):
        if number >= most or begun[name] < time.time():
            session.pop(name)


@contextmanager
def _told() -> Iterator[None]:
    """Tell of all that can go wrong with a provider by two errors. The log has the details."""
    try:
        yield
    except MismatchingStateError as error:
        raise SignInFailed(
            said("this sign-in was not begun in this browser, or a while ago: begin again")
        ) from error
    except OAuthError as error:
        log.warning("the provider refused", error=str(error.error), why=str(error.description))
        raise _refusal(str(error.error)) from error
    except (requests.HTTPError, httpx.HTTPError, httpx.InvalidURL, AddressRefused) as error:
        log.warning("the provider cannot be asked", error=repr(error))
        raise ProviderFailed(
            said("the provider does not answer as it should; try again in a moment")
        ) from error
    # What it sends may have any shape.
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        log.warning("the provider's answer is not accepted", error=repr(error))
        raise ProviderFailed(
            said("what the provider sent about you is not accepted; the log says why")
        ) from error


def _refusal(code: str) -> SignInFailed | ProviderFailed:
    if code == "access_denied":
        return SignInFailed(said("the provider did not let you in, or you declined"))
    if code == "invalid_grant":
        return SignInFailed(said("this sign-in was used already, or is too old: begin again"))
    # Its words are not repeated: they can come from an address that anybody made up.
    return ProviderFailed(said("the provider refused; the log says why"))
