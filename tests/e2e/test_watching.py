"""What operators look at, while jobs run: metrics as Prometheus reads them, logs, the dashboard."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.child import ROOT
from shared.corpora.sources import python_reference
from tests.support.long_runs import wait_for_end
from tests.support.prometheus import ALERTS, METRICS_TOKEN, promtool, query, running_prometheus
from tests.support.stacks import Stack, wait_for

pytestmark = pytest.mark.timeout(300)

DASHBOARD = ROOT / "deploy" / "grafana" / "charloom.json"
REQUEST = "of-a-test:0123456789"
METRIC = re.compile(r"\b(?:charloom_\w+|up)\b")


@pytest.fixture(scope="module")
def job(stack: Stack) -> dict[str, Any]:
    """A training job that has ended, submitted by a request of a known id."""
    with stack.client() as client:
        corpus = client.add_corpus("watched", text=python_reference()[:10_000])
        given = {"Authorization": f"Bearer {stack.token}", "X-Request-ID": REQUEST}
        wanted = {"corpus_id": corpus["id"], "preset": "tiny"}
        url = f"{stack.url}/api/v1/training-jobs"
        answer = httpx.post(url, json=wanted, headers=given, trust_env=False)
        assert answer.headers["X-Request-ID"] == REQUEST
        done = wait_for_end(client, answer.json())
        wait_for_end(client, client.generate(client.best_checkpoint(done["id"])["id"], length=50))
    return done


def scraped(address: str, token: str = METRICS_TOKEN) -> httpx.Response:
    """Return what is told at an address, as Prometheus asks."""
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.get(f"http://{address}/metrics", headers=headers, trust_env=False)


def addresses(stack: Stack) -> list[str]:
    """Return where the web server and the workers tell their metrics."""
    # One that was started again says so again.
    ports = {int(port) for port in re.findall(r"metrics are told.*?port=(\d+)", stack.said())}
    assert len(ports) == 3
    return [stack.url.removeprefix("http://"), *(f"127.0.0.1:{port}" for port in sorted(ports))]


@pytest.mark.usefixtures("job")
def test_promtool_reads_every_scrape(stack: Stack) -> None:
    """Prometheus' own tool has nothing to say of them; without the token nobody is told."""
    texts = []
    for address in addresses(stack):
        assert scraped(address, "another").status_code == 401
        texts.append(scraped(address).text)
        assert promtool("check", "metrics", told=texts[-1]).strip() == ""
    _, train, generate, maintenance = texts
    assert re.search(r'worker_steps_total\{kind="train"\} [1-9]', train)
    assert re.search(r'worker_steps_total\{kind="generate"\} [1-9]', generate)
    assert re.search(r'job_moves_total\{kind="train",status="succeeded"\} [1-9]', train)
    assert 'claim_duration_seconds_count{queue="maintenance"} 0.0' in maintenance
    assert all("charloom_worker_process_memory_bytes{" in text for text in texts[1:])


def test_a_request_is_found_in_the_worker_s_log(stack: Stack, job: dict[str, Any]) -> None:
    """The lines of a job in the worker's log have the id of the request that submitted it."""
    lines = [line for line in stack.said().splitlines() if f"job={job['id']}" in line]
    for said in ("event=job started", "event=epoch done", "event=job succeeded"):
        found = [line for line in lines if said in line]
        assert found, said
        assert all(f"request={REQUEST}" in line for line in found)


@pytest.mark.usefixtures("job")
def test_every_panel_and_alert_has_data(stack: Stack, tmp_path: Path) -> None:
    """A running Prometheus answers each expression of the dashboard, and knows what alerts read."""
    panels = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    panels = [panel for panel in panels if panel["type"] != "row"]
    asked = {target["expr"] for panel in panels for target in panel["targets"]}
    assert all(panel["fieldConfig"]["defaults"]["unit"] for panel in panels)
    assert all(target["legendFormat"] for panel in panels for target in panel["targets"])
    web, *workers = addresses(stack)
    with running_prometheus(tmp_path, web, workers) as url:
        wait_for(lambda: len(query(url, "up == 1")) == 4, 20)
        # Rates take two scrapes, and something between them.
        wait_for(lambda: query(url, "min(count_over_time(up[1m])) >= 3"), 20)
        wait_for(lambda: [one for one in asked if not query(url, one)] == [], 15)
        for name, expression in ALERTS.items():
            query(url, expression)
            for metric in set(METRIC.findall(expression)):
                assert query(url, metric), (name, metric)
        assert query(url, 'ALERTS{alertstate="firing"}') == []
