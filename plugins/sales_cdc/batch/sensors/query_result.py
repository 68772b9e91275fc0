"""Wait for an Athena query, and show or check its rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from airflow.providers.amazon.aws.sensors.athena import AthenaSensor
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import AirflowFailException

from sales_cdc.aws.athena import MAX_ROWS, Athena
from sales_cdc.aws.dead_letters import DeadLetterHook
from sales_cdc.aws.landing_zone import LandingZoneHook
from sales_cdc.aws.query_rows import QueryRows
from sales_cdc.contract import bucket_keys
from sales_cdc.contract.declared import declared_contract
from sales_cdc.contract.order_keys import KEYS
from sales_cdc.dag_page.links import AthenaQueryLink
from sales_cdc.reconcile.findings import BACKFILL

SHOWN = 20
REDRIVE_DAG = "sales_cdc_redrive"


class CheckFailedError(AirflowFailException):
    """Raised when a check found rows that must not exist; the message shows them."""


class AthenaRowsSensor(AthenaSensor):
    """Wait for the query, then log its first rows as a table and return how many it logged."""

    operator_extra_links = (AthenaQueryLink(),)

    def execute(self, context: Any) -> int:
        super().execute(context)
        found = self._first_rows(SHOWN)
        shown = " shown" if len(found.rows) == SHOWN else ""
        self.log.info("%s rows%s:\n%s", len(found.rows), shown, found.as_table())
        return len(found.rows)

    def _first_rows(self, max_rows: int) -> QueryRows:
        return Athena(self.hook.get_conn()).first_rows(self.query_execution_id, max_rows)


class NoRowsSensor(AthenaRowsSensor):
    """Wait for a check's query, which selects rows that must not exist; fail when there are any.

    Args:
        finding: what a row means, such as "orders that changed without having been inserted".

    Returns:
        0, the number of rows.

    Raises:
        CheckFailedError: the query returned rows.
    """

    def __init__(self, *, finding: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.finding = finding

    def execute(self, context: Any) -> int:
        super(AthenaRowsSensor, self).execute(context)
        found = self._first_rows(MAX_ROWS)
        if found.rows:
            return self._judge(found, context)
        self.log.info("Passed: no %s.", self.finding)
        return 0

    def _judge(self, found: QueryRows, context: Any) -> int:
        raise CheckFailedError(
            f"The check '{self.task_id}' found {finding_of(found, self.finding)}\n"
            f"Athena query {self.query_execution_id}. Look these orders up in {declared_contract().raw_table}. Once they are fixed, clear "
            "this task and its query to check again."
        )


class FollowsInsertSensor(NoRowsSensor):
    """Fail once for orders that changed without an insert, unless something explains it.

    The sensor only warns when the insert is under ``errors/``, or may be among the positions in the pipe's dead-letter queue: the
    redrive delivers it. An order that nothing explains fails the run that first sees it, and each retry of that run. Later runs warn, so
    that a loss that cannot be repaired does not stop every later batch.

    Args:
        bucket: the bucket with ``errors/``; the sensor also notes there which orders failed a run.
        dead_letter_queue: the pipe's, by name.
        adopted: the table is somebody's and may hold orders that are older than its stream: the sensor only warns until the first
            backfill or repair has ended.

    Returns:
        How many such orders there are, up to 999.

    Raises:
        CheckFailedError: orders without an insert that this run is the first to see.
    """

    NOTED = bucket_keys.ORDERS_WITHOUT_INSERT
    template_fields = aws_template_fields("query_execution_id", "bucket", "dead_letter_queue")

    def __init__(self, *, bucket: str, dead_letter_queue: str, adopted: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bucket = bucket
        self.dead_letter_queue = dead_letter_queue
        self.adopted = adopted

    def _judge(self, found: QueryRows, context: Any) -> int:
        lake = LandingZoneHook(bucket=self.bucket, **self._hook_parameters)
        orders = [KEYS.of_texts(row) for row in found.rows]
        failed = {record.order_id: record for record in lake.failures() if record.event_type == "INSERT"}
        self._warn(
            [f"{order}: s3://{self.bucket}/{failed[order].key} ({failed[order].reason})" for order in orders if order in failed],
            f"their insert could not be transformed and is kept; the DAG {REDRIVE_DAG} delivers it",
        )  # fmt: skip
        unexplained = [order for order in orders if order not in failed]
        if unexplained and DeadLetterHook(queue=self.dead_letter_queue, **self._hook_parameters).count():
            self._warn(unexplained, f"their insert may be in the queue {self.dead_letter_queue}: run {REDRIVE_DAG}")
        elif self.adopted and lake.mended_until() is None:
            self._warn(unexplained, f"they were in the adopted table before its stream. Their state is right, their history begins late. {BACKFILL}")  # fmt: skip
        else:
            self._fail_once(unexplained, lake, found, context["run_id"])
        return len(orders)

    def _fail_once(self, orders: list[str], lake: LandingZoneHook, found: QueryRows, run_id: str) -> None:
        """Fail for orders that no earlier run has noted.

        The note names the run, so that a retry of that run fails too.
        """
        noted = lake.document(self.NOTED) or {}
        fresh = [order for order in orders if noted.get(order, run_id) == run_id]
        self._warn([order for order in orders if order not in fresh], "an earlier run failed for them")
        if not fresh:
            return
        lake.put_json(
            self.NOTED, {**{order: noted[order] for order in orders if order in noted}, **dict.fromkeys(fresh, run_id)}
        )
        rows = [row for row in found.rows if KEYS.of_texts(row) in fresh]
        raise CheckFailedError(
            f"The check '{self.task_id}' found {finding_of(replace(found, rows=rows), self.finding)}\n"
            f"Athena query {self.query_execution_id}. Their insert is neither in s3://{self.bucket}/{bucket_keys.ERRORS_PREFIX} "
            f"nor in the queue {self.dead_letter_queue}: it was lost, or they were in the table before the pipe was. "
            f"Their current state is right; their history begins late. Only this run fails for them: start a new run to continue."
        )

    def _warn(self, orders: list[str], what: str) -> None:
        if orders:
            more = f"\n  … and {len(orders) - SHOWN} more" if len(orders) > SHOWN else ""
            named = "\n  ".join(orders[:SHOWN])
            self.log.warning("%d %s: %s:\n  %s%s", len(orders), self.finding, what, named, more)


def finding_of(found: QueryRows, finding: str) -> str:
    """Format a finding and its first rows for an error message."""
    shown = replace(found, rows=found.rows[:SHOWN])
    return f"{finding} ({len(found.rows)}, the first {len(shown.rows)}):\n{shown.as_table()}"
