"""Samples: star them."""

from apiflask import APIBlueprint

from shared.jobs.stars import star
from web.api.writing import write
from web.context import team_id

samples = APIBlueprint("samples", __name__, url_prefix="/api/v1/samples", tag="Jobs")


@samples.put("/<sample_id>/star")
@samples.doc(responses={204: "Starred"})
def add_star(sample_id: str) -> tuple[str, int]:
    """Star a sample.

    `GET /jobs/{id}/samples?starred=true` lists the starred ones, and the downloads of samples take
    the same. Starring it again changes nothing.
    """
    write(lambda session: star(session, team_id(), sample_id))
    return "", 204


@samples.delete("/<sample_id>/star")
@samples.doc(responses={204: "Not starred"})
def remove_star(sample_id: str) -> tuple[str, int]:
    """Take a sample's star away.

    Of one that has none, too: it changes nothing.
    """
    write(lambda session: star(session, team_id(), sample_id, starred=False))
    return "", 204
