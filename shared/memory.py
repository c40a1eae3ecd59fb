"""How the C library is to give memory back, in a process with many threads.

Left to itself glibc makes eight heaps a processor, one for each thread that comes, and once a text
of some megabytes was freed, it takes the next from these heaps and keeps twice its size free in
each: with two processors sixteen times as much as was ever needed, with sixty-four, five hundred.
"""

import ctypes

# Numbers of glibc's malloc.h; musl, macOS and others have no such function.
TRIM_THRESHOLD, MMAP_THRESHOLD, ARENA_MAX = -1, -3, -8
# Pieces from this size on are mapped one by one, and given back when they are freed.
LARGE_BYTES = 512 * 1024
ARENAS = 4


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
