"""What a job may ask of the node that runs it, and what a worker can serve.

A job's row keeps its needs as one short text, its key: '' for none, as nearly all have it, else as
``gpu=1;memory=8000000000;label=a100``. Requests have them too, so nothing here knows the database.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import Field

from shared.fields import Spec
from shared.nodes.labels import LABEL

NO_NEEDS = ""


class NodeNeeds(Spec):
    """What a job asks of the node that runs it. Where none can serve it, it waits."""

    gpu: bool = Field(False, description="A worker that computes with a GPU.")
    memory_bytes: int | None = Field(
        None,
        ge=1,
        le=2**50,
        description="So much memory at least: of the card where a GPU is asked for, else of what "
        "the worker may hold.",
    )
    label: Annotated[str, Field(pattern=LABEL)] | None = Field(
        None, description="One of the labels that the node's operator gave it."
    )

    def key(self) -> str:
        """Return what a job's row keeps of it."""
        parts = {"gpu": int(self.gpu), "memory": self.memory_bytes, "label": self.label}
        return ";".join(f"{name}={value}" for name, value in parts.items() if value)

    @classmethod
    def of(cls, key: str) -> Self:
        """Return what a key says."""
        parts = dict(part.split("=", 1) for part in key.split(";") if part)
        memory = parts.get("memory")
        return cls(
            gpu="gpu" in parts,
            memory_bytes=None if memory is None else int(memory),
            label=parts.get("label"),
        )


@dataclass(frozen=True)
class Able:
    """What a worker can serve. ``memory`` and ``card`` are bytes, None where nobody knows."""

    node: str | None = None
    gpu: bool = False
    memory: int | None = None
    card: int | None = None
    labels: frozenset[str] = frozenset()

    def serves(self, needs: NodeNeeds) -> bool:
        """Tell whether it has what is asked for; memory that nobody knows is believed in."""
        most = self.card if needs.gpu else self.memory
        enough = needs.memory_bytes is None or most is None or needs.memory_bytes <= most
        named = needs.label is None or needs.label in self.labels
        return (self.gpu or not needs.gpu) and enough and named


# Who tells nothing of itself runs what asks for nothing.
PLAIN = Able()


def told(key: str) -> dict[str, Any] | None:
    """Return a job's needs as people read them; None of none."""
    return NodeNeeds.of(key).model_dump() if key else None
