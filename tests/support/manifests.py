"""The manifests of deploy/kubernetes, read as they are, and what of them compose says as well."""

from pathlib import Path
from typing import Any

import yaml

from cli.child import ROOT

FOLDER = ROOT / "deploy" / "kubernetes"
Json = dict[str, Any]


def read(path: Path) -> list[Json]:
    """Return the documents of a file."""
    return list(yaml.safe_load_all(path.read_text("utf-8")))


KUSTOMIZATIONS = {path.parent.name: read(path)[0] for path in FOLDER.glob("*/kustomization.yaml")}
RESOURCES = [
    document
    for path in sorted(FOLDER.glob("*/*.yaml"))
    if path.name != "kustomization.yaml"
    for document in read(path)
]
SETTINGS: dict[str, str] = next(item["data"] for item in RESOURCES if item["kind"] == "ConfigMap")


def named(kind: str) -> dict[str, Json]:
    """Return the resources of a kind by their names."""
    return {item["metadata"]["name"]: item for item in RESOURCES if item["kind"] == kind}


# By the names of docker-compose.yml.
PODS: dict[str, Json] = {
    name: {**item["spec"]["template"]["spec"], **item["spec"]["template"]["metadata"]}
    for name, item in {**named("Deployment"), **named("Job")}.items()
}


def container(name: str) -> Json:
    """Return the only container of a pod."""
    (only,) = PODS[name]["containers"]
    return dict(only)


def variables(name: str) -> dict[str, str]:
    """Return the variables of a container."""
    own = {item["name"]: item["value"] for item in container(name).get("env", [])}
    return SETTINGS | own


def volume(name: str, which: str) -> Json:
    """Return a volume of a pod."""
    return next(item for item in PODS[name]["volumes"] if item["name"] == which)
