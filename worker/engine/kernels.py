"""Compiled loops that write one stream's text: a step is too small for any array library's calls.

Shapes: ``L`` layers, ``H`` units, ``G`` all gates' units (4H or 3H), ``V`` vocabulary, ``T``
window. Each stream is computed alone and its sums have one order, so that a text does not depend
on what is written beside it. They hold no lock of Python's: threads run side by side.
"""

import math
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np

F = TypeVar("F", bound=Callable[..., Any])

# Beyond it the single-precision tanh is 1.
SATURATED = np.float32(9.0)


def compiled(function: F) -> F:
    """Compile with Numba, once a machine where there is a folder to keep the result in.

    A product and a sum may become one instruction; nothing else is reordered.
    """
    options: dict[str, Any] = {"nogil": True, "fastmath": {"contract"}}
    try:
        return cast(F, numba.njit(cache=True, **options)(function))
    except RuntimeError:  # Neither beside the source nor in the home can anything be written.
        return cast(F, numba.njit(**options)(function))


@compiled
def add_product(out: Any, vector: Any, matrix: Any) -> None:
    """Add ``vector`` (N) times ``matrix`` (N, M) to ``out`` (M)."""
    rows, columns = matrix.shape
    whole = rows - rows % 4
    for row in range(0, whole, 4):
        a, b, c, d = vector[row], vector[row + 1], vector[row + 2], vector[row + 3]
        for j in range(columns):
            out[j] += (
                a * matrix[row, j]
                + b * matrix[row + 1, j]
                + c * matrix[row + 2, j]
                + d * matrix[row + 3, j]
            )
    for row in range(whole, rows):
        for j in range(columns):
            out[j] += vector[row] * matrix[row, j]


@compiled
def squash(x: Any, first: int, last: int) -> None:
    """Put tanh into places ``first`` to ``last`` - 1 of an array, to about 2e-7.

    The continued fraction of Lambert (1761) for a quarter of the argument, doubled twice by
    tanh 2y = 2 tanh y / (1 + tanh² y): no branch and no call, so that it is computed for many
    places at once.
    """
    one, two, quarter = np.float32(1), np.float32(2), np.float32(0.25)
    for j in range(first, last):
        y = x[j]
        y = -SATURATED if y < -SATURATED else y
        y = SATURATED if y > SATURATED else y
        y *= quarter
        s = y * y
        over = y * (np.float32(135135) + s * (np.float32(17325) + s * (np.float32(378) + s)))
        under = np.float32(135135) + s * (
            np.float32(62370) + s * (np.float32(3150) + s * np.float32(28))
        )
        y = over / under
        y = two * y / (one + y * y)
        x[j] = two * y / (one + y * y)


@compiled
def gate(x: Any, first: int, last: int) -> None:
    """Put the logistic function into places ``first`` to ``last`` - 1 of an array."""
    half = np.float32(0.5)
    for j in range(first, last):
        x[j] *= half
    squash(x, first, last)
    for j in range(first, last):
        x[j] = half * x[j] + half


@compiled
def lstm(x: Any, recurrent: Any, h: Any, c: Any, scratch: Any) -> None:
    """One step of an LSTM: ``x`` (G) is used up, ``h`` and ``c`` (H) become the next ones.

    Hochreiter and Schmidhuber (1997); gates in Keras' order: input, forget, cell, output.
    """
    units = h.shape[0]
    add_product(x, h, recurrent)
    gate(x, 0, 2 * units)
    squash(x, 2 * units, 3 * units)
    gate(x, 3 * units, 4 * units)
    for j in range(units):
        c[j] = x[units + j] * c[j] + x[j] * x[2 * units + j]
        scratch[j] = c[j]
    squash(scratch, 0, units)
    for j in range(units):
        h[j] = x[3 * units + j] * scratch[j]


@compiled
def gru(x: Any, recurrent: Any, bias: Any, h: Any, scratch: Any) -> None:
    """One step of a GRU: ``x`` (G) is used up, ``h`` (H) becomes the next one.

    Cho et al. (2014), reset after the product; gates in Keras' order: update, reset, candidate.
    """
    units = h.shape[0]
    for j in range(3 * units):
        scratch[j] = bias[j]
    add_product(scratch, h, recurrent)
    for j in range(2 * units):
        x[j] += scratch[j]
    gate(x, 0, 2 * units)
    for j in range(2 * units, 3 * units):
        x[j] += x[j - units] * scratch[j]
    squash(x, 2 * units, 3 * units)
    for j in range(units):
        h[j] = x[j] * h[j] + (np.float32(1) - x[j]) * x[2 * units + j]


