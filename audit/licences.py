"""The licence of every pinned package: ``python -m audit.licences`` writes docs/licences.md.

It asks the package index for what each package says of itself, installs nothing, and fails on a
licence that audit/rules.toml does not accept or that nobody knows.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from license_expression import Licensing
from packaging.utils import canonicalize_name

from audit.pins import FILES, ROOT, Package, packages, rules

PAGE = ROOT / "docs" / "licences.md"
LICENSING = Licensing()
HEAD = """# Licences

What the pinned packages say of their licences, written by `make licences`; a test holds it against
`requirements/`. charloom itself is under the Apache License 2.0 and contains none of them: whoever
installs it or builds an image takes them from the package index, and whoever passes an image on
passes their licences on, too. What is accepted stands in `audit/rules.toml`: a package with another
licence, or with none, fails.

"""


def main() -> None:
    """Write the page, or say which licences are not accepted and exit with 1."""
    found = packages()
    licences = {name: licence(name, told) for name, told in _ask(found).items()}
    if wrong := complaints(licences):
        sys.exit("\n".join(wrong))
    PAGE.write_text(page(found, licences), "utf-8")
    print(f"{len(licences)} packages, {len(set(licences.values()))} licences: {PAGE.name}")


def licence(name: str, told: Mapping[str, Any]) -> str | None:
    """Return a package's licence as an SPDX expression; None where nobody knows it.

    ``told`` are its ``license_expression``, ``license`` and ``classifier``.
    """
    known = rules()
    if name in known["packages"]:
        return str(known["packages"][name]["licence"])
    if told.get("license_expression"):
        return str(told["license_expression"])
    spellings: dict[str, str] = known["spellings"]
    if text := spellings.get(str(told.get("license") or "")):
        return text
    # Several classifiers are a choice.
    named = {spellings[text] for text in told.get("classifier", ()) if text in spellings}
    return " OR ".join(sorted(named)) or None


def complaints(licences: Mapping[str, str | None]) -> list[str]:
    """Return what is wrong with the licences of packages."""
    return [
        f"{name}: {'no licence is known' if text is None else f'{text} is not accepted'}; "
        "see audit/rules.toml"
        for name, text in licences.items()
        if text is None or not _accepts(LICENSING.parse(text))
    ]


def page(found: Mapping[str, Package], licences: Mapping[str, str | None]) -> str:
    """Return the page."""
    lines = ["| package | version | licence | for |", "| --- | --- | --- | --- |"]
    for name, package in found.items():
        versions, uses = ", ".join(sorted(package.versions)), FILES[package.files[0]]
        lines.append(f"| {name} | {versions} | {licences[name]} | {uses} |")
    return HEAD + "\n".join(lines) + "\n\n" + _explained()


def _explained() -> str:
    known = rules()
    lines = [f"- `{name}`: {entry['why']}" for name, entry in known["packages"].items()]
    weighed = [f"- {name}: {why}" for name, why in known["accepted"].items() if why]
    return "\n".join(
        ["## What is accepted with conditions", "", *weighed, "",
         "## What a package does not say itself", "", *lines, ""]
    )  # fmt: skip


def _accepts(node: Any) -> bool:
    parts = [_accepts(part) for part in getattr(node, "args", ())]
    if isinstance(node, LICENSING.AND):
        return all(parts)
    if isinstance(node, LICENSING.OR):
        return any(parts)
    return str(node) in rules()["accepted"]


def _ask(found: Mapping[str, Package]) -> dict[str, dict[str, Any]]:
    """Return what packages say of themselves, from the index."""
    with tempfile.TemporaryDirectory() as folder:
        wanted, report = Path(folder, "wanted.txt"), Path(folder, "report.json")
        wanted.write_text("\n".join(f"{p.name}=={p.asked}" for p in found.values()))
        options = ["--dry-run", "--no-deps", "--ignore-installed", "--ignore-requires-python"]
        command = [sys.executable, "-m", "pip", "install", "--quiet", *options]
        subprocess.run([*command, "--report", report, "--requirement", wanted], check=True)
        rows = json.loads(report.read_text("utf-8"))["install"]
    told = {str(canonicalize_name(row["metadata"]["name"])): row["metadata"] for row in rows}
    return {name: told[name] for name in found}


if __name__ == "__main__":
    main()
