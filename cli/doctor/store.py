"""Whether the store of blobs answers, and whether there is one where the database counts on it."""

from sqlalchemy import Connection, exists, select

from cli.doctor.findings import Finding, fine, problem
from shared.blobs import Blob
from shared.errors import CharloomError
from shared.settings import Settings
from shared.stores import open_store

NAME = "store of blobs"


def store(connection: Connection, settings: Settings) -> Finding:
    """Ask the store for its bucket; without one, ask the database whether it needs one."""
    if not settings.blob_store:
        if connection.scalar(select(exists().where(Blob.location.is_not(None)))):
            return problem(NAME, "blobs lie in a store, and CHARLOOM_BLOB_STORE names none",
                           "set it as for web and workers: docs/blobs.md")  # fmt: skip
        return fine(NAME, "none: blobs are in the database")
    try:
        found = open_store(settings)
        if found is not None:
            found.check()
    except CharloomError as error:
        return problem(NAME, f"{settings.blob_store} does not answer: {error}",
                       "see that it runs, that there is the bucket, and that address and keys are "
                       "right")  # fmt: skip
    return fine(NAME, f"{settings.blob_store} answers")
