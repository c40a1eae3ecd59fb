"""Lines of several parts on one terminal."""

import io

from cli.output import Output


class Terminal(io.StringIO):
    """A stream that calls itself a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


class Gone(io.StringIO):
    """A stream whose reader has left."""

    def write(self, text: str) -> int:
        """Fail."""
        raise BrokenPipeError


def test_aligns_the_names() -> None:
    """Every line carries its part's name, in one width."""
    stream = io.StringIO()
    output = Output(["web", "maintenance"], stream)
    output.line("web", "hello")
    output.say("ready")
    assert stream.getvalue() == "web         | hello\ncharloom    | ready\n"


def test_colours_on_a_terminal_only() -> None:
    """A terminal gets a colour a part; the text itself stays as it is."""
    stream = Terminal()
    Output(["web"], stream).line("web", "hello")
    assert stream.getvalue().startswith("\x1b[")
    assert stream.getvalue().endswith(" hello\n")


def test_goes_on_when_nobody_reads() -> None:
    """A closed terminal does not stop the stack."""
    output = Output(["web"], Gone())
    output.line("web", "hello")
    output.line("web", "again")
