"""Compiled loops that write text: a step of a stream is too small for any array library's calls.

Shapes: ``L`` layers, ``H`` units, ``G`` all gates' units (4H or 3H), ``V`` vocabulary, ``T``
window. A stream's sums have one order, alone or beside another, so that its text does not depend
on its company. They hold no lock of Python's: threads run side by side.

All in one file: Numba keeps what it compiled until the file of the function that was called
changes, and would not notice a change in another.
"""

import math
from typing import Any

import numpy as np

from worker.engine.compiling import compiled

# Beyond it the single-precision tanh is 1.
SATURATED = np.float32(9.0)
# Of the seventh convergent of tanh: 17325, 378 and 1; 62370, 3150 and 28; all over 135135.
ONE = np.float32(1)
C1, C2, C3 = np.float32(17325 / 135135), np.float32(378 / 135135), np.float32(1 / 135135)
C4, C5, C6 = np.float32(62370 / 135135), np.float32(3150 / 135135), np.float32(28 / 135135)


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
def add_two_products(out: Any, out2: Any, vector: Any, vector2: Any, matrix: Any) -> None:
    """Add two vectors' products with one matrix, each summed as ``add_product`` does."""
    rows, columns = matrix.shape
    whole = rows - rows % 4
    for row in range(0, whole, 4):
        a, b, c, d = vector[row], vector[row + 1], vector[row + 2], vector[row + 3]
        e, f, g, h = vector2[row], vector2[row + 1], vector2[row + 2], vector2[row + 3]
        for j in range(columns):
            p, q = matrix[row, j], matrix[row + 1, j]
            r, s = matrix[row + 2, j], matrix[row + 3, j]
            out[j] += a * p + b * q + c * r + d * s
            out2[j] += e * p + f * q + g * r + h * s
    for row in range(whole, rows):
        for j in range(columns):
            out[j] += vector[row] * matrix[row, j]
            out2[j] += vector2[row] * matrix[row, j]


@compiled
def squash(x: Any) -> None:
    """Put tanh into every place of an array, to about 3e-7.

    The continued fraction of Lambert (1761) for a quarter of the argument, doubled twice by
    tanh 2y = 2 tanh y / (1 + tanh² y), as one fraction: no branch, no call and one division, so
    that it is computed for many places at once.
    """
    two, quarter = np.float32(2), np.float32(0.25)
    for j in range(x.shape[0]):
        y = x[j]
        y = -SATURATED if y < -SATURATED else y
        y = SATURATED if y > SATURATED else y
        y *= quarter
        s = y * y
        # Scaled by its constant: squared twice below, it must not overflow.
        over = y * (ONE + s * (C1 + s * (C2 + s * C3)))
        under = ONE + s * (C4 + s * (C5 + s * C6))
        over, under = two * over * under, under * under + over * over
        x[j] = two * over * under / (under * under + over * over)


@compiled
def gate(x: Any) -> None:
    """Put the logistic function into every place of an array."""
    half = np.float32(0.5)
    for j in range(x.shape[0]):
        x[j] *= half
    squash(x)
    for j in range(x.shape[0]):
        x[j] = half * x[j] + half


@compiled
def lstm(x: Any, products: Any, h: Any, c: Any) -> None:
    """End a step of an LSTM: ``h`` and ``c`` (H) become the next ones.

    ``x`` (G) are the inputs, ``products`` (G) h times the recurrent weights; both are used up.
    Hochreiter and Schmidhuber (1997); gates in Keras' order: input, forget, cell, output.
    """
    units = h.shape[0]
    for j in range(x.shape[0]):
        x[j] += products[j]
    gate(x[: 2 * units])
    squash(x[2 * units : 3 * units])
    gate(x[3 * units :])
    for j in range(units):
        c[j] = x[units + j] * c[j] + x[j] * x[2 * units + j]
        products[j] = c[j]
    squash(products[:units])
    for j in range(units):
        h[j] = x[3 * units + j] * products[j]


@compiled
def gru(x: Any, products: Any, h: Any) -> None:
    """End a step of a GRU: ``h`` (H) becomes the next one; the rest as of an LSTM.

    Cho et al. (2014), reset after the product; gates in Keras' order: update, reset, candidate.
    """
    units = h.shape[0]
    for j in range(2 * units):
        x[j] += products[j]
    gate(x[: 2 * units])
    for j in range(units):
        x[2 * units + j] += x[units + j] * products[2 * units + j]
    squash(x[2 * units :])
    for j in range(units):
        h[j] = x[j] * h[j] + (np.float32(1) - x[j]) * x[2 * units + j]


