"""Estimates: what a training run would take."""

from apiflask import APIBlueprint

from shared.estimates.requests import EstimateRequest
from shared.estimates.services import Estimate, estimate
from web.api.faults import refuses
from web.api.inputs import takes
from web.context import services, team_id

estimates = APIBlueprint("estimates", __name__, url_prefix="/api/v1/estimates", tag="Jobs")


@estimates.post("")
@takes(estimates, EstimateRequest)
@estimates.output(Estimate)
@estimates.doc(extensions=refuses("corpus_too_short"))
def show(body: EstimateRequest) -> Estimate:
    """Estimate what a training job would take.

    Takes what a training job takes, or a text's size in place of a corpus; nothing is submitted.
    The time goes by what the workers at hand have trained, or by what they measured at their start.
    """
    found = services()
    with found.db.read() as session:
        return estimate(session, team_id(), body, found.settings.lease_seconds)
