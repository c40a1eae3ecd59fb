"""deploy/kubernetes, held against Kubernetes' schemas, docker-compose.yml and the code."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from kubernetes_validate import latest_version, validate
from sqlalchemy import text

from cli.child import ROOT
from shared.db import Database
from shared.jobs.services import cancel
from shared.queue import QUEUES
from shared.settings import Settings
from tests.support.composed import SERVICES, command, with_defaults
from tests.support.factories import claim_job, make_training_job
from tests.support.manifests import (
    FOLDER,
    KUSTOMIZATIONS,
    PODS,
    RESOURCES,
    container,
    named,
    read,
    variables,
    volume,
)
from worker.scraped import port_for

OLDEST = "1.30"
OF_OTHERS = ("keda.sh/v1alpha1",)
OURS = [name for name, service in SERVICES.items() if "build" in service]
WORKERS = [name for name in OURS if name.startswith("worker")]


@pytest.mark.parametrize("version", [OLDEST, latest_version()])
def test_follows_the_schemas_of_kubernetes(version: str) -> None:
    """Every resource of Kubernetes' own is valid, without a field that it does not know."""
    known = [item for item in RESOURCES if item["apiVersion"] not in OF_OTHERS]
    assert len(known) > len(OURS)
    for item in known:
        validate(item, version, strict=True)


@pytest.mark.parametrize("folder", KUSTOMIZATIONS)
def test_every_file_is_taken_in(folder: str) -> None:
    """A kustomization names each file beside it, and folders that are there."""
    kustomization = KUSTOMIZATIONS[folder]
    taken = [*kustomization["resources"], *kustomization.get("components", [])]
    files = {path.name for path in (FOLDER / folder).glob("*.yaml")} - {"kustomization.yaml"}
    assert {name for name in taken if not name.startswith("../")} == files
    assert all((FOLDER / folder / name).exists() for name in taken)


def test_there_is_a_pod_for_every_service() -> None:
    """Each program of ours that compose runs, and no other."""
    assert PODS.keys() == set(OURS)


@pytest.mark.parametrize("name", OURS)
def test_pods_run_what_compose_runs(name: str) -> None:
    """The same image, command, variables, memory and time to stop."""
    service, pod = SERVICES[name], container(name)
    assert pod["image"] == service["image"].replace(":", "-")
    assert [word.rstrip(",") for word in pod["command"]] == [
        word.rstrip(",") for word in command(service)
    ]
    given = {key: with_defaults(value) for key, value in service["environment"].items()}
    assert variables(name) == given
    assert pod["resources"]["limits"]["memory"] == _size(with_defaults(service["mem_limit"]))
    grace = int(service.get("stop_grace_period", "30s").removesuffix("s"))
    assert PODS[name].get("terminationGracePeriodSeconds", 30) == grace


def _size(compose: str) -> str:
    """Return a size as Kubernetes writes it."""
    return compose.replace("g", "Gi").replace("m", "Mi")


@pytest.mark.parametrize("name", [name for name in OURS if "healthcheck" in SERVICES[name]])
def test_probes_are_composes_health_checks(name: str) -> None:
    """The same program, as often; no worker is killed because the database is away."""
    check, pod = SERVICES[name]["healthcheck"], container(name)
    probe = pod["livenessProbe" if name == "beat" else "readinessProbe"]
    kind, *words = check["test"]
    shell = ["/bin/sh", "-c"] if kind == "CMD-SHELL" else []
    assert probe["exec"]["command"] == [*shell, *map(with_defaults, words)]
    assert f"{probe['periodSeconds']}s" == check["interval"]
    assert f"{probe['timeoutSeconds']}s" == check["timeout"]
    assert ("livenessProbe" in pod) == (name in ("web", "beat"))


def test_the_web_server_lives_without_its_database() -> None:
    """What would kill it asks another route than what sends it requests."""
    ready, alive = (container("web")[f"{kind}Probe"]["exec"]["command"][-1]
                    for kind in ("readiness", "liveness"))  # fmt: skip
    assert ready.replace("/readyz", "/healthz") == alive != ready


