"""How loops are compiled."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile with Numba, once a machine where there is a folder to keep the result in.

    A product and a sum may become one instruction; nothing else is reordered.
    """
    # Python's division asks for a zero first, and so keeps loops from being computed in parallel.
    options: dict[str, Any] = {"nogil": True, "fastmath": {"contract"}, "error_model": "numpy"}
    try:
        return cast(F, numba.njit(cache=True, **options)(function))
    except RuntimeError:  # Neither beside the source nor in the home can anything be written.
        return cast(F, numba.njit(**options)(function))
