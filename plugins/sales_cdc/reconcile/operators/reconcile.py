"""Compare the orders table with the curated table, order by order: what is due, or everything."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import uuid4

from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSkipException

from sales_cdc.aws.orders_table import SourceOrdersHook
from sales_cdc.aws.query_rows import as_table
from sales_cdc.contract import bucket_keys
from sales_cdc.contract.rotation import PARTS
from sales_cdc.dag_page.links import ObjectLink
from sales_cdc.probe.chain_barrier import ChainBarrier
from sales_cdc.reconcile.comparison import Compared, Comparison
from sales_cdc.reconcile.coverage_ledger import CoverageLedger, KeyLists
from sales_cdc.reconcile.curated_orders import CuratedOrdersHook
from sales_cdc.reconcile.exported_orders import ExportedOrdersHook
from sales_cdc.reconcile.findings import Reconciliation, awaited_backfill, is_only_missing
from sales_cdc.reconcile.operators.orders_table_operator import OrdersTableOperator
from sales_cdc.reconcile.raw_zone import RawZoneHook
from sales_cdc.reconcile.sides import Version

MAX_SHOWN = 10


class DifferencesFoundError(AirflowFailException):
    """The curated table differs from the orders table; the message names the first orders."""


class DeliveryChain:
    """The chain between the orders table and the curated table, as ``reconcile`` needs it."""

    def __init__(self, barrier: ChainBarrier, raw_zone: RawZoneHook, curated: CuratedOrdersHook) -> None:
        self._raw_zone, self._curated = raw_zone, curated
        self.deliver = barrier.deliver

    def pending(self, order_ids: Collection[str]) -> Mapping[str, Version]:
        """Return the newest change of each order in the raw objects that the curate job has not read yet.

        The raw zone is listed first. What the job reads after that is curated before the curated table is read. Folders of which the
        watermark says that every object is taken are left out.
        """
        folders = self._raw_zone.open_folders(self._curated.lake)
        listed = self._raw_zone.objects() if folders is None else self._raw_zone.objects(folders)
        keys = sorted(key for key, _ in listed - self._curated.objects_taken(folders))
        return self._raw_zone.latest(keys, order_ids)


class ReconcileOperator(OrdersTableOperator):
    """Compare both tables order by order, write the report into the ledger, and log it.

    A run compares the orders that have changed since the last one, a seventh of all, and those that were found to differ before; all
    orders of a small table, the first time, after one of the tables was made again, and with ``full`` or an export.

    The DAG's ``template_searchpath`` has to contain ``include/sql``. When orders differ, the operator sends probe orders through
    the chain to tell lost changes from changes on their way. That takes two of Firehose's buffer intervals.

    Example::

        ReconcileOperator(task_id="reconcile", hops=topology.hops, database="sales_cdc", workgroup="sales-cdc", source="export")

    Args:
        hops: the topology's ``hops``.
        database, workgroup: the names of Athena's database and workgroup.
        source: ``scan`` reads the table itself; ``export`` reads an export of all of it to the bucket, which consumes no read capacity.
        full: whether all orders are compared.
        fail_on_difference: whether differences fail the task. The report is written either way.
        wanted: False skips the task.
        patience_seconds: how long the probe orders may take to arrive.
        adopted: no probe is written to an adopted table: patience decides. Its items may be older than its stream: while they alone
            differ, and nothing was backfilled or repaired yet, the task warns.

    Returns:
        ``report`` (its key in the bucket) and the counts: ``source_items``, ``curated_items``, ``matching``, ``in_flight``,
        ``missing``, ``extra``, ``stale``. ``coverage`` says in words what was compared. ``awaits_backfill``, true, when the items that are missing may be older than the stream.

    Raises:
        DifferencesFoundError: orders differ and ``fail_on_difference`` is set.
        ChainStalledError, NoCuratedTableError, QueryFailedError, CallRefusedError, ExportFailedError: the tables could not be
            compared.
    """

    aws_hook_class = SourceOrdersHook
    template_fields = aws_template_fields("hops", "source", "full", "fail_on_difference", "wanted")
    operator_extra_links = (ObjectLink(),)

    def __init__(
        self,
        *,
        database: str,
        workgroup: str,
        source: str = "scan",
        full: bool | str = False,
        fail_on_difference: bool | str = True,
        wanted: bool | str = True,
        patience_seconds: float = 300,
        adopted: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.database = database
        self.workgroup = workgroup
        self.source = source
        self.full = full
        self.fail_on_difference = fail_on_difference
        self.wanted = wanted
        self.patience_seconds = patience_seconds
        self.adopted = adopted

    def execute(self, context: Any) -> dict[str, Any]:
        if str(self.wanted) != "True":
            raise AirflowSkipException("Not wanted in this run.")
        compared = self._reconcile(context["run_id"])
        key = bucket_keys.document_of(bucket_keys.RECONCILE_RUNS, context["run_id"])
        waits = self._awaits_backfill(compared.found)
        report = {"run_id": context["run_id"], "at": datetime.now(UTC).isoformat(), **compared.found.report(), **waits}
        report["coverage"] = compared.report()
        self._raw_zone.put_json(key, report)
        self.written_uri = f"s3://{self.hops['bucket']}/{key}"
        self.log.info("%s\nReport: %s", as_text(report), self.written_uri)
        if str(self.fail_on_difference) == "True":
            require_no_differences(report, self.written_uri)
        return {"report": key, **counts_of(report), "coverage": in_words(report["coverage"]), **waits}

    def _awaits_backfill(self, found: Reconciliation) -> dict[str, bool]:
        """Return ``awaits_backfill`` when all that differs are items of an adopted table that may be older than its stream."""
        if not self.adopted or not is_only_missing(found.counts) or self._raw_zone.mended_until() is not None:
            return {}
        self.log.warning(awaited_backfill(found.counts["missing"]))
        return {"awaits_backfill": True}

    def _reconcile(self, run_id: str) -> Compared:
        connection, bucket = self._connection, self.hops["bucket"]
        curated = CuratedOrdersHook(
            database=self.database, workgroup=self.workgroup, render=self._sql, connection=connection, bucket=bucket
        )
        barrier = ChainBarrier(
            cache(lambda hook: hook(**connection)),
            self.hops,
            self.patience_seconds,
            self._stop,
            may_write=not self.adopted,
        )
        chain = DeliveryChain(barrier, self._raw_zone, curated)
        comparison = Comparison(
            self._orders, curated, chain, CoverageLedger(self._raw_zone),
            KeyLists(self._raw_zone, f"{bucket_keys.run_key(run_id)}-{uuid4().hex[:8]}"),
            run_id=run_id, full=str(self.full) == "True", is_export=self.source == "export",
        )  # fmt: skip
        return comparison.run(cutoff=datetime.now(UTC))

    @property
    def _orders(self) -> SourceOrdersHook:
        if self.source == "export":
            return ExportedOrdersHook(**self._hook_parameters, bucket=self.hops["bucket"])
        scanned: SourceOrdersHook = self.hook
        return scanned

    def _sql(self, name: str, params: Mapping[str, Any]) -> str:
        text: str = self.get_template_env().get_template(name).render(params=params)
        return text


def require_no_differences(report: Mapping[str, Any], uri: str) -> None:
    """Raise DifferencesFoundError when the report at ``uri`` counts any difference but items that await a backfill."""
    if (differing := sum(report["counts"].values())) and not report.get("awaits_backfill"):
        raise DifferencesFoundError(
            f"{differing} orders differ between DynamoDB and the curated table:\n{as_text(report)}\nThe whole list: {uri}. To repair "
            "them through the table's own stream, run the DAG sales_cdc_repair: it reads the latest report."
        )


def counts_of(report: Mapping[str, Any]) -> dict[str, int]:
    """Return the counts of a report by name."""
    names = ("source_items", "curated_items", "matching", "in_flight")
    return {name: int(report[name]) for name in names} | dict(report["counts"])


def as_text(report: Mapping[str, Any]) -> str:
    """Return the counts as a table, followed by the first orders of each finding."""
    counts = counts_of(report)
    lines = [as_table(list(counts), [[f"{count:,}" for count in counts.values()]])]
    if coverage := report.get("coverage"):
        oldest = coverage["oldest"]
        lines.append(f"Compared: {in_words(coverage)}. Every order was compared at {oldest[:19]} UTC or later.")
    for kind in ("missing", "extra"):
        lines += [f"{kind}: {order_id}" for order_id in report[kind][:MAX_SHOWN]]
    for each in report["stale"][:MAX_SHOWN]:
        fields = "; ".join(
            f"{name} is {values['source']!r}, curated {values['curated']!r}" for name, values in each["fields"].items()
        )
        lines.append(f"stale: {each['orderid']}: {fields}")
    return "\n".join(lines)


def in_words(coverage: Mapping[str, Any]) -> str:
    """Say what a comparison has read.

    >>> in_words({"reads_all": False, "parts": [3], "changed": 1200, "open": 0})
    'part 3 of 7, 1,200 changed orders'
    """
    if coverage["reads_all"]:
        return f"all orders, since {coverage['why']}"
    parts, still_open = coverage["parts"], coverage["open"]
    named = f"part{'s' if len(parts) > 1 else ''} {', '.join(map(str, parts))} of {PARTS}" if parts else ""
    changed = f"{coverage['changed']:,} changed orders"
    reopened = f"{still_open:,} that differed or were in flight" if still_open else ""
    return ", ".join(each for each in (named, changed, reopened) if each)
