"""List the S3 objects of a table through the S3 API, and bring them in parallel to this machine's disk.

The emulator keeps each object as a file, which is replaced and never changed. A large object is therefore not sent over HTTP: its
file is linked, and S3 is asked, as the caller, whether the caller may read the object and whether that is still the version
listed. The administrator may read all, so one listing answers for a whole folder. GetObject fetches small objects, and every
object that S3 does not confirm.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.statement import denials
from local_cloud.athena.statement.callers import Caller
from local_cloud.athena.statement.locations import split_location
from local_cloud.athena.statement.query import Query

PARALLEL_READS = 12
MIN_LINKED_BYTES = 1024**2  # a smaller object comes with one call, as fast as the answer to the question
MIN_LISTED = 3  # for fewer objects a listing is not quicker than asking for each
_PACKED = (".gz", ".bz2")
_NOT_AT_ITS_KEY = (".meta.json", ".tmp")


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
        """Return a number for this version of the object read in one form. Equal content elsewhere has another."""
        text = "\0".join((form, self.bucket, self.key, self.etag, str(self.size)))
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


class Objects:
    """The objects under a location, as a caller may read them: names that start with ``_`` or ``.`` are hidden.

    ``stored`` is where the emulator keeps a folder of files for each bucket.
    """

    def __init__(self, caller: Caller, stored: Path) -> None:
        self._caller, self._clients, self._stored = caller, caller.clients, stored

    def listed(self, location: str) -> list[S3Object]:
        """Return the objects under the location, in the order of their keys; none when there is none.

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
        """Return the objects of each location, listed in parallel."""
        with ThreadPoolExecutor(PARALLEL_READS) as pool:
            return list(pool.map(self.listed, locations))

    def folders(self, location: str) -> list[str]:
        """Return the folders directly under a location, as full locations that end with a slash."""
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
            QueryFailedError: the caller may not read one of them.
        """
        if not items or self._caller.is_administrator:
            return
        with ThreadPoolExecutor(PARALLEL_READS) as pool:
            for _ in pool.map(self._head, items):
                query.cancellation.check()

    def described(self, query: Query, paths: list[str]) -> list[S3Object]:
        """Return the objects at these paths as they are now; S3 is asked in parallel.

        Raises:
            QueryFailedError: one is gone, or the caller may not read it.
        """
        with ThreadPoolExecutor(PARALLEL_READS) as pool:
            found = []
            for item in pool.map(self._described, paths):
                query.cancellation.check()
                found.append(item)
        return found

    def _described(self, path: str) -> S3Object:
        bucket, key = split_location(path)
        s3 = self._clients.client("s3")
        try:
            with denials.reading(path):
                answer = s3.head_object(Bucket=bucket, Key=key)
        except s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] == "404":
                raise QueryFailedError("ICEBERG_CANNOT_OPEN_SPLIT", f"Error opening Iceberg split {path}") from error
            raise
        return S3Object(bucket, key, answer["ETag"].strip('"'), answer["ContentLength"])

    def _head(self, item: S3Object) -> None:
        with denials.reading(item.path):
            self._clients.client("s3").head_object(Bucket=item.bucket, Key=item.key)

    def fetch(self, query: Query, wanted: list[tuple[S3Object, Path]], *, unpack: bool) -> Iterator[None]:
        """Bring each object to its file, several at once, and yield each as it arrives.

        With ``unpack``, gzip and bzip2 are unpacked by key, and a file may be the emulator's own: it is not to be changed.
        """
        linked = self._link_listed(wanted) if unpack and self._caller.is_administrator else set()

        def bring(pair: tuple[S3Object, Path]) -> None:
            if pair[1] not in linked:
                self._fetch(query, *pair, unpack=unpack)

        with ThreadPoolExecutor(PARALLEL_READS) as pool:
            for _ in pool.map(bring, wanted):
                query.cancellation.check()
                yield

    def _fetch(self, query: Query, item: S3Object, path: Path, *, unpack: bool) -> None:
        query.cancellation.check()
        s3 = self._clients.client("s3")
        if unpack and self._link_asked(s3, item, path):
            return
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

    def _link_listed(self, wanted: list[tuple[S3Object, Path]]) -> set[Path]:
        """Link the large objects of folders with several. Return the paths whose objects are still the wanted ones."""
        folders: dict[tuple[str, str], list[tuple[S3Object, Path]]] = {}
        for item, path in wanted:
            if _is_linkable(item):
                folders.setdefault((item.bucket, item.key.rpartition("/")[0]), []).append((item, path))
        kept = set()
        for (bucket, folder), pairs in folders.items():
            if len(pairs) < MIN_LISTED:
                continue
            linked = [(item, path) for item, path in pairs if self._link(item, path)]
            versions = self._versions(bucket, f"{folder}/" if folder else "")
            for item, path in linked:
                if versions.get(item.key) == (item.etag, path.stat().st_size) and self._is_linked(item, path):
                    kept.add(path)
                else:
                    path.unlink()
        return kept

    def _versions(self, bucket: str, prefix: str) -> dict[str, tuple[str, int]]:
        """Return ETag and size of each object directly in a folder that one call lists. Nothing when there is no answer."""
        s3 = self._clients.client("s3")
        try:
            pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")
            found = [item for page in pages for item in page.get("Contents", [])]
        except ClientError:
            return {}
        return {
            item["Key"]: (item["ETag"].strip('"'), item["Size"])
            for item in found
            if item.get("StorageClass", "STANDARD") == "STANDARD"
        }

    def _link_asked(self, s3: Any, item: S3Object, path: Path) -> bool:
        """Link the path to the object's file. Say whether it worked and S3 lets the caller read that version."""
        if not _is_linkable(item) or not self._link(item, path):
            return False
        try:
            found = s3.head_object(Bucket=item.bucket, Key=item.key, IfMatch=item.etag)
            is_it = "StorageClass" not in found and found["ContentLength"] == path.stat().st_size
            if is_it and self._is_linked(item, path):
                return True
        except ClientError:
            pass
        path.unlink(missing_ok=True)
        return False

    def _link(self, item: S3Object, path: Path) -> bool:
        """Link the path to the emulator's file, and say whether there is one."""
        try:
            path.hardlink_to(self._stored / item.bucket / item.key)
        except OSError:
            return False
        return True

    def _is_linked(self, item: S3Object, path: Path) -> bool:
        """Say whether it is still the same file after S3's answer, so that the answer was about its content."""
        try:
            return path.samefile(self._stored / item.bucket / item.key)
        except OSError:
            return False


def _is_linkable(item: S3Object) -> bool:
    return item.size >= MIN_LINKED_BYTES and not item.key.endswith(_PACKED) and _is_at_its_key(item.key)


def _is_at_its_key(key: str) -> bool:
    """Say whether the emulator keeps the object under its key, and no other file is there. It decides by ``_plain_path_key``."""
    parts = key.split("/")
    return not parts[0].startswith(".") and all(
        part not in {"", ".", ".."} and not part.endswith(_NOT_AT_ITS_KEY) for part in parts
    )


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
