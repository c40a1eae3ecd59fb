"""What this node has, found without loading TensorFlow: a pool process a GPU, each its own."""

import os
import subprocess

# TensorFlow reads this once, when it loads: it must be set before.
VISIBLE = "CUDA_VISIBLE_DEVICES"
MIB = 1024 * 1024


def gpus() -> list[str]:
    """Return the names (numbers or UUIDs) of the GPUs that this worker may use."""
    allowed = os.environ.get(VISIBLE)
    if allowed is not None:
        names = [name.strip() for name in allowed.split(",")]
        return [name for name in names if name and name != "-1"]
    return [line.strip() for line in _nvidia_smi().splitlines() if line.strip()]


def slots(queues: set[str], names: list[str]) -> int:
    """Return how many jobs a worker of these queues runs side by side on ``names``.

    One a GPU for training. Generating needs none, and on a processor one training run keeps
    its cores busy.
    """
    return max(1, len(names)) if "train" in queues else 1


def pin(index: int, queues: set[str], names: list[str]) -> str:
    """Give pool process ``index`` its device, before TensorFlow loads; return it in words."""
    if "train" not in queues or not names:
        # A process that only writes text must not take memory on a card.
        os.environ[VISIBLE] = "-1"
        return "cpu"
    os.environ[VISIBLE] = names[index % len(names)]
    os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] = "true"
    return f"gpu {os.environ[VISIBLE]}"


def memory_of(device: str) -> int | None:
    """Return the bytes of a card that ``pin`` told of; None of a processor, or unknown."""
    kind, _, name = device.partition(" ")
    if kind != "gpu":
        return None
    told = _nvidia_smi("memory.total", f"--id={name}").strip()
    return int(told) * MIB if told.isdigit() else None


def _nvidia_smi(asked: str = "index", *more: str) -> str:
    command = ["nvidia-smi", f"--query-gpu={asked}", "--format=csv,noheader,nounits", *more]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout
