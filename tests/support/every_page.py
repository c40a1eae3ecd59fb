"""The address of every page, with something of everything stored and with nothing."""

from collections.abc import Mapping

from apiflask import APIFlask

from tests.support.full import Full

# What is asked for by an address of the pages and is no page: files, data, streams.
NO_PAGES = {
    "pages.checkpoints.bundle",
    "pages.checkpoints.model",
    "pages.corpora.text",
    "pages.jobs.output_jsonl",
    "pages.jobs.output_txt",
    "pages.jobs.samples_jsonl",
    "pages.jobs.samples_txt",
    "pages.live.follow",
    "pages.live.show",
    "pages.models.model_keras",
    "pages.models.output_txt",
    "pages.news.show",
    "pages.outputs.output_zip",
    "pages.outputs.receipt",
    "pages.runs.losses",
}
# They lead to the provider that people may sign in through, and from it.
REDIRECTS = {"pages.provider.back", "pages.provider.start"}
ELSEWHERE = "/there/is/no/such/page"
# With nothing stored, beside those that are the same with something.
EMPTY = (
    *("/", "/compare", "/corpora", "/desk", "/training/new", "/generation/new", "/jobs"),
    *(
        "/schedules",
        "/schedules/new",
        "/models",
        "/receivers",
        "/nodes",
        "/account",
        "/team",
        "/team/audit",
    ),
)


def signed_out(full: Full) -> Mapping[str, list[str]]:
    """Return the addresses of what somebody sees who is not signed in."""
    return {
        "pages.signing.new": ["/sign-in?next=/jobs"],
        "pages.signing.show": [f"/sign-in/link?secret={full.link}"],
    }


def every_page(full: Full) -> Mapping[str, list[str]]:
    """Return the pages' addresses by endpoint; a page that can look very different has several.

    They are what a manager of the default team sees who is an administrator, too.
    """
    jobs = {name: f"/jobs/{job_id}" for name, job_id in full.jobs.items()}
    corpus, schedule = f"/corpora/{full.corpus}", f"/schedules/{full.schedule}"
    return {
        "pages.account.show": ["/account"],
        "pages.api_docs.index": ["/api/docs"],
        "pages.audit.index": ["/administration/audit", f"/administration/audit?team={full.team}"],
        "pages.checkpoints.new": ["/checkpoints/new"],
        "pages.compare.show": [
            f"/compare?job={full.jobs['trained']}&job={full.jobs['running']}&job={full.jobs['lost']}",
            f"/compare?job={full.jobs['trained']}",
        ],
        "pages.corpora.index": ["/corpora"],
        "pages.corpora.new": ["/corpora/new"],
        "pages.corpora.new_version": [f"{corpus}/versions/new"],
        "pages.corpora.show": [corpus],
        "pages.corpora.read": [f"{corpus}/read?version=1&at=9&length=40"],
        "pages.desk.show": [f"/desk?checkpoint={full.checkpoint}"],
        "pages.generation.new": [
            f"/generation/new?checkpoint={full.checkpoint}",
            f"/generation/new?clone={full.jobs['written']}",
        ],
        "pages.home.index": ["/"],
        "pages.jobs.confirm": [f"{jobs['trained']}/delete"],
        "pages.jobs.index": ["/jobs", "/jobs?kind=score", "/jobs?status=cancelled&kind=generate"],
        "pages.jobs.show": list(jobs.values()),
        "pages.limits.show": ["/limits"],
        "pages.models.index": ["/models"],
        "pages.models.show": [f"/models/{full.model}"],
        "pages.nodes.index": ["/nodes"],
        "pages.provider.account": ["/account/provider"],
        "pages.receivers.index": ["/receivers"],
        "pages.receivers.new": ["/receivers/new"],
        "pages.receivers.show": [f"/receivers/{full.receiver}"],
        "pages.runs.epochs": [f"{jobs['trained']}/epochs"],
        "pages.runs.sample": [f"{jobs['trained']}/samples/{full.sample}"],
        "pages.runs.samples": [
            f"{jobs['trained']}/samples",
            f"{jobs['trained']}/samples?starred=true",
        ],
        "pages.runs.stop": [f"{jobs['running']}/cancel"],
        "pages.schedules.ask": [f"{schedule}/delete"],
        "pages.schedules.edit": [f"{schedule}/edit"],
        "pages.schedules.index": ["/schedules"],
        "pages.schedules.new": ["/schedules/new"],
        "pages.schedules.show": [schedule],
        "pages.team.audit": ["/team/audit"],
        "pages.team.show": ["/team"],
        "pages.teams.edit": [f"/administration/teams/{full.team}"],
        "pages.teams.index": ["/administration/teams"],
        "pages.tokens.new": ["/account/tokens/new"],
        "pages.training.new": [
            f"/training/new?corpus={full.corpus}",
            f"/training/new?checkpoint={full.checkpoint}",
            f"/training/new?clone={full.jobs['failed']}",
        ],
        "pages.users.index": ["/administration/users"],
        "pages.users.new": ["/administration/users/new?name=eve"],
        "pages.users.show": [f"/administration/users/{full.user}"],
    }


def asked_endpoints(app: APIFlask) -> set[str]:
    """Return the endpoints of the pages that answer a GET, but for those of files of packages."""
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())]
    asked = {rule.endpoint for rule in rules if rule.endpoint.startswith("pages.")}
    return {endpoint for endpoint in asked if not endpoint.endswith(".static")} - REDIRECTS
