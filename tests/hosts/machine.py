"""The first process of a host: gives it its name, then starts its programs again when they die.

``python -m tests.hosts.machine NAME ADDRESS PARTS``, where PARTS is a file.
"""

import json
import os
import socket
import sys
import time
from pathlib import Path

from cli.output import Output
from cli.parts import Part
from cli.supervisor import StopRequests, Supervisor

READY = "every program of this host is ready"
MOST_DELAY = 1.0


def run(name: str, address: str, parts: list[Part]) -> None:
    """Run the host until it is switched off."""
    socket.sethostname(name)
    while not _is_ours(address):
        time.sleep(0.05)
    output = Output([part.name for part in parts])
    supervisor = Supervisor(parts, os.environ, output, StopRequests(), most_delay=MOST_DELAY)
    supervisor.run(lambda: True, lambda: output.say(READY))


def _is_ours(address: str) -> bool:
    """Tell whether this host has the address, by now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
        return True


if __name__ == "__main__":
    programs = [Part(**part) for part in json.loads(Path(sys.argv[3]).read_text("utf-8"))]
    run(sys.argv[1], sys.argv[2], programs)
