"""The packages that requirements/ pins, and the rules of audit/rules.toml."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
# What each file is for, in the order in which they grow.
FILES = {
    "web": "web server",
    "cpu": "workers",
    "gpu": "workers with cards",
    "dev": "development",
    "bench": "benchmarks",
}


@dataclass
class Package:
    """A package, its pinned versions and the files that pin it; ``here`` is the one for here."""

    name: str
    versions: set[str] = field(default_factory=set)
    files: list[str] = field(default_factory=list)
    here: str | None = None

    @property
    def asked(self) -> str:
        """The version that is asked about: the one for this machine, or the first."""
        return self.here or min(self.versions)


def rules() -> dict[str, Any]:
    """Return what is accepted, and why."""
    return tomllib.loads((ROOT / "audit" / "rules.toml").read_text("utf-8"))


def packages() -> dict[str, Package]:
    """Return every pinned package by name, markers or not."""
    found: dict[str, Package] = {}
    for file in FILES:
        for wanted in _requirements(ROOT / "requirements" / f"{file}.txt"):
            name = canonicalize_name(wanted.name)
            package = found.setdefault(name, Package(name))
            version = str(wanted.specifier).removeprefix("==")
            package.versions.add(version)
            if file not in package.files:
                package.files.append(file)
            if wanted.marker is None or wanted.marker.evaluate():
                package.here = version
    return dict(sorted(found.items()))


def _requirements(path: Path) -> Iterator[Requirement]:
    text = path.read_text("utf-8").replace("\\\n", " ")
    for line in re.sub(r"\s--hash=\S+", "", text).splitlines():
        if line.strip():
            yield Requirement(line)
