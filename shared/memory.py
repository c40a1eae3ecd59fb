"""How the C library is to give memory back, in a process with many threads.

Left to itself glibc makes eight heaps a processor, one for each thread that comes, and once a text
of some megabytes was freed, it takes the next from these heaps and keeps twice its size free in
each: with two processors sixteen times as much as was ever needed, with sixty-four, five hundred.

One heap is enough for threads that take turns at Python's lock. Under the soak's load a web process
with four, and 512 KiB to be mapped from, had 15 to 22 MB free between pieces in use, one with these
settings 2 to 7 (one run of 22 minutes, both side by side).
"""

import ctypes
import threading
import time

# Numbers of glibc's malloc.h; musl, macOS and others have no such function.
TRIM_THRESHOLD, MMAP_THRESHOLD, ARENA_MAX = -1, -3, -8
# Pieces from this size on are mapped one by one, and given back when they are freed.
LARGE_BYTES = 128 * 1024
ARENAS = 1


def give_back_soon() -> bool:
    """Have freed memory given back; tell whether this C library can be told so.

    Before threads begin: processes that are forked inherit it.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    wishes = ((MMAP_THRESHOLD, LARGE_BYTES), (TRIM_THRESHOLD, LARGE_BYTES), (ARENA_MAX, ARENAS))
    # Each of them: none is left out because of another.
    taken = [mallopt(name, value) for name, value in wishes]
    return all(taken)


def give_back() -> bool:
    """Give back now the pages that are free between what is in use; tell whether there were any.

    By itself the library only gives back what is behind the last piece in use: one small piece
    that stays keeps all before it. With many threads there is always one.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return trim is not None and bool(trim(0))


def give_back_every(seconds: float) -> None:
    """Give pages back every so often from a thread, for as long as this process lives."""
    threading.Thread(target=_give_back_every, args=(seconds,), name="memory", daemon=True).start()


def _give_back_every(seconds: float) -> None:
    while True:
        time.sleep(seconds)
        give_back()
