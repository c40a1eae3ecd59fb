"""What a receiver is made from, validated."""

from typing import Annotated

from email_validator import EmailNotValidError, validate_email
from pydantic import ConfigDict, Field

from shared.errors import AddressRefused, InvalidFields
from shared.fields import Name, Spec, one_of
from shared.outgoing import check_url
from shared.said import said
from shared.settings import Settings

MOST_URL, MOST_EMAIL = 2000, 254


class ReceiverRequest(Spec):
    """Where notices go: to a webhook's URL, or by e-mail."""

    model_config = ConfigDict(json_schema_extra=one_of("url", "email"))

    name: Name = Field(description="What the receiver is called.")
    url: Annotated[str, Field(min_length=1, max_length=MOST_URL)] | None = Field(
        None, description="What signed notices are posted to; this or `email` is needed."
    )
    email: Annotated[str, Field(min_length=3, max_length=MOST_EMAIL)] | None = Field(
        None, description="Where notices are mailed to; this or `url` is needed."
    )

    def check(self, settings: Settings) -> None:
        """Raise ``InvalidFields`` for an address that notices are not sent to."""
        if (self.url is None) == (self.email is None):
            message = said("no address is given")
            if self.url is not None:
                message = said("two addresses are given")
            raise InvalidFields.one("url", message, self.url, said("a url, or else an email"))
        if self.url is not None:
            _check_url(self.url, settings)
        elif self.email is not None:
            _check_email(self.email, settings)


def _check_url(url: str, settings: Settings) -> None:
    try:
        check_url(url, private=settings.private_addresses)
    except AddressRefused as error:
        accepted = said("a public address that begins with http:// or https://")
        raise InvalidFields.one("url", error.args[0], url, accepted) from error


def _check_email(email: str, settings: Settings) -> None:
    if settings.mail_server() is None:
        message = said("no mail server is configured: the operator has to set CHARLOOM_SMTP_URL")
        raise InvalidFields.one("email", message, email, said("a url"))
    try:
        validate_email(email, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        accepted = said("one address, as name@example.org")
        raise InvalidFields.one("email", str(error), email, accepted) from error
