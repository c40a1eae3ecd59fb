"""Whether the store of blobs answers, and whether there is one where the database counts on it."""

from concurrent.futures import Future
from threading import Thread

from sqlalchemy import Connection, exists, select

from cli.doctor.findings import Finding, fine, problem
from shared.blobs import Blob
from shared.errors import CharloomError, StoreAway
from shared.settings import Settings
from shared.stores import Store, open_store

NAME = "store of blobs"
# One that hangs is known as such long before its client gives up.
SECONDS = 10.0


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
            _check(found)
    except CharloomError as error:
        return problem(NAME, f"{settings.blob_store} does not answer: {error}",
                       "see that it runs, that there is the bucket, and that address and keys are "
                       "right")  # fmt: skip
    return fine(NAME, f"{settings.blob_store} answers")


def _check(found: Store) -> None:
    """Ask for the bucket, and wait so long for the answer. Raises ``StoreAway``."""
    answer: Future[None] = Future()

    def ask() -> None:
        try:
            found.check()
            answer.set_result(None)
        except Exception as error:
            answer.set_exception(error)

    Thread(target=ask, name="store", daemon=True).start()
    try:
        answer.result(SECONDS)
    except TimeoutError as error:
        raise StoreAway(f"nothing came within {SECONDS:g} s") from error
