"""Where an operator may have the bytes kept, if not in the database."""

import re
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings

# A bucket's name, then a prefix if one is wanted.
STORE = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9!_.*'()/-]*)?")


class StoreSettings(BaseSettings):
    """A store of objects for blobs."""

    blob_store: str = Field(
        "",
        description="Keep blobs in this S3-compatible store, as `s3://bucket/prefix`. "
        "Empty: in the database.",
    )
    blob_store_endpoint: str = Field(
        "", description="The store's address, where it is not Amazon's: `https://minio:9000`."
    )
    blob_store_key: SecretStr | None = Field(None, description="The id of the store's access key.")
    blob_store_key_file: Path | None = Field(None, description="A file that holds that id.")
    blob_store_secret: SecretStr | None = Field(None, description="The store's secret key.")
    blob_store_secret_file: Path | None = Field(None, description="A file that holds that key.")

    @model_validator(mode="after")
    def _store_is_one(self) -> Self:
        if self.blob_store and not STORE.fullmatch(self.blob_store):
            raise ValueError(f"blob_store {self.blob_store!r}: accepted: s3://bucket/prefix")
        if self.blob_store_endpoint and not self.blob_store_endpoint.startswith(
            ("http://", "https://")
        ):
            raise ValueError(
                f"blob_store_endpoint {self.blob_store_endpoint!r}: accepted: an http:// or "
                "https:// address"
            )
        return self
