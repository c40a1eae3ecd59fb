"""Findings as lines, and as one JSON document."""

import json

from cli.doctor.findings import Finding, State
from cli.terminal import shown


def as_line(finding: Finding) -> str:
    """Return a finding's line."""
    advice = f" -> {finding.advice}" if finding.advice else ""
    line = f"{finding.state.name.lower():8} {finding.name}: {finding.text}{advice}"
    return shown(" ".join(line.split("\n")))


def as_document(found: list[Finding]) -> str:
    """Return all of them, and how bad it is."""
    worst = max(State.OK, *(finding.state for finding in found))
    checks = [vars(finding) | {"state": finding.state.name.lower()} for finding in found]
    return json.dumps({"state": worst.name.lower(), "checks": checks}, indent=2)
