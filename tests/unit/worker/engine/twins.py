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


def probabilities(weights: list[Any], window: Sequence[int]) -> Doubles:
    """The probabilities (V,) of the character behind one window, by one-hot vectors."""
    *lstm, dense, bias = weights
    states = [np.eye(len(bias))[i] for i in window]
    for layer in range(0, len(lstm), 3):
        states = lstm_layer(lstm[layer : layer + 3], states)
    powers = np.exp(states[-1] @ np.asarray(dense, np.float64) + bias)
    shares: Doubles = powers / powers.sum()
    return shares