@compiled
def begin(layer: int, character: int, weights: Any, h: Any, x: Any, products: Any) -> None:
    """Begin a layer's step: put its inputs into ``x`` (G) and its own biases into ``products``."""
    rows, kernels, biases, _, own_biases, _, _ = weights
    for j in range(x.shape[0]):
        x[j] = rows[character, j] if layer == 0 else biases[layer - 1, j]
        products[j] = own_biases[layer, j]
    if layer > 0:
        add_product(x, h[layer - 1], kernels[layer - 1])


@compiled
def end(layer: int, h: Any, c: Any, x: Any, products: Any) -> None:
    """End a layer's step, of whichever cell has so many gates."""
    if x.shape[0] == 4 * h.shape[1]:
        lstm(x, products, h[layer], c[layer])
    else:
        gru(x, products, h[layer])


@compiled
def read(character: int, weights: Any, h: Any, c: Any, x: Any, products: Any) -> None:
    """Take one more character into the state ``h``, ``c`` (L, H)."""
    for layer in range(h.shape[0]):
        begin(layer, character, weights, h, x, products)
        add_product(products, h[layer], weights[3][layer])
        end(layer, h, c, x, products)


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

    softmax(logits / temperature), the article's formula; at 0 the likeliest has it all, the lowest
    id among equals. Then only the ``top_k`` likeliest stay and the likeliest whose shares reach
    ``top_p``, the one that crosses it, too (Holtzman et al., 2020); 0 and 1 leave all in.
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
def choose(weights: Any, h: Any, drawing: Any, uniform: float, logits: Any, shares: Any) -> int:
    """Return the next character behind a state, or -1 where a logit is no number.

    ``drawing``: temperature, top_k, top_p. ``logits`` and ``shares`` (V) are used up.
    """
    temperature, top_k, top_p = drawing
    predict(weights, h, logits)
    total = share_out(logits, temperature, top_k, top_p, shares)
    if not math.isfinite(total):
        return -1
    return draw(shares, total, uniform)


@compiled
def write(weights: Any, h: Any, c: Any, drawing: Any, uniforms: Any, ids: Any) -> bool:
    """Write ``ids`` (N), one for each of ``uniforms`` (N), carrying the state (L, H) on.

    Tells whether all logits were numbers.
    """
    gates, vocabulary = weights[0].shape[1], weights[0].shape[0]
    x, products = np.empty(gates, np.float32), np.empty(gates, np.float32)
    logits, shares = np.empty(vocabulary, np.float32), np.empty(vocabulary, np.float64)
    for n in range(ids.shape[0]):
        ids[n] = choose(weights, h, drawing, uniforms[n], logits, shares)
        if ids[n] < 0:
            return False
        read(ids[n], weights, h, c, x, products)
    return True


@compiled
def write_two(weights: Any, one: Any, two: Any) -> bool:
    """Write two streams as ``write`` does, each of which gets the same ids.

    Each is h, c, drawing, uniforms, ids. What takes longest is to fetch the recurrent weights:
    here they are fetched once for both.
    """
    h, c, drawing, uniforms, ids = one
    h2, c2, drawing2, uniforms2, ids2 = two
    gates, vocabulary = weights[0].shape[1], weights[0].shape[0]
    x, products = np.empty(gates, np.float32), np.empty(gates, np.float32)
    x2, products2 = np.empty(gates, np.float32), np.empty(gates, np.float32)
    logits, shares = np.empty(vocabulary, np.float32), np.empty(vocabulary, np.float64)
    for n in range(ids.shape[0]):
        ids[n] = choose(weights, h, drawing, uniforms[n], logits, shares)
        ids2[n] = choose(weights, h2, drawing2, uniforms2[n], logits, shares)
        if ids[n] < 0 or ids2[n] < 0:
            return False
        for layer in range(h.shape[0]):
            begin(layer, ids[n], weights, h, x, products)
            begin(layer, ids2[n], weights, h2, x2, products2)
            add_two_products(products, products2, h[layer], h2[layer], weights[3][layer])
            end(layer, h, c, x, products)
            end(layer, h2, c2, x2, products2)
    return True


