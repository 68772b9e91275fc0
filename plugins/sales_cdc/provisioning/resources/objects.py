"""Read and write single objects of a bucket."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from botocore.exceptions import ClientError

CLOCK_DIFFERENCE = timedelta(minutes=1)


class ObjectHook(AwsBaseHook):
    """Read and write single objects of a bucket.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "client_type": "s3"})

    def sha256(self, bucket: str, key: str) -> str | None:
        """Return the base64 SHA-256 that S3 keeps with the object.

        None when there is no object, or when it was stored without a checksum.
        """
        try:
            head = self.conn.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
        except ClientError as error:
            if error.response["Error"]["Code"] in {"404", "NoSuchKey"}:
                return None
            raise
        checksum: str | None = head.get("ChecksumSHA256")
        return checksum

    def put(self, bucket: str, key: str, content: bytes, sha256: str) -> None:
        """Store an object; S3 refuses it when its content does not match the checksum."""
        self.conn.put_object(Bucket=bucket, Key=key, Body=content, ChecksumSHA256=sha256)

    def keys_holding(self, bucket: str, prefix: str, texts: Collection[str], since: datetime) -> dict[str, str]:
        """Return by text the key of an object under the prefix, stored since then, that holds it.

        A text is absent when no object holds it.
        """
        found: dict[str, str] = {}
        for key in self.keys(bucket, prefix, since):
            content = self.conn.get_object(Bucket=bucket, Key=key)["Body"].read()
            found.update((text, key) for text in texts if text not in found and text.encode() in content)
            if len(found) == len(texts):
                break
        return found

    def keys(self, bucket: str, prefix: str, since: datetime) -> Iterator[str]:
        """Yield the keys of objects under the prefix that were stored since then.

        A minute of difference between the clocks is allowed for.
        """
        for page in self.conn.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for entry in page.get("Contents", []):
                if entry["LastModified"] >= since - CLOCK_DIFFERENCE:
                    yield entry["Key"]
