"""Models that were made elsewhere."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

from cli.client.base import Nouns, given
from cli.client.connection import KEY_HEADER, Json


class Imports(Nouns):
    """What brings models into an installation."""

    def import_model(
        self,
        path: Path,
        vocabulary: Path | None = None,
        *,
        characters: str | None = None,
        name: str | None = None,
    ) -> Json:
        """Submit the import of a ``.keras`` file or a bundle; return the job.

        The characters of a ``.keras`` file come as a file ``vocabulary``, or as ``characters``.
        """
        fields = given({"characters": characters, "name": name})
        with ExitStack() as stack:
            files: dict[str, Any] = {
                field: (one.name, stack.enter_context(one.open("rb")))
                for field, one in (("file", path), ("vocabulary", vocabulary))
                if one is not None
            }
            headers = {KEY_HEADER: str(uuid4())}
            return self._connection.json(
                "POST", "/checkpoints", data=fields, files=files, headers=headers
            )
