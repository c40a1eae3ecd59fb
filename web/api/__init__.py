"""The JSON API under /api/v1, a file per noun."""

from apiflask import APIFlask
from flask.json.provider import DefaultJSONProvider

from web.api import (
    answers,
    audit,
    checkpoints,
    corpora,
    estimates,
    jobs,
    limits,
    models,
    nodes,
    presets,
    receivers,
    records,
    samples,
    schedules,
    submissions,
    teams,
    tokens,
    users,
    workers,
)
from web.api.document import describe


class FieldOrder(DefaultJSONProvider):
    """JSON with the fields in the order in which the schemas declare them."""

    sort_keys = False


def register_api(app: APIFlask) -> None:
    """Add the API's blueprints and its document."""
    app.json = FieldOrder(app)
    for blueprint in (
        corpora.corpora,
        submissions.submissions,
        estimates.estimates,
        jobs.jobs,
        records.records,
        samples.samples,
        answers.answers,
        checkpoints.checkpoints,
        presets.presets,
        schedules.schedules,
        models.models,
        receivers.receivers,
        workers.workers,
        nodes.nodes,
        limits.limits,
        users.me,
        users.users,
        teams.teams,
        tokens.tokens,
        audit.audit,
    ):
        app.register_blueprint(blueprint)
    describe(app)
