"""Notices by e-mail, through a real SMTP server on this machine."""

from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from pydantic import SecretStr

from shared.accounts.models import DEFAULT_TEAM_ID
from shared.db import Database
from shared.notices.models import NoticeStatus
from shared.notices.services import add_receiver, send_test
from shared.settings import Settings
from tests.integration.notices.test_webhooks import all_notices, end, send_all, told_job, tries
from tests.support.factories import do
from tests.support.nodes import make_node
from tests.support.servers import free_port
from worker.node import Node


class Mailbox:
    """Keeps what is mailed to it; ``refusal`` is what it answers to recipients instead."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.users: list[str] = []
        self.refusal = ""

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        """Take a recipient, or not."""
        if self.refusal:
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Keep a message."""
        parsed = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        self.mails.append(parsed)
        return "250 OK"

    def logs_in(self, server: Any, session: Any, envelope: Any, how: str, data: Any) -> AuthResult:
        """Take the password 'hush'."""
        self.users.append(data.login.decode())
        return AuthResult(success=data.password == b"hush", handled=False)


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def server(mailbox: Mailbox) -> Iterator[Controller]:
    made = Controller(
        mailbox, hostname="127.0.0.1", port=free_port(), authenticator=mailbox.logs_in,
        auth_require_tls=False,
    )  # fmt: skip
    made.start()
    yield made
    made.stop()


def port_of(server: Controller) -> int:
    return int(server.port)


def mailing(db: Database, settings: Settings, url: str, **changes: Any) -> Node:
    update = {"smtp_url": SecretStr(url), "smtp_private": True, "public_url": "https://x.example/"}
    return make_node(db, settings.model_copy(update=update | changes))


def told(db: Database, name: str = "mine") -> str:
    """End a job of which an e-mail is to tell; return the job's id."""
    receiver = do(db, lambda s: add_receiver(s, DEFAULT_TEAM_ID, name, email="me@example.org"))
    job = told_job(db, receiver)
    end(db, job)
    return job.id


def test_a_jobs_end_is_mailed(
    db: Database, settings: Settings, server: Controller, mailbox: Mailbox
) -> None:
    job_id = told(db)
    send_all(mailing(db, settings, f"smtp://me:hush@127.0.0.1:{port_of(server)}"))
    (mail,) = mailbox.mails
    assert (mail["To"], mail["From"]) == ("me@example.org", "charloom@localhost")
    assert mail["Subject"].startswith("charloom: The job '")
    assert mail["Subject"].endswith("' succeeded")
    text = mail.get_content()
    assert f"https://x.example/jobs/{job_id}" in text
    assert mailbox.users == ["me"]
    assert tries(db) == [(250, None)]


def test_a_hostile_name_stays_in_its_line(
    db: Database, settings: Settings, server: Controller, mailbox: Mailbox
) -> None:
    """A name of another script, long and with a header's signs in it."""
    name = "Bcc: you@example.org 秋" * 8
    receiver = do(db, lambda s: add_receiver(s, DEFAULT_TEAM_ID, name, email="me@example.org"))
    do(db, lambda session: send_test(session, receiver))
    send_all(mailing(db, settings, f"smtp://127.0.0.1:{port_of(server)}"))
    (mail,) = mailbox.mails
    assert name in mail["Subject"]
    assert mail["Bcc"] is None


@pytest.mark.parametrize(
    ("refusal", "status"),
    [("550 no such user", NoticeStatus.FAILED), ("451 later", NoticeStatus.PENDING)],
)
def test_a_refused_recipient(
    db: Database, settings: Settings, server: Controller, mailbox: Mailbox, refusal: str,
    status: str,
) -> None:  # fmt: skip
    """For good, or to be tried again."""
    mailbox.refusal = refusal
    told(db)
    send_all(mailing(db, settings, f"smtp://127.0.0.1:{port_of(server)}"))
    code, _, text = refusal.partition(" ")
    assert tries(db) == [(int(code), text)]
    assert all_notices(db)[0].status == status


def test_a_wrong_password(db: Database, settings: Settings, server: Controller) -> None:
    told(db)
    send_all(mailing(db, settings, f"smtp://me:wrong@127.0.0.1:{port_of(server)}"))
    assert tries(db) == [(535, "5.7.8 Authentication credentials invalid")]
    assert all_notices(db)[0].status == NoticeStatus.PENDING


def test_a_private_server_is_refused_unless_allowed(
    db: Database, settings: Settings, server: Controller, mailbox: Mailbox
) -> None:
    told(db)
    send_all(mailing(db, settings, f"smtp://localhost:{port_of(server)}", smtp_private=False))
    ((_, error),) = tries(db)
    assert "only public ones are asked" in (error or "")
    assert mailbox.mails == []


def test_without_a_server_it_waits(db: Database, settings: Settings) -> None:
    """An operator who took the setting away may bring it back."""
    told(db)
    send_all(make_node(db, settings))
    ((_, error),) = tries(db)
    assert "CHARLOOM_SMTP_URL" in (error or "")
    assert all_notices(db)[0].status == NoticeStatus.PENDING
