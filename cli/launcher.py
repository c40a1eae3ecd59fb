"""Becomes another program that dies with its parent: ``launcher.py PARENT SIGNAL PROGRAM ...``.

Run as a file, not imported. Ctrl-C reaches only the supervisor, so a supervisor that is killed
could leave its children behind; on Linux the kernel sends them SIGNAL instead.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def launch(parent: int, death_signal: int, argv: list[str]) -> None:
    """Ask for the signal, then become ``argv``. Raises ``OSError`` where it cannot be run."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        # The parent may have died before the call: then no signal will ever come.
        if os.getppid() != parent:
            sys.exit(1)
    os.execv(argv[0], argv)  # noqa: S606


if __name__ == "__main__":
    launch(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