@pytest.mark.parametrize("name", OURS)
def test_pods_are_sealed_as_containers_are(name: str) -> None:
    """No root, nothing writable but /tmp in memory, no right that may be got, no account."""
    pod, one = PODS[name], container(name)
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 10001
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not pod.keys() & {"hostNetwork", "hostPID", "hostIPC"}
    assert one["securityContext"] == {
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    (written,) = [mount for mount in one["volumeMounts"] if not mount.get("readOnly")]
    (size,) = [w for m in SERVICES[name]["tmpfs"] for w in m.replace(":", ",").split(",")
               if w.startswith("size=")]  # fmt: skip
    memory = {"medium": "Memory", "sizeLimit": _size(size.removeprefix("size="))}
    assert (written["mountPath"], volume(name, written["name"])["emptyDir"]) == ("/tmp", memory)


@pytest.mark.parametrize("name", OURS)
def test_each_pod_gets_composes_secrets(name: str) -> None:
    """No more of them than the service; all are made from the files of docker/make-secrets.sh."""
    secret = volume(name, "secrets")["secret"]
    assert [item["key"] for item in secret["items"]] == SERVICES[name]["secrets"]
    assert all(item["key"] == item["path"] for item in secret["items"])
    (made,) = KUSTOMIZATIONS["example"]["secretGenerator"]
    assert made["name"] == secret["secretName"]
    assert {f"secrets/{item['key']}" for item in secret["items"]} <= set(made["files"])


def test_there_is_one_beat_at_a_time() -> None:
    """One replica, and the old one goes before the new one comes."""
    spec = named("Deployment")["beat"]["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})


def test_the_gpu_worker_asks_for_a_card() -> None:
    """One card a pod, on a node that has any."""
    assert container("worker-train-gpu")["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert PODS["worker-train-gpu"]["nodeSelector"] == {"nvidia.com/gpu.present": "true"}


def test_selectors_find_their_pods() -> None:
    """Of deployments, the service and budgets: each exactly the pod of its name."""
    selected = {
        **{("Deployment", name): item["spec"]["selector"]["matchLabels"]
           for name, item in named("Deployment").items()},
        **{("Budget", name): item["spec"]["selector"]["matchLabels"]
           for name, item in named("PodDisruptionBudget").items()},
        **{("Service", name): item["spec"]["selector"] for name, item in named("Service").items()},
    }  # fmt: skip
    for (kind, name), labels in selected.items():
        assert [key for key, pod in PODS.items() if pod["labels"] == labels] == [name], kind
    assert named("PodDisruptionBudget").keys() == {"web", *WORKERS}
    # By which the workers of a new release are started before its web server.
    for name, item in named("Deployment").items():
        assert item["metadata"]["labels"] == PODS[name]["labels"]


def test_the_way_in_leads_to_the_web_server() -> None:
    """The ingress names the service, the service the container's port, which the server has."""
    (rule,) = named("Ingress")["web"]["spec"]["rules"]
    (path,) = rule["http"]["paths"]
    (port,) = named("Service")[path["backend"]["service"]["name"]]["spec"]["ports"]
    (open_port,) = container("web")["ports"]
    assert path["backend"]["service"]["port"]["name"] == port["name"]
    assert port["targetPort"] == open_port["name"]
    assert f"0.0.0.0:{open_port['containerPort']}" in container("web")["command"]


def test_nobody_gets_in_but_to_the_web_server() -> None:
    """All pods refuse what comes; who has no business outside gets to database and broker only."""
    policies = {name: item["spec"] for name, item in named("NetworkPolicy").items()}
    assert policies["closed"] == {"podSelector": {}, "policyTypes": ["Ingress"]}
    assert {name for name, spec in policies.items() if "ingress" in spec} == {"web", "metrics"}
    assert policies["web"]["podSelector"]["matchLabels"] == PODS["web"]["labels"]
    (chosen,) = policies["inside"]["podSelector"]["matchExpressions"]
    kept = {name for name in OURS if SERVICES[name]["networks"] == ["inside"]}
    assert set(chosen["values"]) == kept
    (only,) = policies["inside"]["egress"]
    assert {port["port"] for port in only["ports"]} == {53, 5432, 6379}


def test_prometheus_gets_to_every_worker() -> None:
    """To the port of each queue, from its own namespace."""
    spec = named("NetworkPolicy")["metrics"]["spec"]
    (chosen,) = spec["podSelector"]["matchExpressions"]
    assert set(chosen["values"]) == set(WORKERS)
    (way,) = spec["ingress"]
    (ports,) = way["ports"]
    given = Settings(metrics_address=variables("worker-train")["CHARLOOM_METRICS_ADDRESS"])
    _, first = given.metrics_place() or ("", 0)
    used = {port_for(first, {queue}) for queue in QUEUES}
    assert used == set(range(ports["port"], ports["endPort"] + 1))


SCALED = named("ScaledObject")


def test_scaling_is_of_workers_there_are() -> None:
    """By the database, whose address is a secret of ours; each worker once."""
    targets = [item["spec"]["scaleTargetRef"]["name"] for item in SCALED.values()]
    assert len(set(targets)) == len(targets)
    assert set(targets) < set(WORKERS)
    (known,) = named("TriggerAuthentication").values()
    (secret,) = known["spec"]["secretTargetRef"]
    assert (secret["parameter"], secret["key"]) == ("connection", "database_url")
    for item in SCALED.values():
        (trigger,) = item["spec"]["triggers"]
        assert trigger["type"] == "postgresql"
        assert trigger["authenticationRef"]["name"] == known["metadata"]["name"]
        assert trigger["metadata"]["targetQueryValue"] == "1"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("name", SCALED)
def test_scaling_counts_what_waits_and_runs(name: str, db: Database) -> None:
    """KEDA's question, asked of a database with jobs of each state, has the right answer."""
    queue = container(name)["command"][container(name)["command"].index("-Q") + 1]
    (trigger,) = SCALED[name]["spec"]["triggers"]
    claim_job(db, make_training_job(db))
    make_training_job(db)
    over = make_training_job(db)
    with db.write() as session:
        cancel(session, over.id)
    with db.read() as session:
        found = session.execute(text(trigger["metadata"]["query"])).scalar_one()
    assert found == {"train": 2, "generate": 0}[queue]


def built(folder: Path, tmp_path: Path) -> list[dict[str, Any]]:
    """Return what kustomize makes of an installation's folder."""
    tool = shutil.which("kubectl")
    if tool is None:
        pytest.skip("kubectl, which builds the folder as users do, is not installed")
    done = subprocess.run([tool, "kustomize", folder], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    path = tmp_path / "built.yaml"
    path.write_bytes(done.stdout)
    return read(path)


@pytest.mark.parametrize("gpu", [False, True], ids=["cpu", "gpu"])
def test_the_example_builds(gpu: bool, tmp_path: Path) -> None:
    """With secrets made; with GPUs their worker takes the other's place, in scaling too."""
    folder = tmp_path / "kubernetes"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("secrets"))
    secrets = folder / "example" / "secrets"
    subprocess.run(["sh", ROOT / "docker" / "make-secrets.sh", secrets], check=True)
    file = folder / "example" / "kustomization.yaml"
    if gpu:
        file.write_text(file.read_text().replace("# - ../gpu", "- ../gpu"))
    items = built(file.parent, tmp_path)
    there = {i["metadata"]["name"] for i in items if i["kind"] == "Deployment"}
    left_out = "worker-train" if gpu else "worker-train-gpu"
    assert there == PODS.keys() - {"migrate", left_out}
    targets = {i["spec"]["scaleTargetRef"]["name"] for i in items if i["kind"] == "ScaledObject"}
    assert targets <= there
    first = {i["kind"] for i in items if i["metadata"].get("labels", {}).get("charloom/step")}
    assert first == {"Namespace", "ConfigMap", "Secret", "Job"}
    for item in items:
        if item["apiVersion"] not in OF_OTHERS:
            validate(item, latest_version(), strict=True)
