"""A real S3 server in this process, moto's, with a bucket of its own for each test."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

from shared.ids import new_id
from shared.stores import Store

KEYS = {"aws_access_key_id": "test-key", "aws_secret_access_key": "test-secret"}


@dataclass
class Bucket:
    """A bucket, and what is in it by the account of a client that is not ours."""

    address: str
    name: str
    client: Any = field(repr=False)

    def store(self, **options: Any) -> Store:
        """Return our way to it."""
        return Store(f"s3://{self.name}/some/prefix", self.address, "test-key", "test-secret",
                     **options)  # fmt: skip

    def objects(self) -> dict[str, int]:
        """Return the sizes of all objects by name."""
        found = self.client.list_objects_v2(Bucket=self.name).get("Contents", [])
        return {one["Key"]: one["Size"] for one in found}

    def uploads(self) -> list[str]:
        """Return the names of what is sent in parts and not whole."""
        found = self.client.list_multipart_uploads(Bucket=self.name).get("Uploads", [])
        return [one["Key"] for one in found]

    def environment(self) -> dict[str, str]:
        """Return the variables that have a service keep its blobs here."""
        return {
            "CHARLOOM_BLOB_STORE": f"s3://{self.name}/some/prefix",
            "CHARLOOM_BLOB_STORE_ENDPOINT": self.address,
            "CHARLOOM_BLOB_STORE_KEY": "test-key",
            "CHARLOOM_BLOB_STORE_SECRET": "test-secret",
        }


@contextmanager
def running_s3() -> Iterator[str]:
    """Run a server on a free port of 127.0.0.1, and yield its address."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def make_bucket(address: str) -> Bucket:
    """Return a new bucket of a server."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        client = boto3.client("s3", endpoint_url=address, region_name="us-east-1", **KEYS)
    name = f"charloom-{new_id()}"
    client.create_bucket(Bucket=name)
    return Bucket(address, name, client)
