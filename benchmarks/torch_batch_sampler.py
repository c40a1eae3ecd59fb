"""64 texts at once in PyTorch, as its users write it: characters a second of all of them.

python benchmarks/torch_batch_sampler.py

``samplers.py torch`` for a batch: LSTM(128), 65 characters, state carried, one step a character.
With one thread and with all, and the better of both. Needs: torch.
"""

import time

import torch

VOCABULARY, UNITS, TEMPERATURE, STREAMS = 65, 128, 0.6, 64


def main() -> None:
    """Print the better figure."""
    counts = {1, torch.get_num_threads()}
    print(f"characters/s {max(speed(count, 400) for count in sorted(counts)):.0f}")


def speed(threads: int, steps: int) -> float:
    """Return characters a second of all streams together."""
    torch.set_num_threads(threads)
    lstm, head = torch.nn.LSTM(VOCABULARY, UNITS), torch.nn.Linear(UNITS, VOCABULARY)
    x, state = torch.zeros(1, STREAMS, VOCABULARY), None
    x[0, :, 0] = 1
    with torch.inference_mode():
        begin = time.perf_counter()
        for _ in range(steps):
            out, state = lstm(x, state)
            p = torch.softmax(head(out[-1]) / TEMPERATURE, 1)
            drawn = torch.multinomial(p, 1)[:, 0]
            x = torch.nn.functional.one_hot(drawn, VOCABULARY).float()[None]
        return steps * STREAMS / (time.perf_counter() - begin)


if __name__ == "__main__":
    main()
