"""S3 objects of a table: listed through the S3 API, fetched in parallel to this machine's disk."""

from __future__ import annotations

import bz2
import gzip
import hashlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from local_cloud.athena import denials
from local_cloud.athena.callers import Caller
from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.execution import Query
from local_cloud.athena.results import split_location

PARALLEL_READS = 12


@dataclass(frozen=True, slots=True)
class S3Object:
    """One version of one object, as a listing shows it; ``size`` is in bytes as stored, compressed or not."""

    bucket: str
    key: str
    etag: str
    size: int

    @property
    def path(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    def identity(self, form: str) -> int:
        """A number for this version of the object read in one form; equal content elsewhere has another."""
        text = "\0".join((form, self.bucket, self.key, self.etag, str(self.size)))
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


class Objects:
    """The objects under a location, as a caller may read them: names that start with ``_`` or ``.`` are hidden."""

    def __init__(self, caller: Caller) -> None:
        self._caller, self._clients = caller, caller.clients

    def listed(self, location: str) -> list[S3Object]:
        """Objects under the location, in the order of their keys; empty when there is none.

        Raises:
            QueryFailedError: the bucket is not there, or the caller may not list it.
        """
        bucket, prefix = split_location(location)
        prefix = prefix.rstrip("/") + "/" if prefix.rstrip("/") else ""
        s3 = self._clients.client("s3")
        try:
            pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            with denials.reading(location):
                return [
                    S3Object(bucket, item["Key"], item["ETag"].strip('"'), item["Size"])
                    for page in pages
                    for item in page.get("Contents", [])
                    if item["Size"] and not _is_hidden(item["Key"].removeprefix(prefix))
                ]
        except s3.exceptions.NoSuchBucket as error:
            raise QueryFailedError(
                "HIVE_FILESYSTEM_ERROR", f"Failed to list {location}: the bucket does not exist"
            ) from error

    def list_all(self, locations: Iterable[str]) -> list[list[S3Object]]:
        """The objects of each location, listed in parallel."""
        with ThreadPoolExecutor(PARALLEL_READS) as pool:
            return list(pool.map(self.listed, locations))

    def folders(self, location: str) -> list[str]:
        """The folders directly under a location, as full locations that end with a slash."""
        bucket, prefix = split_location(location)
        prefix = prefix.rstrip("/") + "/" if prefix.rstrip("/") else ""
        pages = (
            self._clients.client("s3")
            .get_paginator("list_objects_v2")
            .paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")
        )
        with denials.reading(location):
            return [f"s3://{bucket}/{item['Prefix']}" for page in pages for item in page.get("CommonPrefixes", [])]

    def require_readable(self, query: Query, items: list[S3Object]) -> None:
        """Ask S3 whether the caller may read objects that are on this machine's disk already.

        Raises:
            QueryFailedError: he may not read one of them.
        """
        if not items or self._caller.is_administrator:
            return
        with ThreadPoolExecutor(PARALLEL_READS) as pool:
            for _ in pool.map(self._head, items):
                query.cancellation.check()

    def _head(self, item: S3Object) -> None:
        with denials.reading(item.path):
            self._clients.client("s3").head_object(Bucket=item.bucket, Key=item.key)

    def fetch(self, query: Query, wanted: list[tuple[S3Object, Path]], *, unpack: bool) -> Iterator[None]:
        """Download each object to its file, several at once; yields as each is there. ``unpack`` gzip and bzip2 by key."""
        with ThreadPoolExecutor(PARALLEL_READS) as pool:
            for _ in pool.map(lambda item: self._fetch(query, *item, unpack=unpack), wanted):
                query.cancellation.check()
                yield

    def _fetch(self, query: Query, item: S3Object, path: Path, *, unpack: bool) -> None:
        query.cancellation.check()
        s3 = self._clients.client("s3")
        try:
            with denials.reading(item.path):
                body = s3.get_object(Bucket=item.bucket, Key=item.key, IfMatch=item.etag)["Body"].read()
        except s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] in {"NoSuchKey", "PreconditionFailed", "412", "404"}:
                raise QueryFailedError(
                    "HIVE_CANNOT_OPEN_SPLIT", f"{item.path} changed or went away while the query ran. Run it again."
                ) from error
            raise
        path.write_bytes(_unpacked(item, body) if unpack else body)


def _unpacked(item: S3Object, body: bytes) -> bytes:
    try:
        if item.key.endswith(".gz"):
            return gzip.decompress(body)
        if item.key.endswith(".bz2"):
            return bz2.decompress(body)
    except (OSError, EOFError) as error:
        raise QueryFailedError("HIVE_BAD_DATA", f"{item.path} is not what its file extension says: {error}") from error
    return body


def _is_hidden(relative_key: str) -> bool:
    return any(part.startswith(("_", ".")) for part in relative_key.split("/") if part) or relative_key.endswith("/")
