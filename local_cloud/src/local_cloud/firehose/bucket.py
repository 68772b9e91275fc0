"""The bucket of a delivery stream: checked before the first object; large objects are written in parts.

The calls are those for which AWS documents a permission. Source:
https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html ("Grant Firehose access to an Amazon S3 destination")
"""

from __future__ import annotations

import io
import logging
from typing import Any

from boto3.s3.transfer import TransferConfig

from local_cloud.clients import Clients
from local_cloud.firehose.settings import PRINCIPAL, S3Destination

logger = logging.getLogger(__name__)

_IN_PARTS = TransferConfig(multipart_threshold=8 * 1024 * 1024, use_threads=False)


class Bucket:
    """Write objects with the destination's role."""

    def __init__(self, delivery_stream: str, clients: Clients) -> None:
        self._delivery_stream, self._clients = delivery_stream, clients
        self._checked: S3Destination | None = None

    def put(self, destination: S3Destination, key: str, body: bytes) -> None:
        """Write one object as a whole, or raise and leave no part of it.

        Raises:
            botocore.exceptions.ClientError: S3 refused; the error names the action.
        """
        s3 = self._clients.client("s3", destination.role_arn, principal=PRINCIPAL)
        if self._checked != destination:
            self._check(s3, destination)
            self._checked = destination
        s3.upload_fileobj(io.BytesIO(body), destination.bucket, key, Config=_IN_PARTS)

    def _check(self, s3: Any, destination: S3Destination) -> None:
        """Check that the bucket exists; abort unfinished uploads of an earlier worker of this stream."""
        place = {"Bucket": destination.bucket, "Prefix": destination.prefix.partition("!{")[0]}
        s3.get_bucket_location(Bucket=destination.bucket)
        s3.list_objects_v2(**place, MaxKeys=1)
        for page in s3.get_paginator("list_multipart_uploads").paginate(**place):
            for upload in page.get("Uploads", []):
                if upload["Key"].rpartition("/")[2].startswith(f"{self._delivery_stream}-"):
                    logger.info("delivery stream %s aborts its upload of %s", self._delivery_stream, upload["Key"])
                    s3.abort_multipart_upload(Bucket=destination.bucket, Key=upload["Key"], UploadId=upload["UploadId"])
