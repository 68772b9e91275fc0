"""Read everything that the page shows of a deployment, behind a protocol that tests can replace."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from sales_cdc.contract.order_keys import KEYS
from sales_cdc.deployment.settings import Settings
from sales_cdc.page.reads.airflow_runs import DagRuns, batch_runs, recent_runs
from sales_cdc.page.reads.lake_query import LakeQuery, Rows
from sales_cdc.page.reads.metric_history import MetricHistory
from sales_cdc.page.reads.row_counts import Extent, RowCounts
from sales_cdc.page.views.span import Span
from sales_cdc.verdict.acknowledgements import Acknowledgements
from sales_cdc.verdict.evidence import BatchRuns
from sales_cdc.verdict.lake_reader import Report, Tail
from sales_cdc.verdict.matters import Acknowledgement
from sales_cdc.verdict.observation import Observation, Series, table_names
from sales_cdc.verdict.sources import DeploymentSources


class Reader(Protocol):
    """Reads a deployment and changes nothing; every method may raise an error of botocore."""

    def warm(self) -> None:
        """Prepare for the first request."""

    def now(self) -> datetime:
        """Return the time, in UTC."""

    def observe(self) -> Observation:
        """Return what AWS says of every resource, and their metrics."""

    def history(self, span: Span) -> dict[str, Series]:
        """Return what CloudWatch has of a span: each metric's points, oldest first."""

    def tables(self) -> list[str]:
        """Return the names of the database's tables and views."""

    def ask(self, file: str, params: Mapping[str, Any], values: Sequence[str] = ()) -> Rows:
        """Return the rows of one file under ``include/sql``; ``values`` replace its question marks."""

    def count(self, table: str) -> int | None:
        """Return how many rows a curated table holds; None when there is no such table."""

    def extent(self, table: str) -> Extent | None:
        """Return how many rows and bytes a curated table holds; None when there is no such table."""

    def answered(self, execution: str, file: str, choices: Iterable[Mapping[str, Any]]) -> Rows | None:
        """Return the rows of an earlier execution of a file's statement; None when Athena no longer has them."""

    def newest_report(self, prefix: str, suffix: str = ".json") -> Report | None:
        """Return the newest report under the prefix; None when there is none."""

    def newest_changes(self) -> Tail:
        """Return the newest change events in the raw zone."""

    def failed_records(self, skip: int = 0) -> Tail:
        """Return the newest failed records in the error zone, after the first ``skip`` objects."""

    def item(self, order_id: str) -> Mapping[str, Any] | None:
        """Return an order as DynamoDB has it now, in its typed form; None when there is none."""

    def acknowledgements(self) -> list[Acknowledgement]:
        """Return the newest acknowledgement of each open matter."""

    def acknowledge(self, found: Acknowledgement) -> None:
        """Keep an acknowledgement."""

    def dag_runs(self) -> list[DagRuns]:
        """Return the DAGs with their newest runs."""

    def batch_runs(self) -> BatchRuns | None:
        """Return what Airflow's database says of the batch; None when it cannot be asked."""


class DeploymentReader(DeploymentSources):
    """Reads the deployment of the settings, through the same connection and endpoint guard as its DAGs."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        query = LakeQuery(self.clients)
        self.ask, self.answered = query.ask, query.answered
        counts = RowCounts(self.clients)
        self.count, self.extent = counts.count, counts.extent
        self.acknowledge: Callable[[Acknowledgement], None] = Acknowledgements(self.clients).keep
        self.history = MetricHistory(self.clients).read
        self.dag_runs: Callable[[], list[DagRuns]] = recent_runs
        self.batch_runs: Callable[[], BatchRuns | None] = batch_runs

    def warm(self) -> None:
        """Make the clients and let them connect."""
        self.clients.warm()
        self.observe()

    def item(self, order_id: str) -> Mapping[str, Any] | None:
        """Return the item of an order, read consistently; None when there is none."""
        table = self.clients.topology().table.name
        asked = {table: {"Keys": [KEYS.typed(order_id)], "ConsistentRead": True}}
        found = self.clients.client("dynamodb").batch_get_item(RequestItems=asked)
        return next(iter(found["Responses"].get(table, [])), None)

    def tables(self) -> list[str]:
        """Return the names of the database's tables: none when there is no database."""
        glue = self.clients.client("glue")
        try:
            return table_names(glue, self.clients.topology().database.name)
        except glue.exceptions.EntityNotFoundException:
            return []
