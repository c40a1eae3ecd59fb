"""A flag that reaches processes forked after it was made."""

import os

from worker.stopping import StopFlag


def test_a_flag_is_down_at_first() -> None:
    """Nobody has told this worker to stop."""
    assert not StopFlag().is_up()


def test_a_child_sees_the_parents_flag() -> None:
    """What the main process raises after the fork, its pool process sees."""
    flag = StopFlag()
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.read(told, 1)
        os._exit(7 if flag.is_up() else 1)
    flag.raise_()
    os.write(tell, b".")
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 7