@compiled
def write_window(
    weights: Any, h: Any, c: Any, drawing: Any, uniforms: Any, window: Any, filled: int, ids: Any
) -> bool:
    """Write ids as ``write`` does, but each from a zero state and the last ``filled`` characters
    of a window (T), which moves on."""
    gates, vocabulary, places = weights[0].shape[1], weights[0].shape[0], window.shape[0]
    x, products = np.empty(gates, np.float32), np.empty(gates, np.float32)
    logits, shares = np.empty(vocabulary, np.float32), np.empty(vocabulary, np.float64)
    for n in range(ids.shape[0]):
        h[:] = np.float32(0)
        c[:] = np.float32(0)
        for place in range(places - filled, places):
            read(window[place], weights, h, c, x, products)
        ids[n] = choose(weights, h, drawing, uniforms[n], logits, shares)
        if ids[n] < 0:
            return False
        window[:-1] = window[1:].copy()
        window[-1] = ids[n]
        filled = min(filled + 1, places)
    return True


@compiled
def read_all(ids: Any, weights: Any, h: Any, c: Any) -> None:
    """Take characters (N) into a state."""
    gates = weights[0].shape[1]
    x, products = np.empty(gates, np.float32), np.empty(gates, np.float32)
    for place in range(ids.shape[0]):
        read(ids[place], weights, h, c, x, products)


@compiled
def surprise(known: Any, fed: Any, weights: Any, h: Any, c: Any) -> float:
    """Return the sum of the bits that characters ``known`` (N) come as, the state carried on.

    One that is -1 is not counted; one of ``fed`` (N) that is -1 is not read.
    """
    gates, vocabulary = weights[0].shape[1], weights[6].shape[0]
    x, products = np.empty(gates, np.float32), np.empty(gates, np.float32)
    logits, bits = np.empty(vocabulary, np.float32), 0.0
    for place in range(known.shape[0]):
        if known[place] >= 0:
            predict(weights, h, logits)
            largest, total = logits.max(), 0.0
            for j in range(vocabulary):
                total += math.exp(logits[j] - largest)
            bits += (math.log(total) + largest - logits[known[place]]) / math.log(2)
        if fed[place] >= 0:
            read(fed[place], weights, h, c, x, products)
    return bits


@compiled
def _likeliest(logits: Any, ids: Any, found: Any) -> None:
    """Put the K likeliest of logits (V) into ``ids`` and ``found`` (K), best first: the lowest id
    first among equals."""
    count = ids.shape[0]
    filled = 0
    for j in range(logits.shape[0]):
        if filled == count and (count == 0 or logits[j] <= found[count - 1]):
            continue
        place = min(filled, count - 1)
        while place > 0 and logits[j] > found[place - 1]:
            ids[place], found[place] = ids[place - 1], found[place - 1]
            place -= 1
        ids[place], found[place] = j, logits[j]
        filled = min(filled + 1, count)


@compiled
def score(known: Any, fed: Any, weights: Any, h: Any, c: Any, scored: Any) -> bool:
    """Score characters ``known`` (N), each before it is read, and carry the state on.

    One that is -1 has no score; one of ``fed`` (N) that is -1 is not read. ``scored``: log p (N),
    ranks (N) from 1, ids of the K likeliest (N, K), their log p (N, K). Tells whether all logits
    were numbers.
    """
    logs, ranks, ids, best = scored
    gates, vocabulary = weights[0].shape[1], weights[6].shape[0]
    x, products = np.empty(gates, np.float32), np.empty(gates, np.float32)
    logits = np.empty(vocabulary, np.float32)
    for place in range(known.shape[0]):
        predict(weights, h, logits)
        largest, total = float(logits.max()), 0.0
        for j in range(vocabulary):
            if not math.isfinite(logits[j]):
                return False
            total += math.exp(float(logits[j]) - largest)
        behind = math.log(total) + largest
        _likeliest(logits, ids[place], best[place])
        best[place] -= behind
        own = known[place]
        if own >= 0:
            logs[place] = float(logits[own]) - behind
            ranks[place] = 1
            for j in range(vocabulary):
                if logits[j] > logits[own] or (logits[j] == logits[own] and j < own):
                    ranks[place] += 1
        if fed[place] >= 0:
            read(fed[place], weights, h, c, x, products)
    return True
