"""Where the embedded stack listens: on this machine only, on a port that is free."""

import errno
import ipaddress
import os
import socket

from shared.errors import UserError


def check_loopback(host: str) -> None:
    """Refuse an address that others can reach. Raises ``UserError`` with the reason."""
    if is_loopback(host):
        return
    raise UserError(
        f"--host {host} is not a loopback address: passwords and tokens would cross the network "
        "for all to read; take 127.0.0.1, ::1 or localhost, and for others put something in front "
        "that speaks TLS (docs/deployment.md)"
    )


def is_loopback(host: str) -> bool:
    """Tell whether only this machine is reached at ``host``."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_free(host: str, port: int) -> None:
    """Try to listen on ``host`` and ``port`` for a moment. Raises ``UserError``."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # As gunicorn does: a port whose last connections are still closing is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise UserError(_unusable(host, port, error)) from error


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def join(host: str, port: int) -> str:
    """Return ``host:port``, an IPv6 address in its brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _unusable(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use by another program; choose another with --port"
    # The system's own words: asyncio and others decorate theirs.
    reason = os.strerror(error.errno) if error.errno else str(error)
    return f"cannot listen on {join(host, port)}: {reason}; choose another with --host or --port"
