"""Compares the orders table with the curated table, order by order."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from functools import cache, cached_property
from threading import Event
from typing import Any

from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSkipException

from sales_cdc.aws.orders_table import SourceOrdersHook
from sales_cdc.aws.query_rows import as_table
from sales_cdc.contract import bucket_keys
from sales_cdc.dag_page.links import ObjectLink
from sales_cdc.probe.chain_barrier import ChainBarrier
from sales_cdc.reconcile.arrivals import ArrivalsHook
from sales_cdc.reconcile.curated_orders import CuratedOrdersHook
from sales_cdc.reconcile.exported_orders import ExportedOrdersHook
from sales_cdc.reconcile.reconciliation import Reconciliation, Version, reconcile

SHOWN = 10


class DifferencesFoundError(AirflowFailException):
    """The curated table does not show what the orders table holds; the message names the first orders."""


class DeliveryChain:
    """What lies between table and curated table, for ``reconcile``."""

    def __init__(self, barrier: ChainBarrier, arrivals: ArrivalsHook, curated: CuratedOrdersHook) -> None:
        self._arrivals, self._curated = arrivals, curated
        self.deliver = barrier.deliver

    def pending(self, order_ids: Collection[str]) -> Mapping[str, Version]:
        """The raw zone is listed first: what the job takes meanwhile is curated before anybody reads the curated table."""
        listed = self._arrivals.objects()
        keys = sorted(key for key, _ in listed - self._curated.objects_taken())
        return self._arrivals.latest(keys, order_ids)


class ReconcileOperator(AwsBaseOperator[SourceOrdersHook]):
    """Compare both tables, order by order, keep the report in the ledger, and show it in the log.

    The DAG's ``template_searchpath`` has to hold ``include/sql``. When orders differ, probe orders are sent through the chain to
    tell what was lost from what is on its way: that takes two of Firehose's buffer intervals.

    Args:
        hops: the topology's ``hops``.
        database, workgroup: of Athena, by name.
        source: ``scan`` reads the table itself; ``export`` has it exported to the bucket, at no read capacity, and reads that.
        fail_on_difference: whether differences fail the task. The report is written either way.
        wanted: False skips the task.
        patience_seconds: how long probes may take to arrive.

    Returns:
        ``report`` (its key in the bucket) and the counts: ``source_items``, ``curated_items``, ``matching``, ``in_flight``,
        ``missing``, ``extra``, ``stale``.

    Raises:
        DifferencesFoundError: orders differ, and that is to fail.
        ChainStalledError, StatementError, CallRefusedError, ExportFailedError: it could not be compared; nothing is claimed.
    """

    aws_hook_class = SourceOrdersHook
    template_fields = aws_template_fields("hops", "source", "fail_on_difference", "wanted")
    operator_extra_links = (ObjectLink(),)

    def __init__(
        self,
        *,
        hops: Mapping[str, str],
        database: str,
        workgroup: str,
        source: str = "scan",
        fail_on_difference: bool | str = True,
        wanted: bool | str = True,
        patience_seconds: float = 300,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.hops = hops
        self.database = database
        self.workgroup = workgroup
        self.source = source
        self.fail_on_difference = fail_on_difference
        self.wanted = wanted
        self.patience_seconds = patience_seconds
        self._stop = Event()

    @property
    def _hook_parameters(self) -> dict[str, Any]:
        return {**super()._hook_parameters, "table": self.hops["table"]}

    def on_kill(self) -> None:
        self._stop.set()

    def execute(self, context: Any) -> dict[str, Any]:
        if str(self.wanted) != "True":
            raise AirflowSkipException("Not wanted in this run.")
        found = self._reconcile()
        key = bucket_keys.document_of(bucket_keys.RECONCILE_RUNS, context["run_id"])
        report = {"run_id": context["run_id"], "at": datetime.now(UTC).isoformat(), **found.report()}
        self._arrivals.put_json(key, report)
        self.written_uri = f"s3://{self.hops['bucket']}/{key}"
        self.log.info("%s\nReport: %s", shown(report), self.written_uri)
        if str(self.fail_on_difference) == "True":
            require_no_differences(report, self.written_uri)
        return {"report": key, **counts_of(report)}

    def _reconcile(self) -> Reconciliation:
        connection = super()._hook_parameters
        curated = CuratedOrdersHook(
            database=self.database, workgroup=self.workgroup, render=self._sql, connection=connection
        )
        barrier = ChainBarrier(cache(lambda hook: hook(**connection)), self.hops, self.patience_seconds, self._stop)
        chain = DeliveryChain(barrier, self._arrivals, curated)
        return reconcile(self._orders, curated, chain, cutoff=datetime.now(UTC))

    @property
    def _orders(self) -> SourceOrdersHook:
        if self.source == "export":
            return ExportedOrdersHook(**self._hook_parameters, bucket=self.hops["bucket"])
        scanned: SourceOrdersHook = self.hook
        return scanned

    @cached_property
    def _arrivals(self) -> ArrivalsHook:
        return ArrivalsHook(**super()._hook_parameters, bucket=self.hops["bucket"])

    def _sql(self, name: str, params: Mapping[str, Any]) -> str:
        text: str = self.get_template_env().get_template(name).render(params=params)
        return text


def require_no_differences(report: Mapping[str, Any], place: str) -> None:
    if differing := sum(report["counts"].values()):
        raise DifferencesFoundError(
            f"{differing} orders differ between DynamoDB and the curated table:\n{shown(report)}\nThe whole list: {place}. To mend "
            "them through the table's own stream, run the DAG sales_cdc_repair: it takes the latest report by itself."
        )


def counts_of(report: Mapping[str, Any]) -> dict[str, int]:
    names = ("source_items", "curated_items", "matching", "in_flight")
    return {name: int(report[name]) for name in names} | dict(report["counts"])


def shown(report: Mapping[str, Any]) -> str:
    """The counts as a table, then the first orders of each finding."""
    counts = counts_of(report)
    lines = [as_table(list(counts), [[f"{count:,}" for count in counts.values()]])]
    for kind in ("missing", "extra"):
        lines += [f"{kind}: {order_id}" for order_id in report[kind][:SHOWN]]
    for each in report["stale"][:SHOWN]:
        fields = "; ".join(
            f"{name} is {values['source']!r}, curated {values['curated']!r}" for name, values in each["fields"].items()
        )
        lines.append(f"stale: {each['orderid']}: {fields}")
    return "\n".join(lines)
