"""Record what became of every change of the generate runs that a batch waits for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import AirflowFailException

from sales_cdc.aws.athena import QueryFailedError
from sales_cdc.aws.athena_sql import AthenaSqlHook
from sales_cdc.aws.dead_letters import DeadLetterHook, StreamPositionHook
from sales_cdc.aws.query_rows import as_table
from sales_cdc.aws.stream_position import Position
from sales_cdc.batch.accounting import Account, account, as_document, as_rows
from sales_cdc.batch.change_matching import Delivery, compare
from sales_cdc.contract import bucket_keys
from sales_cdc.contract.change_contract import SEQUENCE_NUMBER_DIGITS, stream_label
from sales_cdc.contract.declared import declared_contract
from sales_cdc.contract.lines import CLOCK_DIFFERENCE, FailedChange, Identity
from sales_cdc.contract.order_keys import KEYS
from sales_cdc.reconcile.raw_zone import RawZoneHook

SHOWN = 10


class UnaccountedChangesError(AirflowFailException):
    """Raised when written changes are neither in ``raw/`` nor under ``errors/`` nor in the dead-letter queue."""


class PipelineLedgerOperator(AwsBaseOperator[RawZoneHook]):
    """Account for every written change, and keep a row for each event type in ``pipeline_ledger``.

    The verdict reads what is unaccounted for from ``ledger/batch/<run>/account.json``. The operator accounts for the runs that the task ``wait_for_delivery`` confirmed; if it confirmed none, for all unconfirmed runs. A
    repeated run replaces its rows. The DAG's ``template_searchpath`` has to hold ``include/sql``. Use the trigger rule ``all_done``,
    so that the ledger has a row for failed runs too::

        PipelineLedgerOperator(task_id="record_ledger", hops=topology.hops, trigger_rule="all_done", database="sales_cdc",
                               workgroup="sales-cdc")

    Args:
        hops: the topology's ``hops``.
        database, workgroup: of Athena, by name.
        maintain: "true" packs the table's files, one a month, and forgets its old versions: each run adds a file and a version.

    Returns:
        By event type: ``written``, ``captured``, ``delivered``, ``failed``, ``dropped``, ``curated``.

    Raises:
        UnaccountedChangesError: changes are in none of the three places; the rows are written first.
        QueryFailedError, botocore.exceptions.ClientError: the changes could not be read, or the rows not written.
    """

    aws_hook_class = RawZoneHook
    template_fields = aws_template_fields("hops", "maintain")

    def __init__(
        self, *, hops: Mapping[str, str], database: str, workgroup: str, maintain: str = "false", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.maintain = maintain
        self.hops = hops
        self.database = database
        self.workgroup = workgroup

    @property
    def _hook_parameters(self) -> dict[str, Any]:
        return {**super()._hook_parameters, "bucket": self.hops["bucket"]}

    def execute(self, context: Any) -> dict[str, dict[str, int]]:
        run_id = context["run_id"]
        found = self._account(run_id, context["ti"].xcom_pull(task_ids="wait_for_delivery") or {})
        self._keep(run_id, found)
        self.hook.put_json(
            f"{bucket_keys.folder_of(bucket_keys.BATCH_RUNS, run_id)}account.json", as_document(run_id, found)
        )
        if self.maintain == "true":
            self._maintain()
        self.log.info("What became of the changes:\n%s", as_table(*as_rows(found)))
        if found.unaccounted:
            named = "\n".join(
                f"  {each.event_type:<6} {each.order_id}  (written by {each.run})" for each in found.unaccounted[:SHOWN]
            )
            raise UnaccountedChangesError(
                f"{len(found.unaccounted)} changes that were written are neither in raw/ nor under errors/ nor in the queue "
                f"'{self.hops['dead_letter_queue']}':\n{named}\nIf they are in flight, clear this task later. If not, run the DAG "
                "sales_cdc_reconcile: it names the orders that the curated table lacks, and sales_cdc_repair repairs them."
            )
        counts = ("written", "captured", "delivered", "failed", "dropped", "curated")
        return {entry.event_type: {name: getattr(entry, name) for name in counts} for entry in found.entries}

    def _account(self, run_id: str, confirmed: Mapping[str, Any]) -> Account:
        lake, now = self.hook, datetime.now(UTC)
        names = confirmed.get("runs")
        runs = {name: lake.summary(name) for name in names} if names else lake.ever_written()[0]
        if not runs:
            return account([], Delivery(), [], [], set(), now)
        written = [change for name, run in runs.items() for change in lake.written(name, run["started_at"])]
        since = min(datetime.fromisoformat(run["started_at"]) for run in runs.values())
        delivery = compare(written, lake.arrivals(since))
        failed = lake.failures(since) if delivery.missing else []
        dropped = list(self._dropped()) if delivery.missing else []
        curated_at = lake.stored_at(bucket_keys.document_of(bucket_keys.CURATE_RUNS, run_id)) or now
        return account(written, delivery, failed, dropped, self._curated(since), curated_at)

    def _curated(self, since: datetime) -> set[Identity]:
        """Return the identities of curated changes; none when nothing was ever curated."""
        if not self._sql.exists(declared_contract().table("changes")):
            return set()
        rows = self._sql.rows(self._sql.start("ledger/curated_since.sql", since=_sql_time(since - CLOCK_DIFFERENCE)))
        return {(KEYS.of_texts(row), row[-2] or "", row[-1]) for row in rows}

    def _dropped(self) -> Iterator[FailedChange]:
        """Yield the stream's records at the positions in the dead-letter queue, and leave the messages there."""
        parameters = super()._hook_parameters
        queue, stream = (
            DeadLetterHook(**parameters, queue=self.hops["dead_letter_queue"]),
            StreamPositionHook(**parameters),
        )
        letters = list(queue.letters())
        try:
            for letter in letters:
                position = Position.from_message(letter.body)
                for record in stream.read(position):
                    change = record["dynamodb"]
                    number = change["SequenceNumber"].zfill(SEQUENCE_NUMBER_DIGITS)
                    order_id = KEYS.of_item(change["Keys"])
                    label = stream_label(record.get("eventSourceARN")) or ""
                    yield FailedChange(order_id, record["eventName"], number, position.reason, position.name, label)
        finally:
            for letter in letters:
                queue.release(letter)

    @cached_property
    def _sql(self) -> AthenaSqlHook:
        def render(file: str, params: Mapping[str, Any]) -> str:
            text: str = self.get_template_env().get_template(file).render(params=params)
            return text

        return AthenaSqlHook(
            database=self.database, workgroup=self.workgroup, render=render, connection=super()._hook_parameters
        )

    def _keep(self, run_id: str, found: Account) -> None:
        self._sql.run("ledger/create.sql", bucket=self.hops["bucket"])
        self._sql.run("ledger/forget_run.sql", run_id=run_id)
        run_at = _sql_time(datetime.now(UTC))
        self._sql.run("ledger/record_run.sql", run_id=run_id, run_at=run_at, entries=found.entries)

    def _maintain(self) -> None:
        """Pack and expire; where Athena wants further runs for all of it, the next maintenance goes on.

        Source: https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-data-optimization.html
        """
        for file in ("ledger/pack.sql", "ledger/expire.sql"):
            try:
                self._sql.run(file)
            except QueryFailedError as error:
                if "MORE_RUNS_NEEDED" not in error.reason:
                    raise
                self.log.info("%s: %s", file, error.reason)


def _sql_time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"
