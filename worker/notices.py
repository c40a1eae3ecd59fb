"""Notices on their way: webhooks and e-mail, far from any request of a user's."""

import smtplib
import time
from email.message import EmailMessage

import httpx
import structlog
from sqlalchemy.exc import SQLAlchemyError

from shared.db import is_away
from shared.errors import AddressRefused
from shared.notices.models import Notice, Receiver
from shared.notices.sending import ClaimedNotice, Outcome, claim_notice, record
from shared.notices.signing import signed
from shared.outgoing import Guard, answer
from worker.background import Crew
from worker.mail import send_mail
from worker.node import Node

log = structlog.get_logger(__name__)

# For the whole of one try.
SEND_SECONDS = 10.0
MOST_ERROR = 300
GONE, SMTP_OK = 410, 250
NO_SERVER = "no mail server is configured: set CHARLOOM_SMTP_URL"


def claim(node: Node) -> ClaimedNotice | None:
    """Take the next notice that is due, or None; while the database is away there is none."""
    try:
        with node.db.write() as session:
            return claim_notice(session)
    except SQLAlchemyError as error:
        if not is_away(error):
            raise
        log.warning("notices put off: the database is away", error=str(error))
        return None


def send(node: Node, claimed: ClaimedNotice) -> None:
    """Try to send a notice, and record what came of it."""
    notice, receiver = claimed.notice, claimed.receiver
    begun = time.monotonic()
    code, error, final = _try(node, notice, receiver)
    seconds = time.monotonic() - begun
    outcome = Outcome(seconds, code, error and error[:MOST_ERROR], final)
    status = node.write(lambda session: record(session, claimed, outcome))
    log.info("notice sent", notice=notice.id, type=notice.type, status=status, error=error)


def crew() -> Crew[ClaimedNotice]:
    """Return the threads that send notices."""
    return Crew("notices", claim, send)


def _try(node: Node, notice: Notice, receiver: Receiver) -> tuple[int | None, str | None, bool]:
    """Return the answer's code, what went wrong, and whether trying again is of no use."""
    try:
        if receiver.url is not None:
            return _post(node, notice, receiver.url, receiver.secret or "")
        return _mail(node, notice, receiver.email or "")
    except AddressRefused as error:
        return None, str(error), True
    except smtplib.SMTPAuthenticationError as error:
        # Whoever can mend that will.
        return error.smtp_code, _text(error.smtp_error), False
    except smtplib.SMTPResponseException as error:
        return error.smtp_code, _text(error.smtp_error), error.smtp_code >= 500
    except smtplib.SMTPRecipientsRefused as error:
        ((code, told),) = error.recipients.values()
        return code, _text(told), code >= 500
    except (httpx.HTTPError, httpx.InvalidURL, smtplib.SMTPException, OSError) as error:
        return None, str(error) or type(error).__name__, False


def _post(node: Node, notice: Notice, url: str, secret: str) -> tuple[int | None, str | None, bool]:
    headers = signed(secret, notice.id, int(time.time()), notice.body)
    headers |= {"content-type": "application/json", "user-agent": "charloom"}
    guard = Guard.lasting(SEND_SECONDS, private=node.settings.private_addresses)
    body = notice.body.encode()
    with answer(guard, "POST", url, headers=headers, content=body, follow=False) as response:
        code = response.status_code
    if 200 <= code < 300:
        return code, None, False
    if 300 <= code < 400:
        return code, "it redirects: notices are sent to the address that was named alone", False
    return code, f"it answered {code}, not 2xx", code == GONE


def _mail(node: Node, notice: Notice, address: str) -> tuple[int | None, str | None, bool]:
    settings = node.settings
    server = settings.mail_server()
    if server is None:
        return None, NO_SERVER, False
    private = settings.private_addresses or settings.smtp_private
    send_mail(server, Guard.lasting(SEND_SECONDS, private=private), _message(node, notice, address))
    return SMTP_OK, None, False


def _message(node: Node, notice: Notice, address: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = node.settings.mail_from, address
    message["Subject"] = f"charloom: {notice.subject}"
    message["Message-ID"] = f"<{notice.id}@charloom>"
    lines = [notice.subject + ".", "", f"{notice.type}, {notice.subject_id}"]
    if (link := _link(node, notice)) is not None:
        lines.append(link)
    message.set_content("\n".join(lines) + "\n")
    return message


def _link(node: Node, notice: Notice) -> str | None:
    pages = {"job": "jobs", "schedule": "schedules", "test": "receivers"}
    page = pages[notice.type.partition(".")[0]]
    base = node.settings.public_url
    return f"{base.rstrip('/')}/{page}/{notice.subject_id}" if base else None


def _text(told: bytes | str) -> str:
    return told.decode("utf-8", "replace") if isinstance(told, bytes) else told
