"""A database whose blobs go to a real S3 server."""

from collections.abc import Iterator

import pytest

from shared.db import Database
from shared.queue import FakeTickets
from shared.settings import Settings
from tests.support.buckets import Bucket, make_bucket, running_s3


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The address of an S3 server."""
    with running_s3() as address:
        yield address


@pytest.fixture
def bucket(s3: str) -> Bucket:
    """An empty bucket."""
    return make_bucket(s3)


@pytest.fixture
def stored(database_url: str, tickets: FakeTickets, bucket: Bucket) -> Iterator[Database]:
    """A database that keeps its blobs in the bucket."""
    db = Database(database_url, tickets, store=bucket.store())
    yield db
    db.close()


@pytest.fixture
def away(database_url: str, tickets: FakeTickets, bucket: Bucket) -> Iterator[Database]:
    """The same database while nothing answers at its store's address."""
    gone = Bucket("http://127.0.0.1:1", bucket.name, bucket.client)
    db = Database(database_url, tickets, store=gone.store())
    yield db
    db.close()


@pytest.fixture
def store_settings(settings: Settings, bucket: Bucket) -> Settings:
    """Settings that name the bucket."""
    given = {
        name.removeprefix("CHARLOOM_").lower(): value
        for name, value in bucket.environment().items()
    }
    return Settings.model_validate(settings.model_dump(exclude_unset=True) | given)
