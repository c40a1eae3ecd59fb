"""What the parts say, line by line, each with the name of its part."""

import os
import sys
import threading
from contextlib import suppress
from typing import TextIO

import click

COLOURS = ("cyan", "yellow", "green", "magenta", "blue", "bright_red", "bright_cyan")
OWN_NAME = "charloom"


class Output:
    """Writes whole lines from several threads: ``train       | epoch done``."""

    def __init__(self, names: list[str], stream: TextIO | None = None):
        self._stream = stream or sys.stdout
        self._width = max(map(len, [OWN_NAME, *names]))
        self._coloured = self._stream.isatty() and "NO_COLOR" not in os.environ
        self._colours = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(names)}
        self._lock = threading.Lock()

    def line(self, name: str, text: str) -> None:
        """Write one line of a part."""
        prefix = f"{name:<{self._width}} |"
        if self._coloured:
            prefix = click.style(prefix, fg=self._colours.get(name, "white"))
        self._write(f"{prefix} {text}\n")

    def say(self, text: str) -> None:
        """Write a line of the command's own."""
        self.line(OWN_NAME, text)

    def banner(self, lines: list[str]) -> None:
        """Write what must not be overlooked: lines of their own, without a prefix."""
        text = "".join(f"  {line}\n" for line in lines)
        self._write("\n" + (click.style(text, bold=True) if self._coloured else text) + "\n")

    def _write(self, text: str) -> None:
        # Whoever read may be gone (a closed terminal, `| head`): the stack runs on.
        with self._lock, suppress(OSError, ValueError):
            try:
                self._stream.write(text)
            except UnicodeEncodeError:
                self._stream.write(text.encode("ascii", "replace").decode())
            self._stream.flush()
