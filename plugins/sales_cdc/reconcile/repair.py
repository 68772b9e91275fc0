"""Repairs orders that reconciliation named, through the table's own stream."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cache
from threading import Event
from typing import Any, Literal

from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException
from botocore.exceptions import ClientError

from sales_cdc.contract import bucket_keys
from sales_cdc.contract.change_contract import is_probe
from sales_cdc.dag_page.links import ObjectLink
from sales_cdc.probe.chain_barrier import ChainBarrier
from sales_cdc.reconcile.arrivals import ArrivalsHook
from sales_cdc.reconcile.repairable_orders import OrderBusyError, RepairableOrdersHook, Repaired

PARALLEL_REPAIRS = 8
PASSES = 6
FIRST_PAUSE_SECONDS = 0.2
HISTORY = (
    "Repaired is what the orders say now. Changes that never reached raw/, or were deleted there before they were curated, are "
    "missing from the history for good; raw objects that were deleted within the last 30 days can be brought back, since the bucket "
    "keeps old versions: remove their delete markers, and the next batch takes them, in their right place."
)

Kind = Literal["there", "not there", "either"]


class NothingToRepairFromError(AirflowFailException):
    """There is no reconcile report to repair from."""


class OrdersBusyError(AirflowException):
    """Orders were locked by others' transactions all the time; the next try goes on with them."""


class RepairOrdersOperator(AwsBaseOperator[RepairableOrdersHook]):
    """Make every order that differs pass through the stream again: a touch for those that the table holds, put and delete of
    the key for those that it does not. What others changed meanwhile is left to its own change.

    Args:
        hops: the topology's ``hops``.
        reconcile_run: the run whose report is taken; empty: the latest report.
        orders: a JSON list of order ids to repair instead, whatever a report says; empty: ``[]``.

    Returns:
        ``report`` (its key in the bucket), ``asked`` and how many orders came to which end.

    Raises:
        NothingToRepairFromError: there is no report.
        OrdersBusyError, CallRefusedError: trying again may help, and does no harm.
    """

    aws_hook_class = RepairableOrdersHook
    template_fields = aws_template_fields("hops", "reconcile_run", "orders")
    operator_extra_links = (ObjectLink(),)

    def __init__(self, *, hops: Mapping[str, str], reconcile_run: str = "", orders: str = "[]", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.hops = hops
        self.reconcile_run = reconcile_run
        self.orders = orders
        self._stop = Event()

    @property
    def _hook_parameters(self) -> dict[str, Any]:
        return {**super()._hook_parameters, "table": self.hops["table"]}

    def on_kill(self) -> None:
        self._stop.set()

    def execute(self, context: Any) -> dict[str, Any]:
        lake = ArrivalsHook(**super()._hook_parameters, bucket=self.hops["bucket"])
        source, kinds = self._asked(lake)
        outcomes = self._repair(kinds, context["run_id"])
        counts = Counter(str(outcome) for outcome in outcomes.values())
        run, at = context["run_id"], datetime.now(UTC).isoformat()
        key = bucket_keys.document_of(bucket_keys.REPAIR_RUNS, run)
        told = {"asked": len(kinds), "repaired": counts[Repaired.TOUCHED] + counts[Repaired.PUT_AND_DELETED]}
        report = {"run_id": run, "at": at, "from": source, **told, "by_reason": dict(counts), "orders": outcomes}
        lake.put_json(key, {**report, "history": HISTORY})
        self.written_uri = f"s3://{lake.bucket}/{key}"
        lines = (
            "\n".join(f"{count:>8,}  {outcome}" for outcome, count in counts.items()) or "       0  orders to repair"
        )
        self.log.info("From %s:\n%s\n%s\nReport: %s", source, lines, HISTORY, self.written_uri)
        return {"report": key, **told, **counts}

    def _asked(self, lake: ArrivalsHook) -> tuple[str, dict[str, Kind]]:
        """Where the orders are named, and of each whether the table is expected to hold it."""
        named: list[str] = json.loads(self.orders)
        if named:
            return "the run's own parameters", {each: "either" for each in named if not is_probe(each)}
        key, report = self._report(lake)
        kinds: dict[str, Kind] = dict.fromkeys(report["extra"], "not there")
        there = [*report["missing"], *(each["orderid"] for each in report["stale"])]
        return key, kinds | dict.fromkeys(there, "there")

    def _report(self, lake: ArrivalsHook) -> tuple[str, dict[str, Any]]:
        reports, run = bucket_keys.RECONCILE_RUNS, self.reconcile_run
        key = bucket_keys.document_of(reports, run) if run else lake.newest_key(reports)
        try:
            if key is not None:
                return key, lake.report(key)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":
                raise
        raise NothingToRepairFromError(
            f"There is no report {key or reports} in s3://{lake.bucket}. Run the DAG sales_cdc_reconcile first, or name "
            'orders: {"orders": ["…"]}. Nothing was written.'
        )

    def _repair(self, kinds: Mapping[str, Kind], run: str) -> dict[str, Repaired]:
        """Orders that somebody's transaction holds are tried again after the others, a few times."""
        self.hook.get_conn()  # made once, before threads share it
        outcomes: dict[str, Repaired] = {}
        for attempt in range(PASSES):
            outcomes |= self._pass({each: kind for each, kind in kinds.items() if each not in outcomes}, run)
            if len(outcomes) == len(kinds) or self._stop.wait(FIRST_PAUSE_SECONDS * 2**attempt):
                break
        if left := kinds.keys() - outcomes.keys():
            raise OrdersBusyError(
                f"{len(left)} of {len(kinds)} orders could not be touched, since others write them in transactions, such as "
                f"{min(left)}. The others are done; the next try takes these."
            )
        return outcomes

    def _pass(self, kinds: Mapping[str, Kind], run: str) -> dict[str, Repaired]:
        def one(order: tuple[str, Kind]) -> tuple[str, Repaired] | None:
            if self._stop.is_set():
                return None
            try:
                return order[0], self._repair_one(*order, run)
            except OrderBusyError:
                return None

        with ThreadPoolExecutor(PARALLEL_REPAIRS) as pool:
            ended: Iterable[tuple[str, Repaired] | None] = pool.map(one, kinds.items())
            return dict(pair for pair in ended if pair is not None)

    def _repair_one(self, order_id: str, kind: Kind, run: str) -> Repaired:
        table: RepairableOrdersHook = self.hook
        outcome = Repaired.GONE if kind == "not there" else table.touch(order_id, run)
        if outcome is Repaired.GONE and kind != "there":
            return table.put_and_delete(order_id, run)
        return outcome


class AwaitDeliveryOperator(AwsBaseOperator[AwsGenericHook[Any]]):
    """Return once everything that was committed to the table before is in ``raw/`` (probe orders tell).

    Args:
        hops: the topology's ``hops``.
        patience_seconds: how long a round of probes may take.

    Raises:
        ChainStalledError: the probes did not arrive in time.
    """

    aws_hook_class = AwsGenericHook
    template_fields = aws_template_fields("hops")

    def __init__(self, *, hops: Mapping[str, str], patience_seconds: float = 300, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.hops = hops
        self.patience_seconds = patience_seconds
        self._stop = Event()

    def on_kill(self) -> None:
        self._stop.set()

    def execute(self, context: Any) -> None:
        connect = cache(lambda hook: hook(**self._hook_parameters))
        ChainBarrier(connect, self.hops, self.patience_seconds, self._stop).deliver()
        self.log.info(
            "Everything that was written before has arrived in s3://%s/%s.", self.hops["bucket"], bucket_keys.RAW_PREFIX
        )
