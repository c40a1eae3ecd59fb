"""What only a card can show: `make gpu` runs it, on a machine that has one."""

import os

import pytest

from worker import devices

# Not by `make test`: it has to end well on machines without a card.
collect_ignore_glob = [] if os.environ.get("GPU") else ["test_*.py"]
if os.environ.get("GPU"):
    if not devices.gpus():
        raise pytest.UsageError("these tests want an NVIDIA card: nvidia-smi tells of none here")
    # As a pool process does, and like it before TensorFlow loads.
    devices.pin(0, {"train"}, devices.gpus())


@pytest.fixture(scope="session")
def card() -> devices.Card:
    """The first card, as its driver tells of it."""
    return devices.cards()[0]
