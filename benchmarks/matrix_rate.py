"""How fast this machine multiplies matrices: the limit of training a recurrent network.

python benchmarks/matrix_rate.py

Prints GFLOP/s, the best of several sizes: products of float32 matrices in PyTorch, all cores.
"""

import time

import torch


def main() -> None:
    """Print the rate."""
    print(f"GFLOP/s {max(rate(size) for size in (512, 1024, 2048)):.1f}")


def rate(size: int, seconds: float = 1.0) -> float:
    """Return the rate of products of two square matrices."""
    a, b = torch.rand(size, size), torch.rand(size, size)
    begin, done = time.perf_counter(), 0
    while time.perf_counter() - begin < seconds:
        a @ b
        done += 1
    return 2 * size**3 * done / (time.perf_counter() - begin) / 1e9


if __name__ == "__main__":
    main()
