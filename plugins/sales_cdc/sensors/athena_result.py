"""Waits for an Athena query and shows, or judges, its rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.providers.amazon.aws.sensors.athena import AthenaSensor
from airflow.providers.common.compat.sdk import AirflowFailException

SHOWN = 20


class CheckFailedError(AirflowFailException):
    """A check's query found rows that must not be there; the message shows them."""


class AthenaRowsSensor(AthenaSensor):
    """Wait for the query, then log its first rows as a table and return how many it logged."""

    def execute(self, context: Any) -> int:
        super().execute(context)
        header, rows = self._first_rows()
        self.log.info("%s rows%s:\n%s", len(rows), " shown" if len(rows) == SHOWN else "", as_table(header, rows))
        return len(rows)

    def _first_rows(self) -> tuple[list[str], list[list[str]]]:
        results = self.hook.get_conn().get_query_results(
            QueryExecutionId=self.query_execution_id, MaxResults=SHOWN + 1
        )["ResultSet"]
        lines = [[cell.get("VarCharValue", "") for cell in row["Data"]] for row in results["Rows"]]
        names = [column["Name"] for column in results["ResultSetMetadata"]["ColumnInfo"]]
        return names, lines[1:]  # a SELECT's first row repeats the column names


class NoRowsSensor(AthenaRowsSensor):
    """Wait for a check's query, which selects what must not be; fail when it found any.

    Args:
        finding: what a row means, in words: "orders that changed without having been inserted".

    Raises:
        CheckFailedError: the query returned rows.
    """

    def __init__(self, *, finding: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.finding = finding

    def execute(self, context: Any) -> int:
        super(AthenaRowsSensor, self).execute(context)
        header, rows = self._first_rows()
        if not rows:
            self.log.info("Passed: no %s.", self.finding)
            return 0
        raise CheckFailedError(
            f"The check '{self.task_id}' found {self.finding} (the first {len(rows)}):\n{as_table(header, rows)}\n"
            f"Athena query {self.query_execution_id}. Look these orders up in raw_orders; once mended, clear this task "
            "and its query to check again."
        )


def as_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Plain text columns, as wide as their widest value."""
    widths = [max(len(line[at]) for line in (header, *rows)) for at in range(len(header))]
    lines = [
        " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in (header, *rows)
    ]
    return "\n".join([lines[0], "-+-".join("-" * width for width in widths), *lines[1:]])
