"""API tokens: what is kept of them, and when they no longer work."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.accounts.models import DEFAULT_TEAM_ID, ApiToken
from shared.accounts.queries import get_token, get_user, list_tokens
from shared.accounts.rights import ORDER, Right, least
from shared.accounts.secrets import PREFIX
from shared.accounts.services import change_user, sign_out_everywhere
from shared.accounts.tokens import (
    NewToken,
    find_token,
    is_use_to_note,
    make_token,
    note_use,
    revoke_token,
)
from shared.db import Database, now
from shared.errors import NotFound
from tests.support.factories import do
from tests.support.signing_in import make_user


def made(db: Database, scope: Right = Right.READ, days: float | None = None) -> tuple[str, str]:
    """Return the id and the secret of a new token of ada's."""
    user = make_user(db)
    end = None if days is None else now() + timedelta(days=days)
    new = NewToken(DEFAULT_TEAM_ID, "ci", scope, end)
    token, secret = do(db, lambda s: make_token(s, get_user(s, user.id), new))
    return token.id, secret


def works(db: Database, secret: str) -> bool:
    """Tell whether a secret is one of a token that works."""
    with db.read() as session:
        return find_token(session, secret) is not None


def test_only_a_hash_of_the_secret_is_kept(db: Database) -> None:
    """And so much of its beginning that people can tell which one it is."""
    token_id, secret = made(db)
    assert secret.startswith(PREFIX)
    assert len(secret) > 50
    with db.read() as session:
        token = session.get_one(ApiToken, token_id)
        kept = [str(getattr(token, column.name)) for column in ApiToken.__table__.columns]
    assert token.beginning == secret[:15]
    assert not any(secret[15:] in value for value in kept)
    assert works(db, secret)
    for wrong in (secret[:-1], secret + "x", secret.upper(), token.sha256, "", "\ud800"):
        assert not works(db, wrong)


def test_when_a_token_no_longer_works(db: Database) -> None:
    """Revoked, for ever; while its user is disabled; behind its end."""
    token_id, secret = made(db)
    do(db, lambda s: change_user(s, get_user(s, "ada"), disabled=True))
    assert not works(db, secret)
    do(db, lambda s: change_user(s, get_user(s, "ada"), disabled=False))
    do(db, lambda s: sign_out_everywhere(s, get_user(s, "ada")))
    assert works(db, secret)
    revoked = []
    for _ in range(2):
        do(db, lambda s: revoke_token(s, get_token(s, None, token_id)))
        with db.read() as session:
            revoked.append(session.get_one(ApiToken, token_id).revoked_at)
    assert revoked[0] == revoked[1]
    assert not works(db, secret)


@pytest.mark.parametrize(("days", "alive"), [(None, True), (0.001, True), (0, False), (-1, False)])
def test_a_token_ends(db: Database, days: float | None, alive: bool) -> None:
    _, secret = made(db, days=days)
    assert works(db, secret) is alive


def test_a_use_is_noted_once_a_minute(db: Database) -> None:
    token_id, secret = made(db)
    with db.read() as session:
        found = find_token(session, secret)
    assert found is not None
    assert is_use_to_note(found)
    do(db, lambda s: note_use(s, token_id))
    with db.read() as session:
        found = find_token(session, secret)
    assert found is not None
    assert not is_use_to_note(found)
    assert is_use_to_note(replace(found, last_used_at=now() - timedelta(seconds=61)))


def test_tokens_are_their_users_own(db: Database) -> None:
    token_id, _ = made(db)
    other = make_user(db, "bob")
    with db.read() as session:
        for wrong in (token_id, "x", other.id):
            with pytest.raises(NotFound):
                get_token(session, other.id, wrong)
        assert list_tokens(session, other.id).data == []
        assert [token.id for token in list_tokens(session, None).data] == [token_id]


def test_rights_are_ordered() -> None:
    assert ORDER == ("read", "submit", "manage", "admin")
    for number, right in enumerate(ORDER):
        assert [right.includes(other) for other in ORDER] == [n <= number for n in range(4)]
        assert least(right, Right.SUBMIT) == min(right, Right.SUBMIT, key=ORDER.index)
