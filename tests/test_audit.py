"""What `make audit` looks at and needs no network for: our own code, and the licences."""

import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, metadata
from typing import Any

import pytest

from audit import advisories, licences
from audit.pins import ROOT, packages, rules

OURS = ("shared", "web", "worker", "cli", "migrations")
ROW = re.compile(r"^\| ([a-z0-9-]+) \| (\S.*?) \| (.+?) \| .+ \|$", re.M)


def listed() -> dict[str, tuple[str, str]]:
    """Return what docs/licences.md says: a package's versions and licence."""
    rows = licences.PAGE.read_text("utf-8").partition("| --- |")[2]
    return {m[1]: (m[2], m[3]) for m in ROW.finditer(rows)}


def test_bandit_finds_nothing() -> None:
    """In any package of ours; what it is told to pass over says so where it stands."""
    command = [sys.executable, "-m", "bandit", "--quiet", "-c", "pyproject.toml", "-r", *OURS]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_licences_are_those_of_the_pins() -> None:
    """Every pinned version is listed and no other: else `make licences` is wanted."""
    pinned = {name: ", ".join(sorted(p.versions)) for name, p in packages().items()}
    found = listed()
    assert {name: versions for name, (versions, _) in found.items()} == pinned


def test_every_licence_is_accepted_and_known() -> None:
    """None is unknown or forbids what is done with it."""
    assert licences.complaints({name: licence for name, (_, licence) in listed().items()}) == []


def test_the_licences_are_what_the_packages_say() -> None:
    """Those that are installed here say of themselves what is listed."""
    checked = 0
    for name, package in packages().items():
        told = described(name)
        if told is not None and told["version"] in package.versions:
            assert licences.licence(name, told) == listed()[name][1], name
            checked += 1
    assert checked > 100


def described(name: str) -> dict[str, Any] | None:
    """Return what an installed package says of itself, or None."""
    try:
        found = metadata(name)
    except PackageNotFoundError:
        return None
    return {
        "version": found["Version"],
        "license_expression": found.json.get("license_expression"),
        "license": found.json.get("license"),
        "classifier": found.get_all("Classifier") or [],
    }


@pytest.mark.parametrize(
    ("told", "licence"),
    [
        ({"license_expression": "GPL-3.0-only"}, "GPL-3.0-only"),
        ({"license_expression": "MIT AND AGPL-3.0-only"}, "MIT AND AGPL-3.0-only"),
        ({"license": "all rights reserved", "classifier": []}, None),
        ({}, None),
    ],
)
def test_what_is_not_accepted_is_told(told: dict[str, Any], licence: str | None) -> None:
    """A licence that forbids, one beside a good one, and one that nobody knows."""
    assert licences.licence("some-package", told) == licence
    [complaint] = licences.complaints({"some-package": licence})
    assert complaint.startswith("some-package: ")


def test_one_of_several_licences_is_enough() -> None:
    """Where a package lets its user choose."""
    assert licences.complaints({"some-package": "MIT OR GPL-3.0-only"}) == []


def test_every_exception_is_explained() -> None:
    """An advisory or a licence that is passed over has a reason."""
    told = rules()
    assert all(len(reason) > 20 for reason in told["advisories"].values())
    assert all(len(entry["why"]) > 20 for entry in told["packages"].values())
    assert told["packages"].keys() <= packages().keys(), "an exception for what is not pinned"


ADVISORY = {"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["2"], "description": "Bad."}


def test_advisories_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless the rules explain them, by any of their names."""
    rows: list[dict[str, Any]] = [
        {"name": "a", "version": "1", "vulns": [ADVISORY]},
        {"name": "b", "skip_reason": "?"},
    ]
    assert advisories.findings(rows) == ["a 1: PYSEC-1, mended in 2: Bad."]
    monkeypatch.setattr(advisories, "rules", lambda: {"advisories": {"CVE-1": "it is not used"}})
    assert advisories.findings(rows) == []


def test_what_could_not_be_asked_is_told() -> None:
    """By name, or that it is all of it; nothing is told as fine that was not asked about."""
    assert "0 of 2" in advisories.told(2, ["a", "b"], 0)
    assert "NOT ASKED (all)" in advisories.told(2, ["a", "b"], 0)
    assert "NOT ASKED (b)" in advisories.told(2, ["b"], 0)
    assert "NOT ASKED" not in advisories.told(2, [], 0)


def test_every_pin_is_asked_about_once() -> None:
    """No list has a package twice, which pip-audit refuses; together they are all pins."""
    lists = advisories.batches()
    for pins in lists:
        assert len({pin.partition("==")[0] for pin in pins}) == len(pins)
    every = [pin for pins in lists for pin in pins]
    assert sorted(every) == sorted(
        f"{p.name}=={v}" for p in packages().values() for v in p.versions
    )
