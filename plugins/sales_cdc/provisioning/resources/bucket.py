"""Provision the S3 bucket, with its sub-resources and object versions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from sales_cdc.aws.task_errors import ResourceError
from sales_cdc.provisioning.drift import drift
from sales_cdc.provisioning.resources.resource import Found, ResourceHook, tags_by_key

MAX_PER_DELETION = 1000


@dataclass(frozen=True)
class Part:
    """Name a sub-resource's operation, its argument there, and the error code for "there is none"."""

    operation: str
    argument: str
    absent_code: str


PARTS = {
    "PublicAccessBlock": Part(
        "public_access_block", "PublicAccessBlockConfiguration", "NoSuchPublicAccessBlockConfiguration"
    ),
    "Encryption": Part(
        "bucket_encryption",
        "ServerSideEncryptionConfiguration",
        "ServerSideEncryptionConfigurationNotFoundError",
    ),
    "Versioning": Part("bucket_versioning", "VersioningConfiguration", ""),
    "Lifecycle": Part("bucket_lifecycle_configuration", "LifecycleConfiguration", "NoSuchLifecycleConfiguration"),
    "Notification": Part("bucket_notification_configuration", "NotificationConfiguration", ""),
}


class BucketHook(ResourceHook):
    """Provision a private, versioned bucket.

    The name of a bucket that was deleted can be refused (``OperationAborted``) for up to an hour.
    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html, and the ``Put…`` operations of its sub-resources.
    """

    service = "s3"
    kind = "S3 bucket"
    name_field = "Bucket"
    absent_codes = frozenset({"404", "NoSuchBucket"})
    taken_codes = frozenset({"BucketAlreadyOwnedByYou"})
    patience_seconds = 8 * 60
    tags_are_late = False

    def describe(self, name: str) -> Found:
        self.conn.head_bucket(Bucket=name)
        arn = f"arn:{self.conn_partition}:s3:::{name}"
        return Found(name, arn, self._tags(name), {})

    def _tags(self, name: str) -> dict[str, str]:
        try:
            return tags_by_key(self.conn.get_bucket_tagging(Bucket=name)["TagSet"])
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchTagSet":
                return {}
            raise

    def create(self, definition: Mapping[str, Any]) -> None:
        """Create the bucket and tag it in one call.

        If setup were killed between two calls, the bucket would have no tags, and the next setup would take it for somebody
        else's. An endpoint that ignores the tags of ``CreateBucket`` gets them in a second call. ``us-east-1`` must not be named as a
        location.
        """
        name, region = definition["Bucket"], definition["Region"]
        location = {} if region == "us-east-1" else {"LocationConstraint": region}
        tags = [{"Key": key, "Value": value} for key, value in definition["Tags"].items()]
        self.conn.create_bucket(Bucket=name, CreateBucketConfiguration={**location, "Tags": tags})
        if self._tags(name) != definition["Tags"]:
            self.conn.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tags})

    def update(self, found: Found, definition: Mapping[str, Any]) -> list[str]:
        changes = []
        for name, part in PARTS.items():
            wanted, actual = definition[name], self._part(found.name, part)
            if drift(wanted, actual) or _sends_unwanted_notices(wanted, actual):
                getattr(self.conn, f"put_{part.operation}")(Bucket=found.name, **{part.argument: wanted})
                changes.append(name)
        if self._policy(found.name) != definition["Policy"]:
            self.conn.put_bucket_policy(Bucket=found.name, Policy=json.dumps(definition["Policy"]))
            changes.append("Policy")
        return changes

    def _part(self, bucket: str, part: Part) -> dict[str, Any]:
        """Return the sub-resource; empty when there is none.

        Some operations return it under the name of its argument.
        """
        try:
            answer: dict[str, Any] = getattr(self.conn, f"get_{part.operation}")(Bucket=bucket)
        except ClientError as error:
            if error.response["Error"]["Code"] == part.absent_code:
                return {}
            raise
        inner: dict[str, Any] = answer.get(part.argument, answer)
        return _in_small_letters(inner) if "QueueConfigurations" in inner else inner

    def _policy(self, bucket: str) -> dict[str, Any]:
        try:
            document: dict[str, Any] = json.loads(self.conn.get_bucket_policy(Bucket=bucket)["Policy"])
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchBucketPolicy":
                return {}
            raise
        return document

    def delete(self, found: Found) -> None:
        self._empty(found.name)
        self.conn.delete_bucket(Bucket=found.name)

    def _empty(self, bucket: str) -> None:
        """Delete every version and delete marker, a thousand a call."""
        versions, removed = self._versions(bucket), 0
        while batch := list(islice(versions, MAX_PER_DELETION)):
            answer = self.conn.delete_objects(Bucket=bucket, Delete={"Objects": batch, "Quiet": True})
            if errors := answer.get("Errors"):
                first = errors[0]
                raise ResourceError(
                    f"Emptying the bucket {bucket}: S3 refused to delete {len(errors)} of {len(batch)} object versions, "
                    f"the first {first['Key']} with {first['Code']} ({first['Message']}). Lift what protects them (an "
                    "object lock, a bucket policy), then run teardown again."
                )
            removed += len(batch)
            self.log.info("Removed %d object versions from %s.", removed, bucket)

    def _versions(self, bucket: str) -> Iterator[dict[str, str]]:
        for page in self.conn.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for entry in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                yield {"Key": entry["Key"], "VersionId": entry["VersionId"]}


def _in_small_letters(notification: dict[str, Any]) -> dict[str, Any]:
    """Return the notifications with the names of their filters as the API's enumeration has them: S3 shows ``Prefix`` for ``prefix``.

    Source: https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/s3/bucket_notification.go
    """
    queues = []
    for queue in notification["QueueConfigurations"]:
        rules = queue.get("Filter", {}).get("Key", {}).get("FilterRules", [])
        lowered = [{**rule, "Name": rule["Name"].lower()} for rule in rules]
        queues.append({**queue, "Filter": {"Key": {"FilterRules": lowered}}})
    return {**notification, "QueueConfigurations": queues}


def _sends_unwanted_notices(wanted: Mapping[str, Any], actual: Mapping[str, Any]) -> bool:
    """Return whether the bucket still notifies EventBridge; a definition without it never differs in it."""
    name = "EventBridgeConfiguration"
    return name in actual and name not in wanted
