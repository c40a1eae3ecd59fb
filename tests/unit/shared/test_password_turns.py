"""Passwords are hashed a few at a time: each takes 64 MiB."""

import threading
from typing import Any

import pytest

from shared.accounts import passwords
from shared.errors import TooManyRequests


def test_few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many who come at once, the others wait; who would wait too long is sent away."""
    lock, now, most, go_on = threading.Lock(), [0], [0], threading.Event()

    class Slow:
        def verify(self, *_: Any) -> bool:
            with lock:
                now[0] += 1
                most[0] = max(most[0], now[0])
            go_on.wait(10)
            with lock:
                now[0] -= 1
            return True

    monkeypatch.setattr(passwords, "HASHER", Slow())
    monkeypatch.setattr(passwords, "WAIT_SECONDS", 0.2)
    found: list[object] = []

    def one() -> None:
        try:
            found.append(passwords.matches("a hash", "a password"))
        except TooManyRequests:
            found.append("sent away")

    threads = [threading.Thread(target=one) for _ in range(12)]
    for thread in threads:
        thread.start()
    for _ in range(100):
        if len(found) == 12 - passwords.AT_ONCE:
            break
        threading.Event().wait(0.05)
    go_on.set()
    for thread in threads:
        thread.join()
    assert most[0] == passwords.AT_ONCE
    assert sorted(map(str, found)) == ["True"] * passwords.AT_ONCE + ["sent away"] * (
        12 - passwords.AT_ONCE
    )
