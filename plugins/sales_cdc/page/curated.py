"""Find the table to query, and the answers that the last batch already has from Athena."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import Any

from sales_cdc.contract.declared import declared_contract
from sales_cdc.deployment.topology import Topology
from sales_cdc.page.reader import Reader
from sales_cdc.page.reads.lake_query import Rows
from sales_cdc.page.trouble import NothingYetError
from sales_cdc.page.views.reports import query_of, run_of
from sales_cdc.verdict.reading import BATCH_REPORTS

CHANGE_LOG = declared_contract().table("changes")
CURRENT_STATE = declared_contract().table("current")
RUN_BATCH = "Trigger the DAG sales_cdc_batch."
INSIGHT_DAYS = 30


@dataclass(frozen=True)
class QueryAnswer:
    """An answer of Athena; ``run_id`` is the batch that asked, or "" when the page asked."""

    rows: Rows
    run_id: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return when Athena was asked, and by which run."""
        at = self.rows.asked_at
        return {"asked_at": at.astimezone(UTC).isoformat() if at else None, "run_id": self.run_id}


def changes_table(reader: Reader) -> str:
    """Return the name of the curated change log, or of the crawled raw table before there is one.

    Raises:
        NothingYetError: there is neither.
    """
    names = reader.tables()
    for table in (CHANGE_LOG, Topology.RAW_TABLE):
        if table in names:
            return table
    raise NothingYetError("There is no table of changes", f"{RUN_BATCH} Its crawl and its job make the tables.")


def ask_insight(reader: Reader, name: str) -> QueryAnswer:
    """Ask Athena an insight now, over the last thirty days with today as the last.

    Raises:
        NothingYetError: there are no curated tables.
    """
    if not {CHANGE_LOG, CURRENT_STATE} <= set(reader.tables()):
        raise NothingYetError(
            "The curated tables are not there", f"{RUN_BATCH} Its Glue job makes the tables that this asks."
        )
    return QueryAnswer(reader.ask(f"insights/{name}.sql", _thirty_days_until(reader.now().date())))


def answer_of_last_batch(reader: Reader, name: str) -> QueryAnswer | None:
    """Return the answer that the last batch got to an insight; None when Athena no longer has it."""
    found = reader.newest_report(*BATCH_REPORTS)
    if found is None:
        return None
    execution, day = query_of(found, name), found.at.date()
    choices = (_thirty_days_until(day), _thirty_days_until(day - timedelta(days=1)))  # a run may end after midnight
    rows = reader.answered(execution, f"insights/{name}.sql", choices) if execution else None
    return QueryAnswer(rows, run_of(found)) if rows else None


def _thirty_days_until(day: date) -> Mapping[str, str]:
    return {"from_day": str(day - timedelta(days=INSIGHT_DAYS)), "until_day": str(day + timedelta(days=1))}
