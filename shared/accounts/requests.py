"""What users, teams and tokens are made from, validated."""

from datetime import timedelta
from typing import Annotated

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, Field

from shared.accounts.rights import Right, Role
from shared.fields import Name, Spec, Text

MOST_EMAIL, MOST_DAYS = 254, 3650


def _address(value: str) -> str:
    try:
        validate_email(value, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise ValueError(str(error)) from error
    return value


Email = Annotated[
    str,
    Field(min_length=3, max_length=MOST_EMAIL, json_schema_extra={"format": "email"}),
    AfterValidator(_address),
]
UserName = Annotated[Text, Field(min_length=1, max_length=100)]
# What is checked is said in words of its own, with what is accepted.
AS_TYPED = r"^\s*[A-Za-z0-9][A-Za-z0-9._@+-]*\s*$"


class UserRequest(Spec):
    """Somebody who shall sign in."""

    name: UserName = Field(
        json_schema_extra={"pattern": AS_TYPED},
        description="What is typed to sign in: a to z, digits and `. _ @ + -`, a letter or a digit "
        "first.",
    )
    email: Email | None = Field(None, description="Where the person is written to.")
    admin: bool = Field(False, description="Whether it is an administrator.")


class UserChange(Spec):
    """What is to be another; what is left out stays."""

    email: Email | None = Field(None, description="Null: none any more.")
    admin: bool = Field(False, description="Whether it is an administrator.")
    disabled: bool = Field(
        False, description="Who is disabled cannot sign in, and no token of theirs works."
    )


class TeamRequest(Spec):
    """A team."""

    name: Name = Field(description="What the team is called; no two are called the same.")


class RoleRequest(Spec):
    """What somebody is in a team."""

    role: Role = Field(Role.MEMBER, strict=False, description="The role in the team.")


class TokenRequest(Spec):
    """A token: a secret that acts for a user in one team."""

    name: Name = Field(description="What tells it from the others: where it is used.")
    scope: Right = Field(
        Right.SUBMIT,
        strict=False,
        description="The most that it may do; its user's role in the team may be less.",
    )
    expires_in_days: Annotated[int, Field(ge=1, le=MOST_DAYS)] | None = Field(
        None, description="In how many days it ends; null: it does not."
    )
    team: Name | None = Field(
        None, description="The team that it acts in, by id or name; null: the one of this request."
    )
    user: UserName | None = Field(
        None, description="Administrators only: whose it is, by id or name; null: one's own."
    )

    def lasts(self) -> timedelta | None:
        """Return how long it works."""
        return None if self.expires_in_days is None else timedelta(days=self.expires_in_days)
