"""The machines that run jobs."""

from collections.abc import Iterator

from cli.client.base import Nouns, at
from cli.client.connection import Json


class Nodes(Nouns):
    """The nodes of an installation, which go by their names."""

    def nodes(self) -> Iterator[Json]:
        """Yield the nodes, oldest first."""
        return self.listed("/nodes")

    def node(self, name: str) -> Json:
        """Return a node."""
        return self.get(at("nodes", name))

    def drain_node(self, name: str, now: bool = False) -> Json:
        """Let a node start nothing new; ``now`` hands back what runs there, too."""
        return self.post(at("nodes", name, "drain"), {"now": now})

    def undrain_node(self, name: str) -> Json:
        """Let a node take jobs again."""
        return self.post(at("nodes", name, "undrain"))
