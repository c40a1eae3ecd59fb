"""A host: its programs, and the switch that turns it off."""

import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from cli.parts import Part
from tests.hosts.machine import READY
from tests.hosts.network import Network, alone


class Host:
    """One host of a network. Start it from a thread that lives as long."""

    def __init__(self, network: Network, number: int, name: str, folder: Path):
        self.name, self.address = name, network.address(number)
        self.folder = folder / name
        self.folder.mkdir()
        self._network, self._number = network, number
        self._log, self._parts = self.folder / "log", self.folder / "parts.json"
        self._process: subprocess.Popen[bytes] | None = None
        self._env: Mapping[str, str] = {}
        self._heard = 0

    def start(self, parts: list[Part], env: Mapping[str, str]) -> None:
        """Switch it on, with programs to run and their environment."""
        self._parts.write_text(json.dumps([asdict(part) for part in parts]), "utf-8")
        # What it makes again, it makes on its own disk.
        self._env = dict(env) | {"CHARLOOM_CACHE_FOLDER": str(self.folder / "cache")}
        self.start_again()

    def start_again(self) -> None:
        """Switch it on as it was, under the same name and address."""
        first = [sys.executable, "-m", "tests.hosts.machine"]
        argv = [*first, self.name, self.address, str(self._parts)]
        self._heard = len(self.said())
        with self._log.open("ab") as output:
            self._process = alone(argv, dict(self._env), output.fileno())
        self._network.plug(self.name, self._number, self._process.pid)

    def lose_power(self) -> None:
        """Switch it off: nobody it talked to hears of that."""
        if self._process is not None:
            self._network.unplug(self.name)
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def cut(self) -> None:
        """Cut its cable."""
        self._network.cut(self.name)

    def mend(self) -> None:
        """Mend its cable."""
        self._network.mend(self.name)

    def slow(self) -> None:
        """Make its cable long and narrow."""
        assert self._process is not None, f"{self.name} is off"
        self._network.slow(self.name, self._process.pid)

    def is_ready(self) -> bool:
        """Tell whether all its programs can work, since it was switched on."""
        return READY in self.said()[self._heard :]

    def said(self) -> str:
        """Return what its programs have written."""
        if not self._log.exists():
            return ""
        return self._log.read_text(encoding="utf-8", errors="replace")