@compiled
def read(character: int, weights: Any, h: Any, c: Any, x: Any, scratch: Any) -> None:
    """Take one more character into the state ``h``, ``c`` (L, H)."""
    rows, kernels, biases, recurrents, own_biases, _, _ = weights
    for j in range(x.shape[0]):
        x[j] = rows[character, j]
    for layer in range(h.shape[0]):
        if layer > 0:
            for j in range(x.shape[0]):
                x[j] = biases[layer - 1, j]
            add_product(x, h[layer - 1], kernels[layer - 1])
        if x.shape[0] == 4 * h.shape[1]:
            lstm(x, recurrents[layer], h[layer], c[layer], scratch)
        else:
            gru(x, recurrents[layer], own_biases[layer], h[layer], scratch)


@compiled
def predict(weights: Any, h: Any, logits: Any) -> None:
    """Put the logits (V) of the next character behind a state."""
    dense, bias = weights[5], weights[6]
    for j in range(logits.shape[0]):
        logits[j] = bias[j]
    add_product(logits, h[h.shape[0] - 1], dense)


@compiled
def share_out(logits: Any, temperature: float, top_k: int, top_p: float, shares: Any) -> float:
    """Put what each character weighs in the draw (V), and return the sum: no number where a
    logit is none.

    ``worker.engine.drawing.adjust`` says what; 0 for ``top_k`` and 1 for ``top_p`` leave all in.
    """
    best = 0
    for j in range(logits.shape[0]):
        if not math.isfinite(logits[j]):
            return math.nan
        if logits[j] > logits[best]:
            best = j
    total = 0.0
    for j in range(logits.shape[0]):
        if temperature == 0.0:
            shares[j] = 1.0 if j == best else 0.0
        else:
            shares[j] = math.exp((float(logits[j]) - float(logits[best])) / temperature)
        total += shares[j]
    if top_k == 0 and top_p >= 1.0:
        return total
    return _truncate(shares, total, top_k, top_p)


@compiled
def _truncate(shares: Any, total: float, top_k: int, top_p: float) -> float:
    """Take out all but the likeliest; return the sum of what stays."""
    order = np.argsort(-shares, kind="mergesort")
    before = kept = 0.0
    for rank in range(order.shape[0]):
        share = shares[order[rank]]
        if (top_k > 0 and rank >= top_k) or before >= top_p * total:
            shares[order[rank]] = 0.0
        else:
            kept += share
        before += share
    return kept


@compiled
def draw(shares: Any, total: float, uniform: float) -> int:
    """Return the id whose stretch of the shares holds ``uniform`` (0 to 1) of their sum."""
    behind, found = 0.0, -1
    for j in range(shares.shape[0]):
        if shares[j] > 0.0:
            behind += shares[j]
            found = j
            if behind > uniform * total:
                break
    return found


@compiled
def write(
    weights: Any, h: Any, c: Any, drawing: Any, uniforms: Any, window: Any, filled: int, ids: Any
) -> bool:
    """Write ``ids`` (N), one for each of ``uniforms`` (N); tell whether all logits were numbers.

    ``drawing``: temperature, top_k, top_p. The state ``h``, ``c`` (L, H) is carried on; with
    a ``window`` (T), of which the last ``filled`` places are read, it is made afresh from it for
    each character, and the window moves on. An empty window stands for none.
    """
    temperature, top_k, top_p = drawing
    gates, vocabulary, places = weights[0].shape[1], weights[0].shape[0], window.shape[0]
    x, scratch = np.empty(gates, np.float32), np.empty(gates, np.float32)
    logits, shares = np.empty(vocabulary, np.float32), np.empty(vocabulary, np.float64)
    for n in range(ids.shape[0]):
        if places > 0:
            h[:] = np.float32(0)
            c[:] = np.float32(0)
            for place in range(places - filled, places):
                read(window[place], weights, h, c, x, scratch)
        predict(weights, h, logits)
        total = share_out(logits, temperature, top_k, top_p, shares)
        if not math.isfinite(total):
            return False
        character = draw(shares, total, uniforms[n])
        ids[n] = character
        if places > 0:
            for place in range(places - 1):
                window[place] = window[place + 1]
            window[places - 1] = character
            filled = min(filled + 1, places)
        else:
            read(character, weights, h, c, x, scratch)
    return True


@compiled
def read_all(ids: Any, weights: Any, h: Any, c: Any) -> None:
    """Take characters (N) into a state."""
    gates = weights[0].shape[1]
    x, scratch = np.empty(gates, np.float32), np.empty(gates, np.float32)
    for place in range(ids.shape[0]):
        read(ids[place], weights, h, c, x, scratch)
