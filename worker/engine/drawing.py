"""What a character is drawn from: the article's temperature, top-k and top-p.

Shapes: ``B`` rows, ``V`` vocabulary. ``worker.engine.kernels.share_out`` does the same for one row,
compiled; tests hold the two together.
"""

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]


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
