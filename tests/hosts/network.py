"""A network of hosts on one machine: namespaces of the kernel, joined by a bridge in one of them.

Nothing of it has a name outside: it is gone with its processes, which the kernel ends with ours.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from cli.child import spawn
from tests.support.stacks import wait_for

TOOLS = ("ip", "tc", "unshare", "nsenter", "setpriv")
# A host's first process takes all others with it, and is taken by whoever started it.
ALONE = ["--fork", "--pid", "--kill-child", "--mount-proc", "--net", "--uts", "--ipc"]
# What `why_not` tries: all that is done below.
TRIAL = (
    "ip link add dev port type veth peer name end && ip link add dev bridge type bridge"
    " && tc qdisc add dev port root tbf rate 1mbit burst 16kb latency 1ms"
)
# Some 2 MB a second, and up to half a second's wait behind what is being sent.
NARROW = "root tbf rate 16mbit burst 16kb latency 500ms"


def why_not() -> str | None:
    """Return why there can be no hosts here, or None where there can."""
    if sys.platform != "linux":
        return "hosts as network namespaces need Linux"
    if missing := [tool for tool in TOOLS if not shutil.which(tool)]:
        return f"hosts as network namespaces need {', '.join(missing)}: install iproute2"
    trial = ["unshare", *ALONE, "sh", "-c", TRIAL]
    done = subprocess.run(trial, capture_output=True, text=True, check=False)
    return f"no network namespaces here: {done.stderr.strip()}" if done.returncode else None


def alone(argv: list[str], env: dict[str, str], output: int) -> "subprocess.Popen[bytes]":
    """Start a program as the first of a host without a network, and wait until it is there."""
    process = spawn([program("unshare"), *ALONE, *argv], env, output)
    own = os.readlink("/proc/self/ns/net")
    wait_for(lambda: os.readlink(f"/proc/{process.pid}/ns/net") != own, 30)
    return process


def program(name: str) -> str:
    """Return the path of a program. Raises ``FileNotFoundError``."""
    if path := shutil.which(name):
        return path
    raise FileNotFoundError(f"{name}: not found; accepted: a program of the PATH")


class Network:
    """The cables of the hosts; whoever runs the tests is its address 1."""

    def __init__(self, switch: int):
        self._switch = switch
        # Two runs on one machine are in two networks.
        self._prefix = f"10.77.{os.getpid() % 254 + 1}"
        self.range = f"{self._prefix}.0/24"

    def address(self, number: int) -> str:
        """Return the address of a host."""
        return f"{self._prefix}.{number}"

    def lay(self) -> None:
        """Set the bridge up, and a cable from it to this process."""
        own = f"hosts{os.getpid()}"
        self._on_switch("ip link add dev bridge type bridge")
        self._on_switch("ip link set dev bridge up")
        self._on_switch(f"ip link add dev uplink type veth peer name {own} netns {os.getpid()}")
        self._on_switch("ip link set dev uplink master bridge up")
        _run(f"ip address add {self.address(1)}/24 dev {own}")
        _run(f"ip link set dev {own} up")

    def plug(self, name: str, number: int, host: int) -> None:
        """Give the host of this process an address, and a cable to the bridge."""
        self._on_switch(f"ip link add dev {name} type veth peer name eth0 netns {host}")
        self._on_switch(f"ip link set dev {name} master bridge up")
        _inside(host, "ip link set dev lo up")
        _inside(host, f"ip address add {self.address(number)}/24 dev eth0")
        _inside(host, "ip link set dev eth0 up")

    def unplug(self, name: str) -> None:
        """Take a host's cable away."""
        self._on_switch(f"ip link del dev {name}")

    def cut(self, name: str) -> None:
        """Let nothing through to a host or from it, and nobody know."""
        self._on_switch(f"ip link set dev {name} down")

    def mend(self, name: str) -> None:
        """Undo ``cut``."""
        self._on_switch(f"ip link set dev {name} up")

    def slow(self, name: str, host: int) -> None:
        """Make a host's cable narrow, both ways."""
        self._on_switch(f"tc qdisc add dev {name} {NARROW}")
        _inside(host, f"tc qdisc add dev eth0 {NARROW}")

    def _on_switch(self, command: str) -> None:
        _inside(self._switch, command)


@contextmanager
def network() -> Iterator[Network]:
    """Lay a network that is there until the block ends."""
    sleep = [program("sleep"), "infinity"]
    switch = alone(sleep, dict(os.environ), subprocess.DEVNULL)
    try:
        laid = Network(switch.pid)
        laid.lay()
        yield laid
    finally:
        switch.send_signal(signal.SIGKILL)
        switch.wait()


def _inside(host: int, command: str) -> None:
    _run(f"nsenter --net=/proc/{host}/ns/net {command}")


def _run(command: str) -> None:
    done = subprocess.run(command.split(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr}"
