"""One batch on several devices: each takes its rows, and their gradients are summed.

``tf.distribute.MirroredStrategy`` runs the pieces on the devices of this process and sums what
they return. It mirrors no variables here, because there are none: a program gets weights and
optimizer state as arguments (see ``program``), so the strategy sends the weights to its devices
with each batch, and the one update is done where the values are. That is what lets a state saved
on two devices go on on one, and the other way round: it is the same arrays.

A batch is made of the parts that one device would compute, masks and all. Where there are fewer
parts than devices, parts are cut in turn, and the masks with them. So the sums are one device's,
in another order: equal but for rounding.

Shapes: ``D`` devices, ``M`` pieces of each, ``R`` rows of a piece, ``T`` window.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from shared.errors import TooFewDevices
from shared.said import said
from worker.engine import masks

Tensors = list[tf.Tensor]
# From weights, windows (R, T + 1), their shares (R,), a key and the first row's place in its part.
Teach = Callable[[Tensors, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor], Tensors]


def split_processor(count: int) -> None:
    """Make the processor so many devices, before TensorFlow computes anything.

    They share its cores. Raises ``RuntimeError`` where TensorFlow has begun already.
    """
    (processor, *_) = tf.config.list_physical_devices("CPU")
    parts = [tf.config.LogicalDeviceConfiguration() for _ in range(count)]
    tf.config.set_logical_device_configuration(processor, parts)


def devices() -> list[str]:
    """Return the names of the devices that this process can train on: its cards, if it has any."""
    found = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return [device.name for device in found]


def require(count: int) -> None:
    """Raise ``TooFewDevices`` where this process has fewer than so many."""
    if (present := len(devices())) < count:
        raise TooFewDevices(
            said(
                "the spec asks for {asked} devices; this worker's process has {present}: ask for "
                "fewer, or let a process have more (CHARLOOM_DEVICES_PER_PROCESS)",
                asked=count,
                present=present,
            )
        )


@dataclass(frozen=True)
class Pieces:
    """How a batch of ``batch`` rows in parts of ``rows`` is spread over ``count`` devices."""

    batch: int
    rows: int
    count: int

    @cached_property
    def parts(self) -> int:
        """How many parts the batch has."""
        return -(-self.batch // self.rows)

    @cached_property
    def cuts(self) -> int:
        """Into how many pieces each part is cut."""
        return -(-self.count // self.parts)

    @cached_property
    def numbers(self) -> NDArray[np.int32]:
        """The part that each piece (D, M) is of; the last pieces may be of none, and count 0."""
        each = -(-self.parts * self.cuts // self.count)
        return (np.arange(self.count * each, dtype=np.int32) // self.cuts).reshape(-1, each)

    @cached_property
    def firsts(self) -> NDArray[np.int32]:
        """The place in its part of each piece's first row (D, M)."""
        length = -(-self.rows // self.cuts)
        places = np.arange(self.numbers.size, dtype=np.int32) % self.cuts * length
        return places.reshape(self.numbers.shape)

    @cached_property
    def places(self) -> NDArray[np.int32]:
        """The places in the batch of each piece's rows (D, M, R); ``batch`` for none."""
        inside = self.firsts[..., None] + np.arange(-(-self.rows // self.cuts), dtype=np.int32)
        places = self.numbers[..., None] * self.rows + inside
        there = (inside < self.rows) & (places < self.batch)
        return np.where(there, places, self.batch).astype(np.int32)


class Replicas:
    """The devices of a program, and which rows each of them takes."""

    def __init__(self, pieces: Pieces):
        require(pieces.count)
        self._pieces = pieces
        self._strategy = tf.distribute.MirroredStrategy(devices()[: pieces.count])

    def sums(
        self, teach: Teach, weights: Tensors, windows: tf.Tensor, share: tf.Tensor, key: tf.Tensor
    ) -> Tensors:
        """Return the sums over a batch of what ``teach`` returns for each of its pieces.

        ``windows`` (B, T + 1) and their ``share`` (B,) of the mean; ``key`` is the step's.
        """
        # One row more, which counts nothing, stands for rows that are not there.
        windows = tf.gather(tf.pad(windows, [[0, 1], [0, 0]]), self._pieces.places)
        share = tf.gather(tf.pad(share, [[0, 1]]), self._pieces.places)

        def own(weights: Tensors, windows: tf.Tensor, share: tf.Tensor, key: tf.Tensor) -> Any:
            at = _replica()
            return add_up(
                [
                    teach(weights, windows[at, m], share[at, m], masks.fold(key, number), first)
                    for m, (number, first) in enumerate(self._of(at))
                ]
            )

        told = self._strategy.run(own, (weights, windows, share, key))
        return list(self._strategy.reduce(tf.distribute.ReduceOp.SUM, told, axis=None))

    def _of(self, at: int) -> list[tuple[int, tf.Tensor]]:
        """Return part and first row of each piece of a device.

        The row as a tensor: it must not be compiled in, or each piece would be compiled anew.
        """
        numbers, firsts = self._pieces.numbers[at], self._pieces.firsts[at]
        pairs = zip(numbers.tolist(), firsts.tolist(), strict=True)
        return [(number, tf.constant(first, tf.int32)) for number, first in pairs]


def _replica() -> int:
    """Return which of the devices this code is traced for."""
    number = tf.distribute.get_replica_context().replica_id_in_sync_group
    return int(tf.get_static_value(number))


def add_up(pieces: list[Tensors]) -> Tensors:
    """Return the sums of what all pieces have at each place, in the order of the pieces."""
    return [tf.add_n(values) for values in zip(*pieces, strict=True)]
