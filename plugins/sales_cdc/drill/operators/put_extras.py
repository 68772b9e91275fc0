"""Put late copies and poison into a drill's Kinesis stream."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from airflow.providers.amazon.aws.hooks.kinesis import KinesisHook
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import AirflowException

from sales_cdc.drill.drill_ledger import DrillLedger
from sales_cdc.drill.injected_records import StreamRecord, identity_of, injected_records
from sales_cdc.redrive.error_zone import ErrorZoneHook

PUT_RECORDS_LIMIT = 500
PUT_ATTEMPTS, PUT_PAUSE_SECONDS = 12, 0.5
MAX_PAGES = 200


class PutExtrasOperator(AwsBaseOperator[KinesisHook]):
    """Put copies of the drill's own records, and poison made of them, directly into the Kinesis stream.

    The drill has written all of its changes by then, so every copy is late; a copy of a deleted order follows its delete.

    Args:
        stream: the Kinesis stream's name.
        bucket: the bucket of the ledger.
        run_name: the drill's name.

    Returns:
        The number of ``copies`` and of ``poison`` records. A retry puts the same records again, which is harmless.
    """

    aws_hook_class = KinesisHook
    template_fields = aws_template_fields("stream", "bucket", "run_name")

    def __init__(self, *, stream: str, bucket: str, run_name: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stream = stream
        self.bucket = bucket
        self.run_name = run_name

    def execute(self, context: Any) -> dict[str, int]:
        params = context["params"]
        amounts = {name: round(params["changes"] * params[name]) for name in ("copies", "poison")}
        if not sum(amounts.values()):
            return amounts
        ledger = DrillLedger(ErrorZoneHook(bucket=self.bucket, **self._hook_parameters), self.run_name)
        own = ledger.planned_orders()
        seen = [record for record in self._records(ledger.started_at) if (identity_of(record.data) or "?")[0] in own]
        if not seen:
            raise AirflowException(
                f"No change of the drill has reached the Kinesis stream {self.stream} yet. The next attempt looks again."
            )
        self._put(injected_records(self.run_name, seen, **amounts, seed=params["seed"]))
        self.log.info("Put %(copies)s copies and %(poison)s poison records.", amounts)
        return amounts

    def _records(self, since: datetime) -> Iterator[StreamRecord]:
        """Return the records of the stream since then, from a bounded number of pages of each shard."""
        for shard in self.hook.conn.list_shards(StreamName=self.stream)["Shards"]:
            iterator = self.hook.conn.get_shard_iterator(
                StreamName=self.stream, ShardId=shard["ShardId"], ShardIteratorType="AT_TIMESTAMP", Timestamp=since
            )["ShardIterator"]
            for _ in range(MAX_PAGES):
                page = self.hook.conn.get_records(ShardIterator=iterator)
                yield from (StreamRecord(each["Data"], each["PartitionKey"]) for each in page["Records"])
                iterator = page.get("NextShardIterator")
                if iterator is None or not page.get("MillisBehindLatest"):
                    break

    def _put(self, records: list[StreamRecord]) -> None:
        entries = [{"Data": record.data, "PartitionKey": record.partition_key} for record in records]
        for start in range(0, len(entries), PUT_RECORDS_LIMIT):
            left = entries[start : start + PUT_RECORDS_LIMIT]
            for _ in range(PUT_ATTEMPTS):
                answer = self._put_some(left)
                left = [entry for entry, result in zip(left, answer, strict=True) if "ErrorCode" in result]
                if not left:
                    break
                time.sleep(PUT_PAUSE_SECONDS)
            else:
                raise AirflowException(
                    f"Could not put records into the Kinesis stream {self.stream}: it stayed busy. The next attempt goes on."
                )

    def _put_some(self, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        client = self.hook.conn
        try:
            answered: list[dict[str, Any]] = client.put_records(StreamName=self.stream, Records=entries)["Records"]
        except client.exceptions.ProvisionedThroughputExceededException:
            return [{"ErrorCode": "throttled"}] * len(entries)
        return answered
