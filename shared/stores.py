"""A store of objects for the bytes of blobs: S3 and what speaks like it, through fsspec.

It knows names and bytes alone; ``shared.blobs`` says which objects there shall be.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from shared.errors import BlobMissing, SettingsError, StoreAway
from shared.settings import Settings

# Ten thousand parts at most: 80 GB.
PART_BYTES = 8 * 1024 * 1024
# A store that does not answer must not keep its callers for long: they try again by themselves.
CONNECT_SECONDS, READ_SECONDS, TRIES = 4, 30, 2
PAUSE_SECONDS = 1.0
# What it answers where it has the bucket and not the object, or fewer bytes of it than asked for.
GONE = ("NoSuchKey", "404", "InvalidRange", "416")

Patience = Callable[[float], bool]


class Store:
    """The objects under a prefix of a bucket. Connects when it is first used, after any fork.

    ``patience`` is asked after each failed read, with the seconds since the first one, whether to
    try again.
    """

    def __init__(
        self,
        url: str,
        endpoint: str | None = None,
        key: str | None = None,
        secret: str | None = None,
        patience: Patience = lambda seconds: False,
    ):
        self.bucket, _, prefix = url.removeprefix("s3://").partition("/")
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._given = {"endpoint_url": endpoint, "key": key, "secret": secret}
        self.patience = patience
        self._connecting, self._files = Lock(), None

    def write(self, name: str, pieces: Iterable[bytes]) -> None:
        """Store ``pieces`` as one object, which is whole or not there. Raises ``StoreAway``.

        Small ones go in one request, others in parts that are sent as they come; where the pieces
        end in an error, the parts go.
        """
        with _translated():
            file = self._connected().open(
                self._path(name), "wb", block_size=PART_BYTES, fixed_upload_size=True
            )
        try:
            for piece in pieces:
                with _translated():
                    file.write(piece)
            with _translated():
                file.close()
        except BaseException:
            # Else it would be closed when it is forgotten, and so be stored.
            file.closed = True
            self._abort(name)
            raise

    def read(self, name: str, start: int, end: int) -> bytes:
        """Return the bytes from ``start`` to ``end``. Raises ``BlobMissing``, ``StoreAway``."""
        began = time.monotonic()
        while True:
            try:
                return self._read(name, start, end)
            except StoreAway:
                if not self.patience(time.monotonic() - began):
                    raise
                time.sleep(PAUSE_SECONDS)

    def delete(self, name: str, unfinished: bool = False) -> None:
        """Delete an object; where it may be ``unfinished``, its parts too. Raises ``StoreAway``."""
        with _translated():
            self._connected().call_s3("delete_object", Bucket=self.bucket, Key=self._key(name))
            if unfinished:
                self._abort_uploads(name)

    def has(self, name: str, size: int) -> bool:
        """Tell whether there is an object of that size. Raises ``StoreAway``."""
        try:
            with _translated(name):
                told = self._connected().call_s3(
                    "head_object", Bucket=self.bucket, Key=self._key(name)
                )
        except BlobMissing:
            return False
        return bool(told["ContentLength"] == size)

    def check(self) -> None:
        """Ask the store for its bucket. Raises ``StoreAway``."""
        with _translated():
            self._connected().call_s3("head_bucket", Bucket=self.bucket)

    def _read(self, name: str, start: int, end: int) -> bytes:
        with _translated(name):
            data: bytes = self._connected().cat_file(self._path(name), start=start, end=end)
        if len(data) != end - start:
            raise BlobMissing(f"object {self._path(name)} ends before its byte {end}")
        return data

    def _abort(self, name: str) -> None:
        """Delete parts after an error; what cannot be deleted now goes with the blob's row."""
        try:
            with _translated():
                self._abort_uploads(name)
        except StoreAway:
            return

    def _abort_uploads(self, name: str) -> None:
        files, key = self._connected(), self._key(name)
        found = files.call_s3("list_multipart_uploads", Bucket=self.bucket, Prefix=key)
        for upload in found.get("Uploads", ()):
            if upload["Key"] == key:
                files.abort_mpu(self.bucket, key, upload["UploadId"])

    def _key(self, name: str) -> str:
        return self._prefix + name

    def _path(self, name: str) -> str:
        return f"{self.bucket}/{self._key(name)}"

    def _connected(self) -> Any:
        with self._connecting:
            if self._files is None:
                self._files = _file_system(self._given)
        return self._files


def open_store(settings: Settings, patience: Patience = lambda seconds: False) -> Store | None:
    """Return the store of the settings; None where blobs are kept in the database.

    Raises ``SettingsError``, also where what it needs is not installed.
    """
    if not settings.blob_store:
        return None
    try:
        import s3fs  # noqa: F401
    except ImportError as error:
        raise SettingsError(
            f"CHARLOOM_BLOB_STORE: {settings.blob_store} needs the package s3fs: "
            "`pip install charloom[s3]`"
        ) from error
    key, secret = settings.store_keys()
    endpoint = settings.blob_store_endpoint or None
    return Store(settings.blob_store, endpoint, key, secret, patience)


def _file_system(given: dict[str, str | None]) -> Any:
    import fsspec

    client = {
        "connect_timeout": CONNECT_SECONDS,
        "read_timeout": READ_SECONDS,
        "retries": {"mode": "standard", "total_max_attempts": TRIES},
    }
    files = fsspec.filesystem(
        "s3", **given, config_kwargs=client, use_listings_cache=False, skip_instance_cache=True
    )
    # Its own tries come on top of the client's.
    files.retries = 1
    return files


@contextmanager
def _translated(name: str | None = None) -> Iterator[None]:
    """Raise ``BlobMissing`` for an object that the store says it has not, else ``StoreAway``.

    Whatever else fails there, as wrong keys or a missing bucket, an operator has to mend, and
    then it works: so it is with a database.
    """
    try:
        yield
    except Exception as error:
        told: Any = getattr(error.__cause__, "response", None) or {}
        if name is not None and told.get("Error", {}).get("Code") in GONE:
            raise BlobMissing(f"the store has no object {name}, or not all of it") from error
        what = str(error) or type(error).__name__
        raise StoreAway(f"the store of blobs cannot be used: {what}") from error
