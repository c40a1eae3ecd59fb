"""What goes wrong between the client and the server. It loads nothing: every command knows it."""

from shared.errors import FieldProblem, InternalError, UserError

# What a command ends with where the server or the network failed, and where it was interrupted.
SERVER_EXIT, INTERRUPTED_EXIT = 3, 130


class Refused(UserError):
    """The server refused the request; ``status`` and ``code`` are those of its answer."""

    def __init__(
        self, message: str, status: int, code: str, problems: list[FieldProblem] | None = None
    ):
        super().__init__(message, problems)
        self.status, self.code = status, code


class JobEnded(UserError):
    """The job ended, but not well."""

    code = "job_ended"


class ServerFailed(InternalError):
    """The server answered, but not as it should."""

    code = "server_failed"


class Busy(ServerFailed):
    """The server cannot answer just now (503)."""

    code = "busy"


class Unreachable(ServerFailed):
    """The server did not answer."""

    code = "unreachable"


def told(problems: list[FieldProblem]) -> list[str]:
    """Return each problem in a line: the field, what is wrong, what was received and accepted."""
    return [_told(problem) for problem in problems]


def sentence(detail: str, problems: list[FieldProblem]) -> str:
    """Return what an answer says, once: its ``detail`` often is what a problem says, or tells only
    that there are problems."""
    others = [problem for problem in problems if problem.message not in detail]
    is_news = len(others) < len(problems) or not problems
    return "; ".join([detail] * is_news + told(others))


def _told(problem: FieldProblem) -> str:
    shown = f"{problem.received!r:.200}"
    named = problem.received is None or (len(shown) > 2 and shown in problem.message)
    received = "" if named else f", received {shown}"
    accepted = f"; accepted: {problem.accepted}" if problem.accepted else ""
    return f"{problem.field}: {problem.message}{received}{accepted}"
