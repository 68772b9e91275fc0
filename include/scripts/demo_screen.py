"""Print the demo's last screen: the selects before and after, one order's history, insights, and the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from athena_table import Rows, draw
from rich.console import Console
from rich.table import Table

SHOWN_COLUMNS = ["orderid", "quantity", "price", "event_type", "changes"]
SHOWN_ROWS = 4
INSIGHTS = ("revenue_by_product_and_day", "cancellation_rate")
NEXT = """Where to look next
  make query SQL="SELECT * FROM orders WHERE product_name='laptop'"     orders_history has every version
  make status                                          whether the tables can be trusted, since when, why, what to do
  make generate                                        more changes; then: make batch
  make ui                                              the DAGs, and the page Sales CDC, in Airflow
  make drill                                           the same pipeline under every fault
  make down                                            stop the local cloud; make clean also deletes .local/"""


class Screen:
    """The last screen of one run; ``report`` is the content of ``report.json``."""

    def __init__(self, console: Console, report: dict[str, Any]) -> None:
        self._console = console
        self._report = report

    @property
    def exact(self) -> bool:
        return not any(self._report[name] for name in ("lost", "failed", "duplicates_in_curated"))

    def selects(self, statements: Sequence[str], before: Sequence[Rows], after: Sequence[Rows]) -> None:
        self._console.rule("[bold]The same selects, before and after the changes")
        for sql, old, new in zip(statements, before, after, strict=True):
            fresh = Rows(new.columns, [row for row in new.rows if row not in old.rows], 0)
            self._console.print(f"\n[bold]{sql}[/]")
            self._beside(
                draw(_short(old), title=f"before: {_rows(len(old.rows))}", most=SHOWN_ROWS),
                draw(_short(fresh), title=f"after: {_rows(len(new.rows))}; new:", most=SHOWN_ROWS),
            )

    def life(self, order_id: str, versions: Rows, removal: Rows) -> None:
        self._console.rule(f"[bold]The history of order {order_id[:7]}, from orders_history")
        shown = [name for name in versions.columns if name != "product_name"]
        lines = [
            [_time(cell) for name, cell in zip(versions.columns, row, strict=True) if name in shown]
            for row in versions.rows
        ]
        self._console.print(draw(Rows(shown, lines, 0), title=f"{versions.rows[0][1]}:"))
        self._console.print(f"Deleted at {_time(removal.rows[0][0])}: the view [bold]orders[/] no longer has it.")

    def time_travel(self, before: Rows, after: Rows) -> None:
        self._console.rule("[bold]Current orders, by time travel on orders_current")
        self._beside(draw(before, title="before the changes:"), draw(after, title="now:"))

    def insights(self, insights: Sequence[dict[str, Any]]) -> None:
        self._console.rule("[bold]Insights")
        for each in insights:
            if each["name"] in INSIGHTS:
                rows = [[None if cell is None else str(cell) for cell in row] for row in each["rows"]]
                self._console.print(draw(Rows(each["columns"], rows, 0), title=each["question"], most=SHOWN_ROWS))

    def ledger(self, path: Path) -> None:
        report = self._report
        self._console.rule("[bold]The ledger")
        self._console.print(_ledger(report))
        self._console.print(
            f"failed {report['failed']}, lost {report['lost']}, duplicates in raw {report['duplicates_in_raw']}, "
            f"duplicates in curated {report['duplicates_in_curated']}"
        )
        self._console.print(
            "[bold green]Nothing lost, nothing failed, nothing duplicated.[/]"
            if self.exact
            else "[bold red]Not exact: see the ledger.[/]"
        )
        lag = report["lag_seconds"]
        self._console.print(f"From commit to S3: p50 {lag['p50']} s, p99 {lag['p99']} s, at most {lag['max']} s.")
        self._console.print(f"It took {report['seconds']['total']:.0f} s. The report: {path}\n")
        self._console.print(NEXT, markup=False, soft_wrap=True)

    def _beside(self, *tables: Table) -> None:
        columns = Table.grid()
        columns.add_row(*tables)
        self._console.print(columns)


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"


def _short(rows: Rows) -> Rows:
    """Keep the columns of ``SHOWN_COLUMNS``, and shorten the orders' keys."""
    kept = [at for at, name in enumerate(rows.columns) if name in SHOWN_COLUMNS]
    names = [rows.columns[at] for at in kept]
    lines = [[_cut(rows.columns[at], row[at]) for at in kept] for row in rows.rows]
    return Rows(names, lines, rows.scanned_bytes)


def _cut(column: str, text: str | None) -> str | None:
    return text[:7] if column == "orderid" and text else text


def _time(text: str | None) -> str | None:
    """Return a timestamp without its date and empty fraction; any other text stays as it is."""
    if text and len(text) > 18 and text[4] == text[7] == "-" and text[10] == " ":
        return text[11:].removesuffix(".000000").removesuffix(".000")
    return text


def _ledger(report: dict[str, Any]) -> Table:
    table = Table(header_style="bold cyan")
    table.add_column("event type")
    for name in ("written", "delivered", "missing"):
        table.add_column(name, justify="right")
    for kind, written in report["written"].items():
        delivered = report["delivered"][kind]
        table.add_row(kind, str(written), str(delivered), str(written - delivered))
    return table
