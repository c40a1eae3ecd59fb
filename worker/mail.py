"""E-mail through the operator's server, which passes the guard that every request passes."""

import smtplib
import socket
import ssl
from email.message import EmailMessage

from shared.outgoing import WAIT_SECONDS, Guard
from shared.settings import MailServer


def send_mail(server: MailServer, guard: Guard, message: EmailMessage) -> None:
    """Send a message, with TLS where the server offers it.

    Raises ``AddressRefused``, ``OSError``, ``smtplib.SMTPException``.
    """
    with _Connection(server, guard) as smtp:
        smtp.ehlo()
        context = ssl.create_default_context()
        if not server.tls and smtp.has_extn("starttls"):
            smtp.starttls(context=context)
            smtp.ehlo()
        if server.user is not None:
            smtp.login(server.user, server.password or "")
        smtp.send_message(message)


class _Connection(smtplib.SMTP):
    """A connection to the very address that the guard checked, under the server's name."""

    def __init__(self, server: MailServer, guard: Guard):
        self._server, self._guard = server, guard
        super().__init__(server.host, server.port, timeout=WAIT_SECONDS)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        address = self._guard.addresses(host, port)[0]
        plain = socket.create_connection((address, port), min(timeout, self._guard.left()))
        if not self._server.tls:
            return plain
        return ssl.create_default_context().wrap_socket(plain, server_hostname=host)
