"""Athena from the terminal: run one statement, fetch its rows, draw them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sales_cdc.deployment import endpoint_guard
from sales_cdc.deployment.settings import Settings

FINAL_STATES = {"SUCCEEDED", "FAILED", "CANCELLED"}
COUNTED = {"INSERT", "UPDATE", "CREATE_TABLE_AS_SELECT"}  # of the others Athena promises no count


class QueryError(Exception):
    """Athena refused the statement, or could not carry it out; the message says where, and has Athena's own reason.

    Attributes:
        reason: Athena's own words alone.
    """

    def __init__(self, where: str, refusal: str, reason: str) -> None:
        super().__init__(f"{where} {refusal}: {reason}")
        self.reason = reason


@dataclass(frozen=True)
class Rows:
    """Column names (none of a statement that only does something), rows of text (None for NULL), and the bytes scanned.

    ``changed_rows`` is None where Athena counts none.
    """

    columns: list[str]
    rows: list[list[str | None]]
    scanned_bytes: int
    changed_rows: int | None = None

    def as_dicts(self) -> list[dict[str, str | None]]:
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


class Athena:
    """The pipeline's work group and database, as the settings name them."""

    def __init__(self, settings: Settings) -> None:
        endpoint_guard.install(settings)
        self._client = boto3.client("athena", region_name=settings.region, endpoint_url=settings.local_endpoint)
        self._workgroup = settings.prefix
        self._database = settings.prefix.replace("-", "_")
        self._where = f"Athena at {settings.local_endpoint or settings.region} (work group '{settings.prefix}')"

    def query(self, sql: str) -> Rows:
        """Run one statement and fetch all of its rows.

        Raises:
            QueryError: Athena refused the statement, it failed, or it was cancelled.
            botocore.exceptions.BotoCoreError: Athena cannot be reached.
        """
        started = self._start(sql)
        execution = self._await(started)
        status, statistics = execution["Status"], execution.get("Statistics", {})
        if status["State"] != "SUCCEEDED":
            raise QueryError(
                self._where, "did not carry out the statement", status.get("StateChangeReason", status["State"])
            )
        columns, rows, updated = self._results(started)
        counted = updated or execution.get("SubstatementType") in COUNTED
        return Rows(columns, rows, statistics.get("DataScannedInBytes", 0), updated if counted else None)

    def _start(self, sql: str) -> str:
        try:
            started: str = self._client.start_query_execution(
                QueryString=sql, WorkGroup=self._workgroup, QueryExecutionContext={"Database": self._database}
            )["QueryExecutionId"]
        except ClientError as error:
            raise QueryError(self._where, "did not accept the statement", error.response["Error"]["Message"]) from error
        return started

    def _await(self, execution_id: str) -> dict[str, Any]:
        delay_seconds = 0.05
        while True:
            execution: dict[str, Any] = self._client.get_query_execution(QueryExecutionId=execution_id)[
                "QueryExecution"
            ]
            if execution["Status"]["State"] in FINAL_STATES:
                return execution
            time.sleep(delay_seconds)
            delay_seconds = min(delay_seconds * 1.5, 2.0)

    def _results(self, execution_id: str) -> tuple[list[str], list[list[str | None]], int]:
        """Columns, rows, and how many rows the statement changed."""
        columns: list[str] = []
        lines: list[list[str | None]] = []
        changed_rows = 0
        for page in self._client.get_paginator("get_query_results").paginate(QueryExecutionId=execution_id):
            result = page["ResultSet"]
            columns = [column["Name"] for column in result["ResultSetMetadata"]["ColumnInfo"]]
            changed_rows = page.get("UpdateCount", 0)
            lines += [[cell.get("VarCharValue") for cell in row["Data"]] for row in result["Rows"]]
        rows = lines[1:] if lines[:1] == [columns] else lines
        return columns, [_cells(row, len(columns)) for row in rows], changed_rows


def _cells(row: list[str | None], width: int) -> list[str | None]:
    """As many cells as there are columns. DESCRIBE puts a row into one cell, with tabs between; other DDL leaves cells out."""
    if len(row) == 1 < width and row[0]:
        row = [cell.strip() for cell in row[0].split("\t")]
    return (row + [None] * width)[:width]


def draw(found: Rows, *, title: str = "", most: int = 50) -> Table:
    """The first ``most`` rows as a table."""
    table = Table(
        title=title or None, title_justify="left", title_style="bold", header_style="bold cyan", box=SIMPLE_HEAD
    )
    table.show_edge, table.collapse_padding = False, True
    for at, name in enumerate(found.columns):
        numeric = bool(found.rows) and all(_is_number(row[at]) for row in found.rows)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold", no_wrap=True)
    for row in found.rows[:most]:
        table.add_row(*("[dim]null[/]" if cell is None else escape(cell) for cell in row))
    if len(found.rows) > most:
        table.caption = f"… and {len(found.rows) - most} more rows"
    return table


def draw_to_fit(found: Rows, console: Console) -> Table:
    """A table where it fits the terminal; else a record a row, each column on a line of its own."""
    table = draw(found)
    if console.measure(table, options=console.options.update(width=10_000)).maximum <= console.width:
        return table
    records = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    records.add_column()
    records.add_column(overflow="fold")
    for number, row in enumerate(found.rows[:50], start=1):
        records.add_row(f"[bold]row {number}[/]", "")
        for name, cell in zip(found.columns, row, strict=True):
            records.add_row(f"[cyan]{escape(name)}[/]", "[dim]null[/]" if cell is None else escape(cell))
    return records


def _is_number(text: str | None) -> bool:
    return text is None or text.replace(".", "", 1).replace("-", "", 1).isdigit()
