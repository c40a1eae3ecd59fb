"""Prometheus' own programs: they read what we tell, and our rules."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from cli.child import ROOT
from tests.support.servers import free_port
from tests.support.stacks import wait_for

METRICS_TOKEN = "watch-token"
FILES = ROOT / "deploy" / "prometheus"
RULES: dict[str, Any] = yaml.safe_load((FILES / "alerts.yml").read_text("utf-8"))
ALERTS: dict[str, str] = {
    rule["alert"]: rule["expr"] for group in RULES["groups"] for rule in group["rules"]
}


def tool(name: str) -> str:
    """Return the path of a program of Prometheus; fail where it is not installed."""
    found = shutil.which(name)
    if found is None:
        pytest.fail(
            f"these tests need Prometheus' {name}: run `apt-get install -y prometheus` "
            "(macOS: `brew install prometheus`)",
            pytrace=False,
        )
    return found


def promtool(*arguments: str, told: str | None = None) -> str:
    """Run promtool, which must be content, and return what it says."""
    done = subprocess.run(
        [tool("promtool"), *arguments], input=told, text=True, capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@contextmanager
def running_prometheus(folder: Path, web: str, workers: list[str]) -> Iterator[str]:
    """Run Prometheus with our configuration, at other addresses, until the block ends."""
    config = yaml.safe_load((FILES / "prometheus.yml").read_text("utf-8"))
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(FILES / "alerts.yml")]
    for job, targets in zip(config["scrape_configs"], ([web], workers), strict=True):
        job.pop("dns_sd_configs", None)
        job |= {
            "authorization": {"credentials": METRICS_TOKEN},
            "static_configs": [{"targets": targets}],
        }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    address = f"127.0.0.1:{free_port()}"
    words = [
        *(tool("prometheus"), f"--config.file={folder / 'prometheus.yml'}"),
        *(f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address={address}"),
    ]
    with (folder / "prometheus.log").open("wb") as output:
        process = subprocess.Popen(words, stdout=output, stderr=subprocess.STDOUT, cwd=folder)
    try:
        wait_for(lambda: _is_ready(f"http://{address}"), 30)
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(20)


def query(url: str, expression: str) -> list[dict[str, Any]]:
    """Return what Prometheus answers to an expression."""
    answer = httpx.get(f"{url}/api/v1/query", params={"query": expression}, trust_env=False).json()
    assert answer["status"] == "success", (expression, answer)
    found: list[dict[str, Any]] = answer["data"]["result"]
    return found


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/-/ready", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False
