"""The steps of a drill that the pipeline's own operators do not have."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from airflow.providers.amazon.aws.hooks.kinesis import KinesisHook
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException

from sales_cdc.contract import bucket_keys
from sales_cdc.drill import extras as drill
from sales_cdc.drill.extras import StreamRecord
from sales_cdc.drill.fault_injector import FaultInjector, FaultsRefusedError
from sales_cdc.drill.ledger import DrillLedger
from sales_cdc.generate.operators import GenerateRunOperator
from sales_cdc.generate.run_operator import final_errors
from sales_cdc.generate.workload import Workload
from sales_cdc.redrive.error_zone import ErrorZoneHook
from sales_cdc.redrive.records import object_body, read_records

PUT_RECORDS_LIMIT = 500
PUT_ATTEMPTS = 12
MAX_PAGES = 200
CRASH_ATTEMPTS, CRASH_PAUSE_SECONDS = 40, 0.5
NO_INJECTOR = "There is no fault injector here (it belongs to the local cloud): going on with copies and poison alone."


class PlanDrillOperator(GenerateRunOperator):
    """Plan the drill's changes, on orders of its own alone, and keep the plan in the ledger.

    Returns the ``ledger``'s URI; ``since``, from when on its changes can have been committed, as Athena writes times; and
    ``curate_key``, for the counts of the Glue job.
    """

    def execute(self, context: Any) -> dict[str, str]:
        params = context["params"]
        with final_errors():
            run = self._generate_run(context)
            workload = Workload(drill.seed_of(self.run_name, params["seed"]), **drill.shape(params["changes"]))
            run.plan(workload, own_orders_only=True)
        zone = ErrorZoneHook(bucket=self.bucket, **self._hook_parameters)
        since = DrillLedger(zone, self.run_name).since
        return {"ledger": run.ledger_uri, "since": since, "curate_key": drill.curate_key(self.run_name)}


class FaultsOperator(AwsBaseOperator[ErrorZoneHook]):
    """What the operators of the fault injector have in common. What they did stays in the drill's evidence, over all its runs.

    Args:
        endpoint: the injector's; None where there is none.
        bucket: of the evidence; ``run_name``: the drill's.
    """

    aws_hook_class = ErrorZoneHook
    template_fields = aws_template_fields("bucket", "run_name")

    def __init__(self, *, endpoint: str | None, bucket: str, run_name: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.endpoint = endpoint
        self.bucket = bucket
        self.run_name = run_name

    @property
    def _hook_parameters(self) -> dict[str, Any]:
        return {**super()._hook_parameters, "bucket": self.bucket}

    def _note(self, context: Any, what: str, document: dict[str, int]) -> None:
        DrillLedger(self.hook, self.run_name).note(f"{context['run_id']}-{what}", document)


class InjectFaultsOperator(FaultsOperator):
    """Put the Param ``faults`` in force, where there is an injector; a plan that is in force already goes on."""

    def execute(self, context: Any) -> dict[str, Any]:
        injector, plan = FaultInjector(self.endpoint), context["params"]["faults"]
        if not injector.is_there or not plan:
            self.log.info("No faults asked for." if injector.is_there else NO_INJECTOR)
            return {}
        wanted = {"seed": context["params"]["seed"], **plan}
        try:
            in_force = injector.state()["plan"]
            if any(in_force.get(name) != value for name, value in wanted.items()):
                in_force = injector.set(wanted)["plan"]
        except FaultsRefusedError as error:
            raise AirflowFailException(str(error)) from error
        self.log.info("In force: %s", in_force)
        return dict(in_force)


class CrashWorkersOperator(FaultsOperator):
    """Kill the workers between table and bucket, where there is an injector and the Param ``crashes`` reaches ``number``."""

    def __init__(self, *, number: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.number = number

    def execute(self, context: Any) -> int:
        injector = FaultInjector(self.endpoint)
        if not injector.is_there or context["params"]["crashes"] < self.number:
            self.log.info("No crash here." if injector.is_there else NO_INJECTOR)
            return 0
        for _ in range(CRASH_ATTEMPTS):
            if injector.crash():
                self._note(context, f"crash-{self.number}", {"crashes": 1})
                self.log.info("Killed the workers: crash %s.", self.number)
                return 1
            time.sleep(CRASH_PAUSE_SECONDS)
        raise AirflowException("The workers did not come back after the crash before: see the local cloud's log.")


class LiftFaultsOperator(FaultsOperator):
    """End the faults; returns how often each of them struck since they were put in force."""

    def execute(self, context: Any) -> dict[str, int]:
        injector = FaultInjector(self.endpoint)
        if not injector.is_there:
            return {}
        struck: dict[str, int] = injector.state()["done"]
        self._note(context, "faults", struck)
        injector.lift()
        self.log.info("The faults are over. They struck: %s", struck)
        return struck


class PutExtrasOperator(AwsBaseOperator[KinesisHook]):
    """Put copies of the drill's own records, and poison made of them, straight into the Kinesis stream.

    By then the drill has written all: the copies come late, those of deleted orders after their delete.

    Args:
        stream: the Kinesis stream; ``bucket``: of the ledger; ``run_name``: the drill's.

    Returns:
        How many ``copies`` and how much ``poison`` it put. A retry puts the same again, which is harmless.
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
        amounts = {name: drill.share_of(params["changes"], params[name]) for name in ("copies", "poison")}
        if not sum(amounts.values()):
            return amounts
        ledger = DrillLedger(ErrorZoneHook(bucket=self.bucket, **self._hook_parameters), self.run_name)
        own = ledger.planned_orders()
        seen = [
            record for record in self._records(ledger.started_at) if (drill.identity_of(record.data) or "?")[0] in own
        ]
        if not seen:
            raise AirflowException(
                f"No change of the drill has reached the Kinesis stream {self.stream} yet: trying again."
            )
        self._put(drill.extras(self.run_name, seen, **amounts, seed=params["seed"]))
        self.log.info("Put %(copies)s copies and %(poison)s poison records.", amounts)
        return amounts

    def _records(self, since: datetime) -> Iterator[StreamRecord]:
        """What the stream holds since then; a bounded number of pages of each shard."""
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
                time.sleep(CRASH_PAUSE_SECONDS)
            else:
                raise AirflowException(f"The Kinesis stream {self.stream} stayed busy: trying again.")

    def _put_some(self, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        client = self.hook.conn
        try:
            answered: list[dict[str, Any]] = client.put_records(StreamName=self.stream, Records=entries)["Records"]
        except client.exceptions.ProvisionedThroughputExceededException:
            return [{"ErrorCode": "throttled"}] * len(entries)
        return answered


class PutPoisonAwayOperator(AwsBaseOperator[ErrorZoneHook]):
    """Move the drill's poison from ``errors/`` to its evidence, line by line; returns how many lines. The rest stays.

    Args:
        bucket: the deployment's; ``run_name``: the drill's.
    """

    aws_hook_class = ErrorZoneHook
    template_fields = aws_template_fields("bucket", "run_name")

    def __init__(self, *, bucket: str, run_name: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bucket = bucket
        self.run_name = run_name

    @property
    def _hook_parameters(self) -> dict[str, Any]:
        return {**super()._hook_parameters, "bucket": self.bucket}

    def execute(self, context: Any) -> int:
        moved = 0
        for listed in DrillLedger(self.hook, self.run_name).objects_since(bucket_keys.ERRORS_PREFIX):
            own: list[bytes] = []
            others: list[bytes] = []
            for record in read_records(self.hook.read(listed) or b""):
                is_own = drill.markers(self.run_name, [drill.decoded(record.data)])
                (own if is_own else others).append(record.line)
            if own:
                self.hook.deliver(drill.poison_key(self.run_name, listed.key, listed.etag), object_body(own))
                moved += len(own) if self.hook.replace(listed, object_body(others)) else 0
        self.log.info("%s lines of poison went from errors/ to the evidence.", moved)
        return moved
