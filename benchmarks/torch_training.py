"""A character model of any shape in PyTorch, as its users write it: windows a second.

    python torch_training.py CORPUS [--units 128] [--layers 1] [--vocabulary V] [--steps 60]

``torch_recipe.py`` for other shapes: batches of 128 windows of 100 characters, one-hot, the loss on
the next character, RMSprop. With --vocabulary the text is random ids under V.
Needs: torch, numpy.
"""

import argparse
import time

import numpy as np
import torch
from torch.nn.functional import cross_entropy, one_hot

BATCH, WINDOW = 128, 100


def main() -> None:
    """Train some steps and print the figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus")
    parser.add_argument("--units", type=int, default=128)
    parser.add_argument("--layers", type=int, default=1)
    parser.add_argument("--vocabulary", type=int)
    parser.add_argument("--steps", type=int, default=60)
    args = parser.parse_args()
    ids, depth = read(args.corpus, args.vocabulary)
    lstm = torch.nn.LSTM(depth, args.units, args.layers, batch_first=True)
    head = torch.nn.Linear(args.units, depth)
    optimizer = torch.optim.RMSprop([*lstm.parameters(), *head.parameters()], lr=0.01)

    def step() -> None:
        start = torch.randint(0, len(ids) - WINDOW - 1, (BATCH,))
        window = ids[start[:, None] + torch.arange(WINDOW + 1)]
        states, _ = lstm(one_hot(window[:, :-1], depth).float())
        loss = cross_entropy(head(states[:, -1]), window[:, -1])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    for _ in range(2):
        step()
    begin = time.perf_counter()
    for _ in range(args.steps):
        step()
    seconds = time.perf_counter() - begin
    print(f"torch_training windows/s {args.steps * BATCH / seconds:.1f}")


def read(corpus: str, vocabulary: int | None) -> tuple[torch.Tensor, int]:
    """Return a text's ids and how many there are of them."""
    with open(corpus, encoding="utf-8") as file:
        text = file.read()
    if vocabulary:
        return torch.tensor(np.random.default_rng(1).integers(0, vocabulary, len(text))), vocabulary
    index = {character: place for place, character in enumerate(sorted(set(text)))}
    return torch.tensor([index[character] for character in text]), len(index)


if __name__ == "__main__":
    main()
