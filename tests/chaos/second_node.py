"""A second training worker beside the stack's, as another machine would run it."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from cli.child import Child
from cli.folder import DataFolder
from cli.output import Output
from cli.parts import Part, worker_parts
from shared.ids import new_id
from tests.support.stacks import START_SECONDS, Stack, environment, wait_for

PERIOD = 0.1
NAME = "train2"
MOST_DELAY = 1.0


class SecondNode:
    """The worker, kept alive by a thread; it starts as soon as the stack's broker has a place."""

    def __init__(self, folder: DataFolder, env: Mapping[str, str], log: Path):
        self._folder, self._env, self._log = folder, env, log
        self._over = threading.Event()
        self._child: Child | None = None

    @property
    def ready(self) -> bool:
        """Whether it can take jobs."""
        return self._child is not None and self._child.ready

    @contextmanager
    def running(self) -> Iterator[None]:
        """Keep it alive while the block runs, then end it at once."""
        # The kernel ends a part with the thread that started it: this one stays until the end.
        keeper = threading.Thread(target=self._keep, name="second node")
        keeper.start()
        try:
            yield
        finally:
            self._over.set()
            keeper.join()

    def _keep(self) -> None:
        while not self._folder.redis_config.exists():
            if self._over.wait(PERIOD):
                return
        env = dict(self._env) | {"CHARLOOM_REDIS_URL": redis_url(self._folder)}
        with self._log.open("w", encoding="utf-8") as stream:
            self._child = Child(part(), env, Output([NAME], stream), MOST_DELAY)
            while not self._over.wait(PERIOD):
                self._child.tend(time.monotonic())
            self._child.kill()


@contextmanager
def second_node(stack: Stack, path: Path) -> Iterator[str]:
    """Run a second training worker beside a stack; yield the path of its log."""
    folder, log = DataFolder(stack.data), path / "node.log"
    env = environment(new_id(), {"CHARLOOM_DATABASE_URL": folder.database_url})
    node = SecondNode(folder, env, log)
    with node.running():
        wait_for(lambda: node.ready, START_SECONDS)
        yield str(log)


def part() -> Part:
    """Return what the stack's own training worker is started with, under another name."""
    ours = worker_parts(readiness_is_logged=True)[0]
    argv = [word.replace("train@", f"{NAME}@") for word in ours.argv]
    return replace(ours, name=NAME, argv=argv)


def redis_url(folder: DataFolder) -> str:
    """Return the address of the stack's own broker."""
    lines = folder.redis_config.read_text(encoding="utf-8").splitlines()
    config = dict(line.split(" ", 1) for line in lines if " " in line)
    return f"redis://:{config['requirepass']}@127.0.0.1:{config['port']}/0"
