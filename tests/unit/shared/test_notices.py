"""Receivers' addresses, mail servers, signatures."""

import pytest

from shared.errors import InvalidFields, SettingsError
from shared.notices.requests import ReceiverRequest
from shared.notices.signing import new_secret, signed
from shared.settings import MailServer, load_settings


@pytest.mark.parametrize("email", ["nobody", "a@b@c", "me@example.org\nBcc: x@y.z", "a b@c.d"])
def test_a_refused_email(email: str) -> None:
    settings = load_settings(smtp_url="smtp://mail.example.org")
    ReceiverRequest(name="x", email="me@example.org").check(settings)
    with pytest.raises(InvalidFields) as refused:
        ReceiverRequest(name="x", email=email).check(settings)
    assert [problem.field for problem in refused.value.problems] == ["email"]


def test_the_specifications_own_example() -> None:
    """Standard Webhooks, its test vector."""
    body = '{"test": 2432232314}'
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    headers = signed(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-timestamp"] == "1614265330"
    assert len(new_secret()) > 40


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example.org", MailServer("mail.example.org", 25, False, None, None)),
        ("smtp://a%40b:p%3Aw@m:587", MailServer("m", 587, False, "a@b", "p:w")),
        ("smtps://me:hush@m", MailServer("m", 465, True, "me", "hush")),
    ],
)
def test_mail_servers(url: str, server: MailServer) -> None:
    assert load_settings(smtp_url=url).mail_server() == server


@pytest.mark.parametrize("url", ["mail.example.org", "http://hush@m", "smtp://", "smtp://m:hush"])
def test_a_malformed_mail_server_stops_the_start(url: str) -> None:
    """The error says what is accepted, and shows no password."""
    with pytest.raises(SettingsError, match=r"SMTP_URL.*accepted: smtp://") as caught:
        load_settings(smtp_url=url)
    assert "hush" not in str(caught.value)
