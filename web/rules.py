"""Who may call what: every endpoint has its rule here, and without one it is refused to all.

A rule is a right in the caller's team. ``OWN`` endpoints take it for what one has made oneself;
what others made is for managers. What belongs to another team is not there for anyone: every query
is bound to the team.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from shared.accounts.rights import Right


@dataclass(frozen=True)
class Rule:
    """``right`` None: whoever is signed in. ``own``: for others' things the right to manage.

    ``watch``: also for the token of whoever watches the service (``CHARLOOM_METRICS_TOKEN``), which
    is good for nothing else.
    """

    right: Right | None = None
    anyone: bool = False
    own: bool = False
    watch: bool = False


ANYONE = (
    *("static", "bootstrap.static", "chartkick.static", "pages.api_docs.static"),
    *("health.healthz", "health.readyz"),
    # They describe the API and give nothing else away.
    *("openapi.spec", "pages.api_docs.index"),
    "pages.preferences.choose",
    *("pages.signing.new", "pages.signing.enter", "pages.signing.show", "pages.signing.use"),
    *("pages.provider.back", "pages.provider.start"),
)
SIGNED_IN = (
    "me.show",
    *("pages.provider.account", "pages.provider.link", "pages.provider.unlink"),
    "pages.signing.leave",
    # Who is in no team is told there what to do.
    "pages.home.index",
    *("pages.account.change_password", "pages.account.show", "pages.account.sign_out_everywhere"),
    "pages.account.switch",
    *("pages.tokens.create", "pages.tokens.new", "pages.tokens.revoke"),
)
READ = (
    "answers.result",
    *("checkpoints.bundle", "checkpoints.model", "checkpoints.show"),
    *("corpora.index", "corpora.report", "corpora.show", "corpora.text"),
    "estimates.show",
    *("jobs.index", "jobs.show"),
    *("limits.index", "pages.limits.show"),
    *("models.history", "models.index", "models.model_keras", "models.output_txt", "models.show"),
    "presets.index",
    *("nodes.index", "nodes.show"),
    *("receivers.index", "receivers.notices", "receivers.show"),
    *("records.checkpoints", "records.epochs", "records.events", "records.output_jsonl"),
    *("records.output_txt", "records.output_zip", "records.outputs", "records.samples"),
    *("records.samples_jsonl", "records.samples_txt"),
    *("schedules.index", "schedules.runs", "schedules.show"),
    *("teams.index", "teams.members", "teams.show"),
    # One's own: a token may always be given up.
    *("tokens.index", "tokens.revoke", "tokens.show"),
    "workers.index",
    *("pages.checkpoints.bundle", "pages.checkpoints.model"),
    "pages.compare.show",
    *("pages.corpora.index", "pages.corpora.read", "pages.corpora.show", "pages.corpora.text"),
    *("pages.jobs.index", "pages.jobs.output_jsonl", "pages.jobs.output_txt"),
    *("pages.jobs.samples_jsonl", "pages.jobs.samples_txt", "pages.jobs.show"),
    *("pages.live.follow", "pages.live.show", "pages.news.show"),
    *("pages.models.index", "pages.models.model_keras", "pages.models.output_txt"),
    "pages.models.show",
    *("pages.outputs.output_zip", "pages.outputs.receipt"),
    *("pages.receivers.index", "pages.receivers.show"),
    *("pages.runs.epochs", "pages.runs.losses", "pages.runs.sample", "pages.runs.samples"),
    *("pages.schedules.index", "pages.schedules.show"),
    *("pages.team.leave", "pages.team.show"),
)
SUBMIT = (
    *("answers.score", "answers.verify"),
    "checkpoints.add",
    *("corpora.add", "corpora.add_one_version"),
    *("samples.add_star", "samples.remove_star"),
    "schedules.add",
    *("submissions.generate", "submissions.train"),
    "tokens.add",
    *("pages.checkpoints.create", "pages.checkpoints.new"),
    *("pages.corpora.create", "pages.corpora.create_version", "pages.corpora.new"),
    "pages.corpora.new_version",
    *("pages.desk.go_on", "pages.desk.scores", "pages.desk.show", "pages.desk.texts"),
    *("pages.generation.create", "pages.generation.new"),
    "pages.outputs.verify",
    "pages.runs.star",
    *("pages.schedules.create", "pages.schedules.new"),
    *("pages.training.create", "pages.training.estimate", "pages.training.new"),
)
OWN = (
    "corpora.delete",
    *("jobs.cancel", "jobs.delete", "jobs.pause", "jobs.resume", "jobs.retry"),
    *("schedules.change", "schedules.delete", "schedules.run"),
    "pages.corpora.delete",
    *("pages.jobs.confirm", "pages.jobs.delete", "pages.jobs.move", "pages.runs.stop"),
    *("pages.schedules.ask", "pages.schedules.change", "pages.schedules.delete"),
    *("pages.schedules.edit", "pages.schedules.enable", "pages.schedules.run"),
)
MANAGE = (
    "audit.index",
    *("models.change", "models.promote", "models.rollback"),
    *("receivers.add", "receivers.delete", "receivers.test"),
    *("teams.delete_member", "teams.put_member"),
    *("pages.models.change", "pages.models.promote", "pages.models.rollback"),
    *("pages.receivers.create", "pages.receivers.delete", "pages.receivers.new"),
    "pages.receivers.test",
    *("pages.team.add", "pages.team.audit", "pages.team.change", "pages.team.remove"),
)
WATCH = ("metrics.show",)
ADMIN = (
    *("nodes.drain", "nodes.undrain"),
    "pages.audit.index",
    *("pages.nodes.drain", "pages.nodes.index", "pages.nodes.undrain"),
    *("pages.teams.create", "pages.teams.edit", "pages.teams.index", "pages.teams.rename"),
    *("pages.users.change", "pages.users.create", "pages.users.index", "pages.users.leave_team"),
    *("pages.users.link", "pages.users.new", "pages.users.revoke", "pages.users.set_team"),
    *("pages.users.show", "pages.users.sign_out"),
    *("teams.add", "teams.change"),
    *("users.add", "users.change", "users.index", "users.link", "users.show", "users.sign_out"),
)


def _rules() -> Iterator[tuple[str, Rule]]:
    for endpoints, rule in (
        (ANYONE, Rule(anyone=True)),
        (SIGNED_IN, Rule()),
        (READ, Rule(Right.READ)),
        (SUBMIT, Rule(Right.SUBMIT)),
        (OWN, Rule(Right.SUBMIT, own=True)),
        (MANAGE, Rule(Right.MANAGE)),
        (WATCH, Rule(Right.ADMIN, watch=True)),
        (ADMIN, Rule(Right.ADMIN)),
    ):
        yield from ((endpoint, rule) for endpoint in endpoints)


RULES = dict(_rules())
