"""Provision the Kinesis stream of changes, and search it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sales_cdc.provisioning.resources.resource import Found, ResourceHook, tags_by_key, without

MAX_PAGES = 100


class StreamHook(ResourceHook):
    """Provision an on-demand stream that is encrypted at rest.

    Sources: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html,
    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_StartStreamEncryption.html
    """

    service = "kinesis"
    kind = "Kinesis stream"
    name_field = "StreamName"
    absent_codes = frozenset({"ResourceNotFoundException"})
    taken_codes = frozenset({"ResourceInUseException"})
    ready_waiter = "stream_active"
    gone_waiter = "stream_gone"

    def describe(self, name: str) -> Found:
        stream = self.conn.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
        tags = tags_by_key(self.conn.list_tags_for_stream(StreamName=name)["Tags"])
        return Found(name, stream["StreamARN"], tags, stream)

    def create(self, definition: Mapping[str, Any]) -> None:
        """Create the stream, then see to its tags: not every endpoint takes the tags of ``CreateStream``.

        Only a stream that is ACTIVE takes tags.
        Source: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_AddTagsToStream.html
        """
        name, tags = definition["StreamName"], definition["Tags"]
        self.conn.create_stream(**without(definition, "KeyId"))
        self.wait_until_ready(name)
        if tags_by_key(self.conn.list_tags_for_stream(StreamName=name)["Tags"]) != tags:
            self.conn.add_tags_to_stream(StreamName=name, Tags=tags)

    def update(self, found: Found, definition: Mapping[str, Any]) -> list[str]:
        changes = []
        if found.description.get("StreamModeDetails") != definition["StreamModeDetails"]:
            self.conn.update_stream_mode(StreamARN=found.arn, StreamModeDetails=definition["StreamModeDetails"])
            self.wait_until_ready(found.name)
            changes.append("StreamModeDetails")
        if found.description.get("KeyId") != definition["KeyId"]:
            self.conn.start_stream_encryption(StreamName=found.name, EncryptionType="KMS", KeyId=definition["KeyId"])
            changes.append("KeyId")
        return changes

    def delete(self, found: Found) -> None:
        self.conn.delete_stream(StreamName=found.name, EnforceConsumerDeletion=True)

    def holds(self, name: str, text: bytes, since: datetime) -> bool:
        """Return whether a record stored since then holds the text.

        It reads at most ``MAX_PAGES`` pages of each shard.
        """
        shards = self.conn.list_shards(StreamName=name)["Shards"]
        return any(self._shard_holds(name, shard["ShardId"], text, since) for shard in shards)

    def _shard_holds(self, name: str, shard: str, text: bytes, since: datetime) -> bool:
        iterator = self.conn.get_shard_iterator(
            StreamName=name, ShardId=shard, ShardIteratorType="AT_TIMESTAMP", Timestamp=since
        )["ShardIterator"]
        for _ in range(MAX_PAGES):
            page = self.conn.get_records(ShardIterator=iterator)
            if any(text in record["Data"] for record in page["Records"]):
                return True
            iterator = page.get("NextShardIterator")
            if iterator is None or not page.get("MillisBehindLatest"):
                return False
        return False
