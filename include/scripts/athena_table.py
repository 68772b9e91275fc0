"""Ask Athena from the terminal: run one statement, fetch its rows, draw them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import boto3
from botocore.exceptions import ClientError
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sales_cdc.aws.athena import Athena, Execution, Policy, QueryFailedError
from sales_cdc.aws.errors import refusal_of
from sales_cdc.aws.query_rows import QueryRows
from sales_cdc.deployment import endpoint_guard
from sales_cdc.deployment.settings import Settings

POLICY = Policy(patience_seconds=math.inf, max_pause_seconds=2.0)  # who asks can interrupt
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

    @classmethod
    def of(cls, found: QueryRows, execution: Execution) -> Rows:
        rows = [_cells(row, len(found.columns)) for row in found.rows]
        is_counted = found.changed_rows or execution.statement_type in COUNTED
        return cls(found.columns, rows, execution.scanned_bytes, found.changed_rows if is_counted else None)

    def as_dicts(self) -> list[dict[str, str | None]]:
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


class AthenaTerminal:
    """The pipeline's work group and database, as the settings name them."""

    def __init__(self, settings: Settings) -> None:
        endpoint_guard.install(settings)
        client = boto3.client("athena", region_name=settings.region, endpoint_url=settings.local_endpoint)
        database = settings.prefix.replace("-", "_")
        self._athena = Athena(client, workgroup=settings.prefix, database=database, policy=POLICY)
        self._where = f"Athena at {settings.local_endpoint or settings.region} (work group '{settings.prefix}')"

    def query(self, sql: str) -> Rows:
        """Run one statement and fetch all of its rows.

        Raises:
            QueryError: Athena refused the statement, it failed, or it was cancelled.
            botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: Athena was not reached, or not allowed.
        """
        query = self._start(sql)
        try:
            execution = self._athena.wait(query)
        except QueryFailedError as error:
            raise QueryError(self._where, "did not carry out the statement", error.reason) from error
        return Rows.of(self._athena.all_rows(query), execution)

    def _start(self, sql: str) -> str:
        try:
            return self._athena.start(sql)
        except ClientError as error:
            raise QueryError(self._where, "did not accept the statement", refusal_of(error).message) from error


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
