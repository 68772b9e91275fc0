"""Read the former streams of the orders table, and deliver what they hold, before the pipe reads another stream."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow.providers.amazon.aws.utils.mixins import aws_template_fields

from sales_cdc.aws.landing_zone import LandingZoneHook
from sales_cdc.aws.stream_position import Position
from sales_cdc.contract import bucket_keys
from sales_cdc.provisioning.resources.pipe import PipeHook
from sales_cdc.provisioning.resources.table import TableHook
from sales_cdc.redrive.attempts import sort_out
from sales_cdc.redrive.former_streams import Drained, findings, former_streams
from sales_cdc.redrive.operators.redrive import Counts, RedriveOperator
from sales_cdc.redrive.stream_records import record_to_try
from sales_cdc.redrive.stream_shards import TableStreamsHook

CONDITION = "FormerStream"


class DrainFormerStreamsOperator(RedriveOperator):
    """Deliver every change that former streams of the table still hold, when the table has a new stream; else do nothing.

    A stream that is switched off, or whose table is deleted, can be read for 24 hours. The task reads every shard of it, calls the
    deployed transformer, and puts the change events under ``raw/``, also those that the pipe had delivered: duplicates count once.
    It says which interval may be missing, and what to run, in the log and in ``ledger/streams/<label>.json``. A retry goes on after
    the last shard that was read.

    Args:
        table, pipe: by name.
        stream_arn: the table's stream now.

    Returns:
        ``name`` of the table; ``action`` (``drained``) and ``changes`` only when there was a former stream.

    Raises:
        AirflowFailException: a call was denied, or a resource is missing.
        AirflowException: the transformer fails at every call; a retry goes on.
    """

    template_fields = (*RedriveOperator.template_fields, *aws_template_fields("table", "pipe", "stream_arn"))

    def __init__(self, *, table: str, pipe: str, stream_arn: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.table = table
        self.pipe = pipe
        self.stream_arn = stream_arn

    def _redrive(self) -> Counts:
        self._lake = LandingZoneHook(bucket=self.bucket, **self._connection)
        self._streams = TableStreamsHook(**self._connection)
        kept = self._lake.document(bucket_keys.STREAM_STATE)
        state = kept or {"stream_arn": self._of_the_pipe()}
        is_new = state["stream_arn"] not in (None, self.stream_arn)
        listed = self._streams.arns(self.table) if is_new else []
        former = former_streams(state["stream_arn"], self.stream_arn, listed)
        outcome: Counts = {"name": self.table}
        if former:
            drained = self._drain(former, state)
            self._tell(former, drained)
            outcome |= {"action": "drained", "changes": drained.changes}
        if kept != (latest := {"stream_arn": self.stream_arn}):
            self._lake.put_json(bucket_keys.STREAM_STATE, latest)
        return outcome

    def _of_the_pipe(self) -> str | None:
        """Return the stream that the pipe reads now; None when there is no pipe yet."""
        pipe = PipeHook(**self._connection).find(self.pipe)
        return pipe.description["Source"] if pipe else None

    def _drain(self, former: list[str], state: dict[str, Any]) -> Drained:
        done = set(state.get("shards", ()))
        drained = Drained(state.get("changes", 0), state.get("failed", 0), _moment(state.get("last_change")))
        for arn in former:
            shards = self._streams.shards(arn)
            if shards is None:
                drained.unreadable.append(arn.rpartition("/")[2])
            for shard in shards or ():
                if f"{arn} {shard}" not in done:
                    self._drain_shard(arn, shard, drained)
                    done.add(f"{arn} {shard}")
                    kept = {"changes": drained.changes, "failed": drained.failed, "last_change": drained.last_change}
                    self._lake.put_json(
                        bucket_keys.STREAM_STATE, {"stream_arn": state["stream_arn"], "shards": sorted(done), **kept}
                    )
        return drained

    def _drain_shard(self, arn: str, shard: str, drained: Drained) -> None:
        for page in self._streams.pages(arn, shard):
            numbers = [record["dynamodb"]["SequenceNumber"] for record in page]
            position = Position(arn, shard, numbers[0], numbers[-1], len(page), CONDITION)
            records = [record_to_try(position, record) for record in page]
            tried = sort_out(records, dict(enumerate(self._transformer.transform(records))), datetime.now(UTC))
            self._deliver(position, records, tried)
            drained.changes += len(page)
            drained.failed += len(tried.left)
            times = [record["dynamodb"]["ApproximateCreationDateTime"] for record in page]
            drained.last_change = max(each for each in (drained.last_change, *times) if each)
        self.log.info("Read the shard %s of %s: %s changes so far.", shard, arn, drained.changes)

    def _tell(self, former: list[str], drained: Drained) -> None:
        table = TableHook(**self._connection).conn.describe_table(TableName=self.table)["Table"]
        said = findings(
            self.table, former, self.stream_arn, drained, made_at=table["CreationDateTime"], last_raw=self._last_raw()
        )
        for line in said:
            self.log.warning(line)
        label = self.stream_arn.rpartition("/")[2]
        self._lake.put_json(
            f"{bucket_keys.STREAMS}{bucket_keys.run_key(label)}.json",
            {
                "former": former,
                "latest": self.stream_arn,
                "changes": drained.changes,
                "failed": drained.failed,
                "findings": said,
            },
        )

    def _last_raw(self) -> datetime | None:
        """Return when the newest raw object was stored before this run's own."""
        pages = self._lake.get_conn().get_paginator("list_objects_v2")
        days, _ = self._lake.level(bucket_keys.RAW_PREFIX)
        for day in sorted(days, reverse=True):
            listed = [
                found for page in pages.paginate(Bucket=self.bucket, Prefix=day) for found in page.get("Contents", [])
            ]
            times: list[datetime] = [found["LastModified"] for found in listed if "/redrive-" not in found["Key"]]
            if times:
                return max(times)
        return None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
