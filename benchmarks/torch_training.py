"""A character model of any shape in PyTorch, as its users write it: windows a second.

    python torch_training.py CORPUS [--units 128] [--layers 1] [--batch 128] [--vocabulary V]
        [--every-position] [--device cuda] [--mixed] [--steps 60]

``torch_recipe.py`` for other shapes and on a card: batches of windows of 100 characters, one-hot,
the loss on the next character or at every position, RMSprop. With --vocabulary the text is random
ids under V; with --mixed half precision, by autocast and a gradient scaler.
Needs: torch, numpy.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from torch.nn.functional import cross_entropy, one_hot

WINDOW = 100


def main() -> None:
    """Train some steps and print the figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus")
    parser.add_argument("--units", type=int, default=128)
    parser.add_argument("--layers", type=int, default=1)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--vocabulary", type=int)
    parser.add_argument("--every-position", action="store_true")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--mixed", action="store_true")
    parser.add_argument("--steps", type=int, default=60)
    args = parser.parse_args()
    step = trainer(args)
    for _ in range(2):
        step()
    begin = now(args.device)
    for _ in range(args.steps):
        step()
    seconds = now(args.device) - begin
    print(f"torch_training windows/s {args.steps * args.batch / seconds:.1f}")


def trainer(args: argparse.Namespace) -> Callable[[], None]:
    """Return what trains a step."""
    ids, depth = read(args.corpus, args.vocabulary)
    ids = ids.to(args.device)
    lstm = torch.nn.LSTM(depth, args.units, args.layers, batch_first=True).to(args.device)
    head = torch.nn.Linear(args.units, depth).to(args.device)
    optimizer = torch.optim.RMSprop([*lstm.parameters(), *head.parameters()], lr=0.01)
    half = torch.autocast(args.device, torch.float16, enabled=args.mixed)
    scaler = torch.amp.GradScaler(args.device, enabled=args.mixed)
    places = torch.arange(WINDOW + 1, device=args.device)

    def step() -> None:
        start = torch.randint(0, len(ids) - WINDOW - 1, (args.batch,), device=args.device)
        window = ids[start[:, None] + places]
        with half:
            states, _ = lstm(one_hot(window[:, :-1], depth).float())
            if args.every_position:
                loss = cross_entropy(head(states).flatten(0, 1), window[:, 1:].flatten())
            else:
                loss = cross_entropy(head(states[:, -1]), window[:, -1])
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()

    return step


def now(device: str) -> float:
    """Return the time when the device has done all that it was given."""
    if device != "cpu":
        torch.cuda.synchronize()
    return time.perf_counter()


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
