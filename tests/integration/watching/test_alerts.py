"""Each alert, by Prometheus' own unit tests: it fires when it should, and not when all is well."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.prometheus import ALERTS, FILES, promtool

H = "charloom_http_request_duration_seconds"
WEB, WORKER = 'up{job="charloom-web"}', 'up{job="charloom-workers",instance="w"}'
GIB = 1024**3
# What each alert reads: when it must fire, and when it must not; how long to wait, in minutes.
CASES: dict[str, tuple[int, dict[str, str], dict[str, str]]] = {
    "CharloomNotScraped": (5, {WEB: "0x60"}, {WEB: "1x60"}),
    "CharloomWorkerNotScraped": (10, {WORKER: "0x60"}, {WORKER: "1x8 0x4 1x40"}),
    "CharloomDatabaseAway": (3, {"charloom_database_up": "0x60"}, {"charloom_database_up": "1x60"}),
    "CharloomNoWorker": (
        5,
        {'charloom_workers{queue="train"}': "0x60"},
        {'charloom_workers{queue="train"}': "1x60"},
    ),
    "CharloomQueueOld": (
        10,
        {'charloom_oldest_queued_seconds{queue="generate"}': "200+60x60"},
        {'charloom_oldest_queued_seconds{queue="train"}': "200+60x60"},
    ),
    "CharloomServerErrors": (
        15,
        {f'{H}_count{{status="200"}}': "0+60x60", f'{H}_count{{status="503"}}': "0+6x60"},
        {f'{H}_count{{status="200"}}': "0+60x60", f'{H}_count{{status="404"}}': "0+60x60"},
    ),
    "CharloomSlow": (
        20,
        {
            f'{H}_bucket{{endpoint="jobs.show",le="1"}}': "0+6x60",
            f'{H}_bucket{{endpoint="jobs.show",le="10"}}': "0+60x60",
            f'{H}_bucket{{endpoint="jobs.show",le="+Inf"}}': "0+60x60",
        },
        {
            f'{H}_bucket{{endpoint="answers.score",le="1"}}': "0+6x60",
            f'{H}_bucket{{endpoint="answers.score",le="+Inf"}}': "0+60x60",
            f'{H}_bucket{{endpoint="jobs.show",le="1"}}': "0+60x60",
            f'{H}_bucket{{endpoint="jobs.show",le="+Inf"}}': "0+60x60",
        },
    ),
    "CharloomLeasesLost": (
        20,
        {'charloom_job_losses_total{reason="lease ran out"}': "0+1x60"},
        {'charloom_job_losses_total{reason="lease ran out"}': "0x10 1x50"},
    ),
    "CharloomLeasesNotRenewed": (
        20,
        {'charloom_worker_lease_renewals_total{outcome="failed"}': "0+2x60"},
        {
            'charloom_worker_lease_renewals_total{outcome="renewed"}': "0+12x60",
            'charloom_worker_lease_renewals_total{outcome="failed"}': "0x10 1x50",
        },
    ),
    "CharloomJobsFail": (
        60,
        {
            'charloom_job_moves_total{status="failed"}': "0+1x60",
            'charloom_job_moves_total{status="succeeded"}': "0x60",
        },
        {
            'charloom_job_moves_total{status="failed"}': "0+1x60",
            'charloom_job_moves_total{status="succeeded"}': "0+9x60",
        },
    ),
    "CharloomDatabaseGrows": (
        7 * 60,
        {"charloom_database_size_bytes": f"{GIB}+{GIB // 100}x500"},
        {"charloom_database_size_bytes": f"{100 * GIB}+{GIB // 1000}x500"},
    ),
}


def case(alert: str, minutes: int, series: dict[str, str], fires: bool) -> dict[str, Any]:
    """Return one of promtool's cases: without words, only how many alerts there are counts."""
    found = f'count(ALERTS{{alertname="{alert}",alertstate="firing"}}) or vector(0)'
    labels, value = "{}", 1 if fires else 0
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": found,
                "eval_time": f"{minutes}m",
                "exp_samples": [{"labels": labels, "value": value}],
            }
        ],
    }


def test_every_alert_has_its_cases() -> None:
    """None is without one, and each is told of in the documentation."""
    assert CASES.keys() == ALERTS.keys()
    told = (FILES.parent.parent / "docs" / "operations.md").read_text("utf-8")
    assert [name for name in ALERTS if f"`{name}`" not in told] == []


def test_the_files_are_valid(tmp_path: Path) -> None:
    """promtool takes the configuration, whose token is a file in a container, and the rules."""
    text = (FILES / "prometheus.yml").read_text("utf-8")
    token = tmp_path / "metrics_token"
    token.write_text("t", encoding="utf-8")
    (tmp_path / "alerts.yml").write_text((FILES / "alerts.yml").read_text("utf-8"))
    config = tmp_path / "prometheus.yml"
    config.write_text(text.replace("/run/secrets/metrics_token", str(token)), encoding="utf-8")
    assert f"{len(ALERTS)} rules found" in promtool("check", "config", str(config))


@pytest.mark.parametrize("fires", [True, False], ids=["fires", "silent"])
def test_alerts_fire_when_they_should(tmp_path: Path, fires: bool) -> None:
    """All at once: starting promtool takes longer than its work."""
    cases = [
        case(alert, minutes, bad if fires else good, fires)
        for alert, (minutes, bad, good) in CASES.items()
    ]
    tests = {"rule_files": [str(FILES / "alerts.yml")], "evaluation_interval": "1m", "tests": cases}
    path = tmp_path / "test.yml"
    path.write_text(yaml.safe_dump(tests), encoding="utf-8")
    assert "SUCCESS" in promtool("test", "rules", str(path))
