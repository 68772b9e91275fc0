"""Read and replace the objects under ``errors/`` with conditional requests."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from botocore.exceptions import ClientError

from sales_cdc.aws.errors import explained
from sales_cdc.batch.watermark_ledger import note_of_late_object
from sales_cdc.contract import bucket_keys

PARALLEL_READS = 16
CONTENT_DIFFERS = frozenset({"PreconditionFailed", "412"})
CHANGED_BY_OTHERS = CONTENT_DIFFERS | {"NoSuchKey", "404", "ConditionalRequestConflict", "409"}


@dataclass(frozen=True)
class ErrorObject:
    """An object under ``errors/``; its ETag identifies the content that was listed."""

    key: str
    etag: str
    stored_at: datetime


class ErrorZoneHook(AwsBaseHook):
    """S3, as the error zone of one bucket.

    Every write is conditional, so parallel runs and repeated attempts do no harm.
    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html
    """

    def __init__(self, *, bucket: str, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "client_type": "s3"})
        self.bucket = bucket

    def objects(self, prefix: str = bucket_keys.ERRORS_PREFIX) -> Iterator[ErrorObject]:
        """Return the objects that have content, in the order of their keys.

        Raises:
            CallRefusedError: the bucket is missing, denied, or does not answer.
        """
        with explained("list the failed records in the bucket", self.bucket):
            for page in self.conn.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix):
                yield from (
                    ErrorObject(each["Key"], each["ETag"], each["LastModified"])
                    for each in page.get("Contents", ())
                    if each["Size"]
                )

    def read(self, listed: ErrorObject) -> bytes | None:
        """Return the content as it was listed; None when another run has changed or removed it since."""
        with explained("read the failed records in the bucket", self.bucket):
            try:
                found = self.conn.get_object(Bucket=self.bucket, Key=listed.key, IfMatch=listed.etag)
            except ClientError as error:
                _require(error, CHANGED_BY_OTHERS)
                return None
            body: bytes = found["Body"].read()
        return gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body

    def deliver(self, key: str, content: bytes) -> bool:
        """Store an object whose key is derived from its content; return False when it exists already.

        An object under ``raw/`` is noted, since its hour may be long past: the next batch takes it.
        """
        with explained("write to the bucket", self.bucket):
            try:
                self.conn.put_object(Bucket=self.bucket, Key=key, Body=content, IfNoneMatch="*")
            except ClientError as error:
                _require(error, CONTENT_DIFFERS)
                is_new = False
            else:
                is_new = True
        if key.startswith(bucket_keys.RAW_PREFIX):
            self.keep(*note_of_late_object(key))
        return is_new

    def replace(self, listed: ErrorObject, content: bytes) -> bool:
        """Replace the error object's content, or delete the object when the content is empty.

        Returns:
            False when another run has changed or removed the object since it was listed; nothing is written then.
        """
        place = {"Bucket": self.bucket, "Key": listed.key, "IfMatch": listed.etag}
        with explained("take delivered records out of the bucket", self.bucket):
            try:
                if content:
                    self.conn.put_object(**place, Body=content)
                else:
                    self.conn.delete_object(**place)
            except ClientError as error:
                _require(error, CHANGED_BY_OTHERS)
                return False
        return True

    def keep(self, key: str, document: Mapping[str, Any]) -> None:
        """Write a JSON document into the ledger."""
        body = json.dumps(document, indent=2, default=str).encode()
        with explained("write the ledger in the bucket", self.bucket):
            self.conn.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType="application/json")

    def documents(self, prefix: str) -> list[dict[str, Any]]:
        """Return every JSON document of the ledger under the prefix."""
        keys = [each.key for each in self.objects(prefix)]
        with explained("read the ledger in the bucket", self.bucket), ThreadPoolExecutor(PARALLEL_READS) as pool:
            return [json.loads(body) for body in pool.map(self.body, keys)]

    def body(self, key: str) -> bytes:
        """Return an object's content by its key."""
        body: bytes = self.conn.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return body


def _require(error: ClientError, codes: frozenset[str]) -> None:
    """Raise the error again unless its code is one of these."""
    if error.response["Error"]["Code"] not in codes:
        raise error
