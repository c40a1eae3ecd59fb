"""People: passwords, links that work once, administrators, sessions' keys."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from argon2 import PasswordHasher

from shared.accounts import passwords
from shared.accounts.models import User
from shared.accounts.queries import get_user, session_user
from shared.accounts.rights import Role
from shared.accounts.services import (
    add_user,
    change_user,
    check_password,
    ensure_administrator,
    make_link,
    set_password,
    sign_out_everywhere,
    use_link,
    welcome,
)
from shared.accounts.teams import add_team, rename_team
from shared.db import Database
from shared.errors import (
    AccountDisabled,
    InvalidFields,
    LastOfItsKind,
    NotFound,
    Taken,
    WrongCredentials,
)
from tests.support.factories import do
from tests.support.signing_in import make_user

PASSWORD = "correct horse battery"


def with_password(db: Database, name: str = "ada") -> User:
    """Add a user with a password."""
    user = make_user(db, name)
    do(db, lambda s: set_password(s, get_user(s, user.id), PASSWORD))
    return user


def signs_in(db: Database, name: str, password: str) -> bool:
    """Tell whether a name and a password are taken."""
    with db.read() as session:
        try:
            check_password(session, name, password)
        except WrongCredentials:
            return False
    return True


def test_a_password_is_taken_for_its_name_alone(db: Database) -> None:
    """Names in any case; no other password, no other name, nothing that no database can hold."""
    with_password(db)
    make_user(db, "bob")
    assert signs_in(db, " ADA ", PASSWORD)
    assert not signs_in(db, "ada", PASSWORD + "x")
    assert not signs_in(db, "ada", "")
    for name in ("bob", "eve", "ada\0", "\ud800", ""):
        assert not signs_in(db, name, PASSWORD), name


def test_unknown_names_cost_a_hash_too(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stranger cannot tell by the time which names there are: each try checks one hash."""
    with_password(db)
    make_user(db, "bob")
    checked: list[str] = []

    class Counting:
        def verify(self, password_hash: str, password: str) -> bool:
            checked.append(password_hash[:10])
            return True

        def hash(self, password: str) -> str:
            return "$argon2id$ of nobody"

    monkeypatch.setattr(passwords, "HASHER", Counting())
    passwords._nobodys.cache_clear()
    assert [signs_in(db, name, "wrong") for name in ("ada", "bob", "eve")] == [True, False, False]
    assert checked == ["$argon2id$"] * 3
    passwords._nobodys.cache_clear()


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaa", "my name is ada", "x" * 1001])
def test_passwords_that_are_refused(db: Database, password: str) -> None:
    """They are not shown again, and the one before stays."""
    with_password(db)
    with pytest.raises(InvalidFields) as found, db.write() as session:
        set_password(session, get_user(session, "ada"), password)
    assert found.value.problems[0].received is None
    assert password not in str(found.value.problems)
    assert signs_in(db, "ada", PASSWORD)


def test_hashes_are_argon2id_with_a_salt_each(db: Database) -> None:
    """Nothing of the password is stored, and two of the same differ."""
    with_password(db)
    with_password(db, "bob")
    with db.read() as session:
        hashes = [get_user(session, name).password_hash or "" for name in ("ada", "bob")]
    assert all(one.startswith("$argon2id$") for one in hashes)
    assert len(set(hashes)) == 2


def test_a_hash_with_older_parameters_is_made_anew(db: Database) -> None:
    """When its user signs in, for only then the password is known."""
    user = make_user(db)
    weak = PasswordHasher(time_cost=1, memory_cost=1024).hash(PASSWORD)
    do(db, lambda s: setattr(get_user(s, user.id), "password_hash", weak))
    with db.read() as session:
        seen = check_password(session, "ada", PASSWORD)
    renewed = do(db, lambda s: welcome(s, seen, PASSWORD)).password_hash
    assert renewed is not None
    assert not passwords.is_outdated(renewed)
    assert signs_in(db, "ada", PASSWORD)


def test_a_link_works_once_for_two_at_a_time(db: Database) -> None:
    """Of two who bring it at the very same time, one is let in."""
    user = make_user(db)
    secret = do(db, lambda s: make_link(s, get_user(s, user.id)))
    together = Barrier(2)

    def bring(_number: int) -> bool:
        together.wait()
        try:
            do(db, lambda s: use_link(s, secret))
        except WrongCredentials:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(bring, range(2))) == [False, True]


