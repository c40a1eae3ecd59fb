"""What somebody may do: ordered rights, and the role in a team that gives each."""

from enum import StrEnum


class Right(StrEnum):
    """A right includes those before it. A token's scope is one of them, too."""

    READ = "read"
    SUBMIT = "submit"
    MANAGE = "manage"
    ADMIN = "admin"

    def includes(self, other: "Right") -> bool:
        """Tell whether who has this right has the other."""
        return ORDER.index(self) >= ORDER.index(other)


class Role(StrEnum):
    """What a member is in a team."""

    VIEWER = "viewer"
    MEMBER = "member"
    MANAGER = "manager"


ORDER = tuple(Right)
RIGHTS = {Role.VIEWER: Right.READ, Role.MEMBER: Right.SUBMIT, Role.MANAGER: Right.MANAGE}


def least(first: Right, second: Right) -> Right:
    """Return the smaller one of two rights."""
    return second if first.includes(second) else first
