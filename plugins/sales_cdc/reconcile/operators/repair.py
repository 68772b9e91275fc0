"""Repair the orders that a reconciliation named, through the table's own stream."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Literal

from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException
from botocore.exceptions import ClientError

from sales_cdc.contract import bucket_keys
from sales_cdc.contract.order_keys import KEYS, NoOrderKeyError
from sales_cdc.dag_page.links import ObjectLink
from sales_cdc.reconcile.operators.orders_table_operator import OrdersTableOperator
from sales_cdc.reconcile.raw_zone import RawZoneHook
from sales_cdc.reconcile.repair_writes import OrderBusyError, Repaired, RepairWritesHook

PARALLEL_REPAIRS = 8
MAX_PASSES = 6
FIRST_PAUSE_SECONDS = 0.2
HISTORY = (
    "The repair covers the current state of the orders. Changes that never reached raw/, or were deleted there before they were "
    "curated, stay missing from the history. Raw objects that were deleted within the last 30 days "
    "(SALES_CDC_OLD_VERSIONS_DAYS) can be restored, because the bucket keeps old versions: remove their delete markers, and the next batch puts their changes in the right place."
)

Expected = Literal["there", "not there", "either"]


class NothingToRepairFromError(AirflowFailException):
    """There is no report of a reconciliation to repair from."""


class OrdersBusyError(AirflowException):
    """Other transactions kept some orders locked; the next attempt repairs these."""


class RepairOrdersOperator(OrdersTableOperator):
    """Send every order that differs through the stream again.

    An order that the table holds is touched; the key of an order that it does not hold is put and deleted. An order that others
    change at the same time is repaired by their own change.

    Example::

        RepairOrdersOperator(task_id="repair_orders", hops=topology.hops, orders='["order-1", "order-2"]')

    Args:
        hops: the topology's ``hops``.
        reconcile_run: the run whose report names the orders; empty takes the latest report.
        orders: a JSON list of orders to repair instead of those in a report, each by its id or the list of its key's values; ``[]``
            takes the report.

    Returns:
        ``report`` (its key in the bucket), ``asked``, ``repaired``, and the number of orders by outcome.

    Raises:
        NothingToRepairFromError: there is no report, or the parameters name no order.
        OrdersBusyError, CallRefusedError: another attempt may succeed, and does no harm.
    """

    aws_hook_class = RepairWritesHook
    template_fields = aws_template_fields("hops", "reconcile_run", "orders")
    operator_extra_links = (ObjectLink(),)

    def __init__(self, *, reconcile_run: str = "", orders: str = "[]", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.reconcile_run = reconcile_run
        self.orders = orders

    def execute(self, context: Any) -> dict[str, Any]:
        source, kinds = self._asked(self._raw_zone)
        outcomes = self._repair(kinds, context["run_id"])
        counts = Counter(str(outcome) for outcome in outcomes.values())
        run, at = context["run_id"], datetime.now(UTC).isoformat()
        key = bucket_keys.document_of(bucket_keys.REPAIR_RUNS, run)
        totals = {"asked": len(kinds), "repaired": counts[Repaired.TOUCHED] + counts[Repaired.PUT_AND_DELETED]}
        report = {"run_id": run, "at": at, "from": source, **totals, "by_reason": dict(counts), "orders": outcomes}
        self._raw_zone.put_json(key, {**report, "history": HISTORY})
        self.written_uri = f"s3://{self.hops['bucket']}/{key}"
        lines = (
            "\n".join(f"{count:>8,}  {outcome}" for outcome, count in counts.items()) or "       0  orders to repair"
        )
        self.log.info("From %s:\n%s\n%s\nReport: %s", source, lines, HISTORY, self.written_uri)
        return {"report": key, **totals, **counts}

    def _asked(self, raw_zone: RawZoneHook) -> tuple[str, dict[str, Expected]]:
        """Return what names the orders, and for each order whether the table is expected to hold it."""
        named = self._named()
        if named:
            return "the run's own parameters", {each: "either" for each in named if not KEYS.is_probe(each)}
        key, report = self._report(raw_zone)
        kinds: dict[str, Expected] = dict.fromkeys(report["extra"], "not there")
        there = [*report["missing"], *(each["orderid"] for each in report["stale"])]
        return key, kinds | dict.fromkeys(there, "there")

    def _named(self) -> list[str]:
        """Return the ids of the orders that the run's own parameters name."""
        try:
            return [KEYS.named(each) for each in json.loads(self.orders)]
        except NoOrderKeyError as error:
            raise NothingToRepairFromError(f"The parameter orders: {error} Nothing was written.") from error

    def _report(self, raw_zone: RawZoneHook) -> tuple[str, dict[str, Any]]:
        reports, run = bucket_keys.RECONCILE_RUNS, self.reconcile_run
        key = bucket_keys.document_of(reports, run) if run else raw_zone.newest_key(reports)
        try:
            if key is not None:
                return key, raw_zone.report(key)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":
                raise
        raise NothingToRepairFromError(
            f"There is no report {key or reports} in s3://{raw_zone.bucket}. Run the DAG sales_cdc_reconcile first, or name "
            'orders: {"orders": ["…"]}. Nothing was written.'
        )

    def _repair(self, kinds: Mapping[str, Expected], run: str) -> dict[str, Repaired]:
        """Repair the orders; try those that other transactions hold again after the others, a few times."""
        self.hook.get_conn()  # threads share one client, so it is made before they start
        outcomes: dict[str, Repaired] = {}
        for attempt in range(MAX_PASSES):
            outcomes |= self._pass({each: kind for each, kind in kinds.items() if each not in outcomes}, run)
            if len(outcomes) == len(kinds) or self._stop.wait(FIRST_PAUSE_SECONDS * 2**attempt):
                break
        if left := kinds.keys() - outcomes.keys():
            raise OrdersBusyError(
                f"Could not touch {len(left)} of {len(kinds)} orders, such as {min(left)}, since others write them in transactions. "
                "The other orders are repaired; the next attempt repairs these."
            )
        return outcomes

    def _pass(self, kinds: Mapping[str, Expected], run: str) -> dict[str, Repaired]:
        def one(order: tuple[str, Expected]) -> tuple[str, Repaired] | None:
            if self._stop.is_set():
                return None
            try:
                return order[0], self._repair_one(*order, run)
            except OrderBusyError:
                return None

        with ThreadPoolExecutor(PARALLEL_REPAIRS) as pool:
            ended: Iterable[tuple[str, Repaired] | None] = pool.map(one, kinds.items())
            return dict(pair for pair in ended if pair is not None)

    def _repair_one(self, order_id: str, kind: Expected, run: str) -> Repaired:
        table: RepairWritesHook = self.hook
        outcome = Repaired.GONE if kind == "not there" else table.touch(order_id, run)
        if outcome is Repaired.GONE and kind != "there":
            return table.put_and_delete(order_id, run)
        return outcome