def test_links_that_no_longer_work(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """An older one, one that is too old, and that of somebody who was disabled."""
    user = make_user(db)
    older, newer = (do(db, lambda s: make_link(s, get_user(s, user.id))) for _ in range(2))
    for secret in (older, "", "\ud800"):
        with pytest.raises(WrongCredentials), db.write() as session:
            use_link(session, secret)
    do(db, lambda s: change_user(s, get_user(s, user.id), disabled=True))
    do(db, lambda s: change_user(s, get_user(s, user.id), disabled=False))
    with pytest.raises(WrongCredentials), db.write() as session:
        use_link(session, newer)
    monkeypatch.setattr("shared.accounts.services.LINK_HOURS", -1)
    late = do(db, lambda s: make_link(s, get_user(s, user.id)))
    with pytest.raises(WrongCredentials), db.write() as session:
        use_link(session, late)


def test_there_is_no_link_for_a_disabled_account(db: Database) -> None:
    """It would do nothing until the account is enabled, and then something unexpected."""
    user = make_user(db)
    do(db, lambda s: change_user(s, get_user(s, user.id), disabled=True))
    with pytest.raises(AccountDisabled), db.write() as session:
        make_link(session, get_user(session, user.id))


def test_a_refused_password_leaves_the_link(db: Database) -> None:
    """What is done with it is one transaction: who types a bad one may try again."""
    user = make_user(db)
    secret = do(db, lambda s: make_link(s, get_user(s, user.id)))
    with pytest.raises(InvalidFields), db.write() as session:
        set_password(session, use_link(session, secret), "short")
    assert do(db, lambda s: use_link(s, secret)).id == user.id


@pytest.mark.parametrize("change", ["disable", "password"])
def test_nobody_is_welcome_by_what_was_true_before(db: Database, change: str) -> None:
    """Who was disabled, or got another password, between the check and the session is refused."""
    user = with_password(db)
    with db.read() as session:
        seen = check_password(session, "ada", PASSWORD)
    with db.write() as session:
        now_it_is = get_user(session, user.id)
        if change == "disable":
            change_user(session, now_it_is, disabled=True)
        else:
            set_password(session, now_it_is, PASSWORD + " staple")
    with pytest.raises(WrongCredentials), db.write() as session:
        welcome(session, seen, PASSWORD)


def test_a_key_ends_all_sessions(db: Database) -> None:
    """A password, being disabled and signing out everywhere each end those there were."""
    user = with_password(db)
    ends = (
        lambda s: sign_out_everywhere(s, get_user(s, user.id)),
        lambda s: set_password(s, get_user(s, user.id), PASSWORD + " staple"),
        lambda s: change_user(s, get_user(s, user.id), disabled=True),
    )
    for end in ends:
        with db.read() as session:
            key = get_user(session, user.id).session_key
            assert session_user(session, user.id, key) is not None
        do(db, end)
        with db.read() as session:
            assert session_user(session, user.id, key) is None
    do(db, lambda s: change_user(s, get_user(s, user.id), disabled=False))
    with db.read() as session:
        assert session_user(session, user.id, key) is None


def test_the_last_administrator_stays(db: Database) -> None:
    """Neither disabled nor made something else, while no other is able to administer."""
    first = make_user(db, "first", admin=True)
    second = make_user(db, "second", admin=True)
    do(db, lambda s: change_user(s, get_user(s, second.id), disabled=True))
    with pytest.raises(LastOfItsKind), db.write() as session:
        change_user(session, get_user(session, first.id), admin=False)
    with pytest.raises(LastOfItsKind), db.write() as session:
        change_user(session, get_user(session, first.id), disabled=True)
    do(db, lambda s: change_user(s, get_user(s, second.id), disabled=False))
    do(db, lambda s: change_user(s, get_user(s, first.id), admin=False))
    with db.read() as session:
        assert not get_user(session, first.id).admin


def test_two_administrators_cannot_disable_each_other_at_once(db: Database) -> None:
    """One of them remains, and neither waits for ever."""
    names = [make_user(db, name, admin=True).name for name in ("first", "second")]
    together = Barrier(2)

    def disable(name: str) -> bool:
        with db.read() as session:
            seen = get_user(session, name)
        together.wait()
        try:
            do(db, lambda s: change_user(s, s.merge(seen, load=False), disabled=True))
        except LastOfItsKind:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(disable, names)) == [False, True]
    with db.read() as session:
        assert sum(get_user(session, name).disabled_at is None for name in names) == 1


def test_the_first_administrator(db: Database) -> None:
    """Made once; each start makes a new link until somebody has signed in, and none afterwards."""
    first = do(db, ensure_administrator)
    assert first is not None
    user, secret = first
    assert (user.name, user.admin, user.password_hash) == ("admin", True, None)
    again = do(db, ensure_administrator)
    assert again is not None
    with pytest.raises(WrongCredentials), db.write() as session:
        use_link(session, secret)
    seen = do(db, lambda s: use_link(s, again[1]))
    do(db, lambda s: welcome(s, seen))
    assert do(db, ensure_administrator) is None


def test_names_are_unique_and_plain(db: Database) -> None:
    """Of users in lower case, of teams as they are written."""
    make_user(db, "ada")
    for name in ("ADA", " ada "):
        with pytest.raises(Taken), db.write() as session:
            add_user(session, name)
    for name in ("", "a b", "-x", "é", "a\0", "x" * 101, "../x", "a/b"):
        with pytest.raises(InvalidFields), db.write() as session:
            add_user(session, name)
    team = do(db, lambda s: add_team(s, "labor"))
    with pytest.raises(Taken), db.write() as session:
        add_team(session, "labor")
    with pytest.raises(Taken), db.write() as session:
        rename_team(session, team, "default")


@pytest.mark.parametrize("name", ["nobody", "a\0b", "\ud800", "x" * 5000])
def test_a_name_that_nobody_has(db: Database, name: str) -> None:
    """Whatever is asked for: there is no such user, and the answer can be sent."""
    with db.read() as session, pytest.raises(NotFound) as found:
        get_user(session, name)
    assert len(str(found.value).encode()) < 500


def test_roles_are_three() -> None:
    """The database's constraint and the API's documents name the same."""
    assert [*Role] == ["viewer", "member", "manager"]
