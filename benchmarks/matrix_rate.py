"""How fast this machine multiplies matrices: the limit of training a recurrent network.

python benchmarks/matrix_rate.py

Prints GFLOP/s of all cores: a process a core, all at the same time, each with one thread and the
float32 products of an LSTM(128)'s step, compiled by XLA. (One product on several threads is slower
here than as many products side by side, in PyTorch and TensorFlow alike.)
"""

import multiprocessing
import os
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

ROWS, UNITS, STEPS, ROUNDS = 64, 128, 100, 30


def main() -> None:
    """Print the sum over all cores."""
    cores = os.cpu_count() or 1
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(cores)
    with context.Pool(cores, _remember, (start,)) as pool:
        print(f"GFLOP/s {sum(pool.map(rate, range(cores), chunksize=1)):.1f}")


def rate(_: int) -> float:
    """Return the median rate of one core, while the others are at it, too."""
    import worker.engine  # noqa: F401  (quiets TensorFlow)
    import tensorflow as tf  # isort: skip

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    weights = tf.random.normal((UNITS, 4 * UNITS)) / 100

    @tf.function(jit_compile=True)  # type: ignore[untyped-decorator]
    def products(h: tf.Tensor, gates: tf.Tensor) -> Any:
        for _ in tf.range(STEPS):
            # All of the product goes on, so that none of it is left out.
            gates = tf.matmul(h, weights)
            h = gates[:, :UNITS]
        return h, gates

    rows = tf.random.normal((ROWS, UNITS)), tf.zeros((ROWS, 4 * UNITS))
    products(*rows)
    _start.wait()
    return median(_round(products, rows) for _ in range(ROUNDS))


def _round(products: Any, rows: Any) -> float:
    begin = time.perf_counter()
    for _ in range(10):
        products(*rows)[0].numpy()
    return 2 * ROWS * UNITS * 4 * UNITS * STEPS * 10 / (time.perf_counter() - begin) / 1e9


_start: Any = None


def _remember(start: Any) -> None:
    global _start
    _start = start


if __name__ == "__main__":
    main()
