"""Slow, obvious twins of what the engine does fast, in float64."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]


def sigmoid(x: float) -> float:
    """The logistic function, as it is written in books."""
    return 1 / (1 + math.exp(-x))


def lstm_layer(weights: Sequence[Any], inputs: list[Doubles]) -> list[Doubles]:
    """The hidden states (H,) after each input (I,), unit by unit."""
    kernel, recurrent, bias = (np.asarray(w, np.float64) for w in weights)
    units = len(recurrent)
    h, c, states = np.zeros(units), np.zeros(units), []
    for x in inputs:
        sums = x @ kernel + h @ recurrent + bias
        new_h = np.zeros(units)
        for u in range(units):
            i, f, g, o = (sums[gate * units + u] for gate in range(4))
            c[u] = sigmoid(f) * c[u] + sigmoid(i) * math.tanh(g)
            new_h[u] = sigmoid(o) * math.tanh(c[u])
        h = new_h
        states.append(h)
    return states


def gru_layer(weights: Sequence[Any], inputs: list[Doubles]) -> list[Doubles]:
    """The same of a GRU that resets after the product."""
    kernel, recurrent, bias = (np.asarray(w, np.float64) for w in weights)
    units = len(recurrent)
    h, states = np.zeros(units), []
    for x in inputs:
        ours, product = x @ kernel + bias[0], h @ recurrent + bias[1]
        new_h = np.zeros(units)
        for u in range(units):
            z, r = (sigmoid(ours[g * units + u] + product[g * units + u]) for g in range(2))
            candidate = math.tanh(ours[2 * units + u] + r * product[2 * units + u])
            new_h[u] = z * h[u] + (1 - z) * candidate
        h = new_h
        states.append(h)
    return states


def probabilities(weights: list[Any], window: Sequence[int]) -> Doubles:
    """The probabilities (V,) of the character behind one window, by one-hot vectors."""
    *cells, dense, bias = weights
    states = [np.eye(len(bias))[i] for i in window]
    for first in range(0, len(cells), 3):
        layer = cells[first : first + 3]
        # Only a GRU's bias has two rows.
        states = (gru_layer if np.ndim(layer[2]) == 2 else lstm_layer)(layer, states)
    powers = np.exp(states[-1] @ np.asarray(dense, np.float64) + bias)
    shares: Doubles = powers / powers.sum()
    return shares


def ranking(weights: list[Any], before: Sequence[int]) -> tuple[Doubles, list[int]]:
    """The probabilities (V,) of what comes behind ids, and all ids by them, the lowest first
    among equals; a model that has read nothing goes by its last bias."""
    if before:
        shares = probabilities(weights, before)
    else:
        powers = np.exp(np.asarray(weights[-1], np.float64))
        shares = powers / powers.sum()
    return shares, np.argsort(-shares, kind="stable").tolist()


def adjust(
    probabilities: Doubles,
    temperature: Doubles,
    top_k: int | None = None,
    top_p: float | None = None,
) -> Doubles:
    """Return probabilities (B, V) at temperatures (B,): softmax(log p / temperature).

    The article's formula, without its log(0); at temperature 0 the likeliest character has it
    all, the lowest id among equals. Then only the ``top_k`` likeliest and the likeliest whose
    shares reach ``top_p`` stay in the draw. Every row sums to 1.
    """
    greedy = temperature == 0
    impossible = np.full_like(probabilities, -np.inf)
    logits = np.log(probabilities, out=impossible, where=probabilities > 0)
    # The likeliest is made 0 first: a tiny temperature would make every quotient infinite.
    logits -= logits.max(axis=1, keepdims=True)
    with np.errstate(over="ignore"):
        logits /= np.where(greedy, 1.0, temperature)[:, None]
    adjusted = _softmax(logits)
    adjusted[greedy] = np.eye(probabilities.shape[1])[probabilities[greedy].argmax(axis=1)]
    return _truncate(adjusted, top_k, top_p)


def _softmax(logits: Doubles) -> Doubles:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities: Doubles = powers / powers.sum(axis=1, keepdims=True)
    return probabilities


def _truncate(probabilities: Doubles, top_k: int | None, top_p: float | None) -> Doubles:
    """Keep the k likeliest, then the likeliest whose shares reach p, and share out anew."""
    if top_k is None and top_p is None:
        return probabilities
    order = np.argsort(-probabilities, axis=1, kind="stable")
    ranked = np.take_along_axis(probabilities, order, axis=1)
    keep = np.ones_like(ranked, bool)
    if top_k is not None:
        keep[:, top_k:] = False
    if top_p is not None:
        # The one that crosses p is kept too: Holtzman et al. (2020).
        keep &= np.cumsum(ranked, axis=1) - ranked < top_p
    kept = np.zeros_like(probabilities)
    np.put_along_axis(kept, order, np.where(keep, ranked, 0.0), axis=1)
    shared_out: Doubles = kept / kept.sum(axis=1, keepdims=True)
    return shared_out
