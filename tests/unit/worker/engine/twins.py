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
