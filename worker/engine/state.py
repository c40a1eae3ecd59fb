"""What a run needs to go on exactly where it stopped, as bytes."""

import io
import json
from dataclasses import asdict, dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass
class Position:
    """Where a run stands: ``step`` steps of ``epoch`` (from 1) are done.

    ``loss`` and ``accuracy`` are sums over the epoch's ``windows`` so far; ``seconds`` is the
    training time they took. ``best`` is the lowest validation loss so far, ``waited`` the number
    of epochs since.
    """

    epoch: int = 1
    step: int = 0
    loss: float = 0.0
    accuracy: float = 0.0
    windows: int = 0
    seconds: float = 0.0
    best: float | None = None
    waited: int = 0

    def add(self, windows: int, loss: float, accuracy: float) -> None:
        """Count a step over so many windows, with its means."""
        self.step += 1
        self.windows += windows
        self.loss += loss * windows
        self.accuracy += accuracy * windows

    def next(self, val_loss: float | None) -> "Position":
        """Return the position at the start of the next epoch, after one with this judgement."""
        if val_loss is None:
            return Position(self.epoch + 1)
        if self.best is not None and val_loss >= self.best:
            return Position(self.epoch + 1, best=self.best, waited=self.waited + 1)
        return Position(self.epoch + 1, best=val_loss)


@dataclass(frozen=True)
class TrainingState:
    """Weights and optimizer variables as raw arrays, and the position.

    Randomness needs no state: it is a pure function of the seed and the position.
    """

    weights: list[NDArray[np.generic]]
    optimizer: list[NDArray[np.generic]]
    position: Position = field(default_factory=Position)

    def to_bytes(self, owner: str = "") -> memoryview:
        """Return the state as an uncompressed npz file without pickles.

        ``owner`` stands in it, so that equal states of two runs are not equal bytes.
        """
        arrays = {f"weight_{i}": array for i, array in enumerate(self.weights)}
        arrays |= {f"optimizer_{i}": array for i, array in enumerate(self.optimizer)}
        arrays["position"] = np.frombuffer(json.dumps(asdict(self.position)).encode(), np.uint8)
        arrays["owner"] = np.frombuffer(owner.encode(), np.uint8)
        file = io.BytesIO()
        np.savez(file, **arrays)  # type: ignore[arg-type]
        return file.getbuffer()

    @classmethod
    def from_bytes(cls, data: bytes | memoryview) -> "TrainingState":
        """Return the state that ``to_bytes`` wrote."""
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            position = Position(**json.loads(file["position"].tobytes()))
            return cls(_numbered(file, "weight"), _numbered(file, "optimizer"), position)


def _numbered(file: np.lib.npyio.NpzFile, name: str) -> list[NDArray[np.generic]]:
    count = sum(key.startswith(f"{name}_") for key in file.files)
    return [file[f"{name}_{i}"] for i in range(count)]
