"""How likely a model finds each character of a text, and what it would rather have seen.

Shapes: ``N`` characters, ``M`` steps, ``K`` alternatives, ``V`` vocabulary.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from worker.engine import kernels
from worker.engine.characters import CharacterModel, Doubles
from worker.engine.vocabulary import Vocabulary

Integers = NDArray[np.int64]
# A few hundredths of a second: whoever is told to stop soon hears of it.
PIECE_CHARACTERS = 1000


@dataclass(frozen=True)
class Scores:
    """Of each character: ``logs`` (N), log p in nats given all before it, no number where the
    model does not know it; ``ranks`` (N), 1 for the likeliest, 0 where it is unknown; ``best``
    (N, K), the ids of the likeliest, best first, with their log p in ``best_logs`` (N, K).
    ``behind``: of a whole text, the likeliest characters behind it, as scores of one place."""

    logs: Doubles
    ranks: Integers
    best: Integers
    best_logs: Doubles
    behind: "Scores | None" = None

    def arrays(self) -> tuple[Doubles, Integers, Integers, Doubles]:
        """Return the scores, as the kernel takes them."""
        return self.logs, self.ranks, self.best, self.best_logs

    def at(self, places: slice | Integers) -> "Scores":
        """Return the scores of some of the characters; of a slice, the very same numbers."""
        logs, ranks, best, best_logs = self.arrays()
        return Scores(logs[places], ranks[places], best[places], best_logs[places])

    def bits_per_character(self) -> float | None:
        """Return the mean of -log2 p of the known characters; None where there is none."""
        known = self.logs[self.ranks > 0]
        return float(-known.mean() / np.log(2)) if len(known) else None


def score(
    model: CharacterModel,
    vocabulary: Vocabulary,
    text: str,
    alternatives: int,
    *,
    nearest: Callable[[str], str] = lambda character: "",
    between: Callable[[], None] = lambda: None,
) -> Scores:
    """Return the scores of a text, the first character's from a model that has read nothing.

    An unknown character is read as those that are ``nearest``, or passed over. ``between`` is
    called after every piece. Raises ``ValueError`` where the model's weights give no numbers.
    """
    known, fed, own = _steps(vocabulary, text, nearest)
    # One step more, which reads nothing: what is likely behind the text.
    known, fed = np.append(known, -1), np.append(fed, -1)
    scores, state = _unscored(len(known), min(alternatives, len(vocabulary))), model.start()
    for first in range(0, len(known), PIECE_CHARACTERS):
        place = slice(first, first + PIECE_CHARACTERS)
        parts = scores.at(place).arrays()
        if not kernels.score(known[place], fed[place], model.weights, state.h, state.c, parts):
            raise ValueError("the model's weights give logits that are no finite numbers")
        between()
    return replace(scores.at(own), behind=scores.at(slice(len(known) - 1, None)))


def _unscored(steps: int, alternatives: int) -> Scores:
    """Return room for the scores of so many steps."""
    best = np.zeros((steps, alternatives), np.int64)
    return Scores(np.full(steps, np.nan), np.zeros(steps, np.int64), best, np.zeros(best.shape))


def warm_up() -> None:
    """Compile the kernel, or load what an earlier process compiled."""
    weights = (np.zeros((2, 4), np.float32), np.zeros((1, 4), np.float32), np.zeros(4, np.float32))
    model = CharacterModel([weights], np.zeros((1, 2), np.float32), np.zeros(2, np.float32))
    score(model, Vocabulary("ab"), "ab", 1)


def _steps(
    vocabulary: Vocabulary, text: str, nearest: Callable[[str], str]
) -> tuple[Integers, Integers, Integers]:
    """Return what is scored and what is read in each step (M), -1 for nothing, and in which step
    each character stands (N): one that is read as several takes as many steps."""
    places = {character: place for place, character in enumerate(vocabulary.characters)}
    read_as = {c: c if c in places else nearest(c) for c in set(text)}
    known: list[int] = []
    fed: list[int] = []
    own: list[int] = []
    for character in text:
        read = [places[part] for part in read_as[character]] or [-1]
        own.append(len(known))
        known += [places.get(character, -1)] + [-1] * (len(read) - 1)
        fed += read
    return np.array(known, np.int64), np.array(fed, np.int64), np.array(own, np.int64)
