"""List the objects below a crawler's S3 targets, and read the part of each that shows its schema.

Source: https://docs.aws.amazon.com/glue/latest/dg/add-crawler.html: the first megabyte of a file, and up to ten while no record is found.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import urllib3

from local_cloud.glue import s3_places
from local_cloud.glue.crawler.exclusions import excluder
from local_cloud.glue.schemas import parquet_files
from local_cloud.glue.schemas.classify import UNKNOWN, Schema, classify
from local_cloud.glue.schemas.path_lists import CommaPath

FIRST_BYTES = 1 << 20
MAX_BYTES = 10 << 20
READERS = 8


@dataclass(frozen=True, slots=True)
class S3Object:
    """One object; ``folder`` is its key up to the last slash, with the slash."""

    bucket: str
    key: str
    size_bytes: int

    @property
    def folder(self) -> str:
        return self.key[: self.key.rfind("/") + 1]


@dataclass(frozen=True, slots=True)
class S3Target:
    """One include path: a bucket, and a folder or an object in it; ``event_queue`` is the ARN of the queue of its events."""

    bucket: str
    prefix: str
    exclusions: Sequence[str]
    sample_size: int | None
    event_queue: str | None = None

    @classmethod
    def of(cls, target: Mapping[str, Any]) -> S3Target:
        """Read a crawler's ``S3Targets`` member, whose path may come without its scheme."""
        bucket, _, prefix = str(target["Path"]).removeprefix("s3://").partition("/")
        queue = target.get("EventQueueArn") or None
        return cls(bucket, prefix, target.get("Exclusions", []), target.get("SampleSize"), queue)

    @property
    def folder(self) -> str:
        """Return the folder of the target, with its slash; empty for a bucket."""
        return self.prefix if not self.prefix or self.prefix.endswith("/") else f"{self.prefix}/"


def list_objects(s3: Any, target: S3Target) -> list[S3Object]:
    """Return every object with content below the target that no exclude pattern matches, by key.

    Raises:
        botocore.exceptions.ClientError: the bucket is missing, or looking at or listing it is denied.
    """
    s3_places.check_access(s3, target.bucket, target.prefix)
    return _sampled(_listed(s3, target, Prefix=target.prefix), target.sample_size)


def list_folders(s3: Any, target: S3Target, folders: Iterable[str]) -> list[S3Object]:
    """Return the objects with content that are directly in these folders of the target, by folder and key.

    Args:
        folders: keys with their last slash.

    Raises:
        botocore.exceptions.ClientError: the bucket is missing, or looking at or listing it is denied.
    """
    s3_places.check_access(s3, target.bucket, target.prefix)
    return [found for folder in sorted(folders) for found in _listed(s3, target, Prefix=folder, Delimiter="/")]


def _listed(s3: Any, target: S3Target, **asked: str) -> list[S3Object]:
    excluded, found = excluder(target.exclusions), []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=target.bucket, **asked):
        for entry in page.get("Contents", []):
            key = entry["Key"]
            inside = key == target.prefix or key.startswith(target.folder)
            if inside and entry["Size"] and not key.endswith("/") and not excluded(key[len(target.folder) :]):
                found.append(S3Object(target.bucket, key, entry["Size"]))
    return found


def _sampled(objects: list[S3Object], sample_size: int | None) -> list[S3Object]:
    """Return at most ``sample_size`` objects of each folder (S3Target structure).

    Source: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-crawler-crawling.html
    """
    if sample_size is None:
        return objects
    taken: dict[str, int] = {}
    sample = []
    for found in objects:
        taken[found.folder] = taken.get(found.folder, 0) + 1
        if taken[found.folder] <= sample_size:
            sample.append(found)
    return sample


class SchemaReader:
    """Reads the schemas of objects, several at a time.

    The bytes come over presigned URLs: the same permission as ``GetObject``, at half of boto3's cost for small objects.
    """

    def __init__(self, s3: Any, custom: Sequence[Mapping[str, Any]], comma_path: CommaPath) -> None:
        self._s3, self._custom, self._comma_path = s3, custom, comma_path
        self._connections = urllib3.PoolManager(maxsize=READERS)

    def read_all(self, objects: Sequence[S3Object]) -> list[tuple[S3Object, Schema]]:
        """Return each object with its schema, in order.

        Raises:
            botocore.exceptions.ClientError: an object cannot be read.
        """
        with ThreadPoolExecutor(READERS, thread_name_prefix="crawl") as pool:
            try:
                return list(zip(objects, pool.map(self._read_schema, objects), strict=True))
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def _read_schema(self, found: S3Object) -> Schema:
        limit = FIRST_BYTES
        while True:
            content = self._content(found, limit)
            if content.startswith(parquet_files.MAGIC) and limit < found.size_bytes:
                content, limit = self._content(found, found.size_bytes), found.size_bytes
            schema = classify(
                content, truncated=limit < found.size_bytes, custom=self._custom, comma_path=self._comma_path
            )
            if schema.classification != UNKNOWN or limit >= min(found.size_bytes, MAX_BYTES):
                return schema
            limit += FIRST_BYTES

    def _content(self, found: S3Object, limit: int) -> bytes:
        """Return the first ``limit`` bytes of the object."""
        place = {"Bucket": found.bucket, "Key": found.key}
        part = {"Range": f"bytes=0-{limit - 1}"} if limit < found.size_bytes else {}
        url = self._s3.generate_presigned_url("get_object", Params=place)
        answer = self._connections.request("GET", url, headers=part, retries=False)
        if answer.status in (200, 206):
            return answer.data
        content: bytes = self._s3.get_object(**place, **part)["Body"].read()  # its error says why, and it retries
        return content
