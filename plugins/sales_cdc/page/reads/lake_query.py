"""Asks Athena for a page: one of the project's statements, values as parameters, rows and time bounded."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import jinja2
from botocore.exceptions import ClientError
from jinja2.sandbox import SandboxedEnvironment

from sales_cdc.deployment.process import include_folder
from sales_cdc.page.reads.clients import PageClients

SQL = include_folder() / "sql"
MAX_ROWS = 999  # with the header, one page of results
PATIENCE_SECONDS = 120.0
FINAL_STATES = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})


class QueryFailedError(Exception):
    """Athena did not answer with rows; the message is its reason."""


@dataclass(frozen=True)
class Rows:
    """Column names, their Athena types, rows of text (None for NULL); the statement, the bytes that it scanned, when it ended, its id."""

    columns: list[str]
    types: list[str]
    rows: list[list[str | None]]
    sql: str = ""
    scanned_bytes: int = 0
    asked_at: datetime | None = None
    query: str = ""

    def as_dicts(self) -> list[dict[str, str | None]]:
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


class LakeQuery:
    """The statements under ``include/sql``, in the deployment's work group.

    Source: Amazon Athena API Reference, *StartQueryExecution*, *GetQueryExecution*, *GetQueryResults*; User Guide,
    *Use parameterized queries*.
    """

    def __init__(self, clients: PageClients) -> None:
        self._clients = clients
        self._statements = SandboxedEnvironment(
            loader=jinja2.FileSystemLoader(SQL), undefined=jinja2.StrictUndefined, autoescape=False
        )

    def ask(self, file: str, params: Mapping[str, str], values: Sequence[str] = ()) -> Rows:
        """The rows of one file; ``params`` name identifiers and days, ``values`` stand for its question marks.

        Raises:
            QueryFailedError: the statement failed, was cancelled, or took longer than two minutes.
        """
        topology = self._clients.topology()
        sql = self._statement(file, params)
        parameters = {"ExecutionParameters": [literal(value) for value in values]} if values else {}
        execution = self._athena.start_query_execution(
            QueryString=sql,
            WorkGroup=topology.workgroup.name,
            QueryExecutionContext={"Database": topology.database.name},
            **parameters,
        )["QueryExecutionId"]
        return self._rows(self._ended(execution), sql)

    def answered(self, execution: str, file: str, choices: Iterable[Mapping[str, str]]) -> Rows | None:
        """The rows of an earlier execution: nothing runs, nothing is scanned.

        None when Athena does not know it any more, its result is gone, or it is not the file's statement with one of the
        ``choices`` of parameters.
        """
        try:
            found = self._athena.get_query_execution(QueryExecutionId=execution)["QueryExecution"]
            statements = [self._statement(file, params) for params in choices]
            sql = next((each for each in statements if each.strip() == found["Query"].strip()), None)
            return self._rows(found, sql) if sql is not None and found["Status"]["State"] == "SUCCEEDED" else None
        except ClientError as error:
            if error.response["Error"]["Code"] == "InvalidRequestException":
                return None
            raise

    def _statement(self, file: str, params: Mapping[str, str]) -> str:
        database = self._clients.topology().database.name
        return self._statements.get_template(file).render(params={"database": database, **params})

    def _ended(self, execution: str) -> dict[str, Any]:
        """The execution once it has succeeded."""
        deadline, delay_seconds = time.monotonic() + PATIENCE_SECONDS, 0.05
        while True:
            found: dict[str, Any] = self._athena.get_query_execution(QueryExecutionId=execution)["QueryExecution"]
            state = found["Status"]["State"]
            if state == "SUCCEEDED":
                return found
            if state in FINAL_STATES:
                raise QueryFailedError(found["Status"].get("StateChangeReason", state))
            if time.monotonic() > deadline:
                self._athena.stop_query_execution(QueryExecutionId=execution)
                raise QueryFailedError(f"The query took more than {PATIENCE_SECONDS:.0f} s and was stopped.")
            time.sleep(delay_seconds)
            delay_seconds = min(delay_seconds * 1.5, 1.0)

    def _rows(self, execution: Mapping[str, Any], sql: str) -> Rows:
        query = execution["QueryExecutionId"]
        result = self._athena.get_query_results(QueryExecutionId=query, MaxResults=MAX_ROWS + 1)["ResultSet"]
        columns = result["ResultSetMetadata"]["ColumnInfo"]
        lines = [[cell.get("VarCharValue") for cell in row["Data"]] for row in result["Rows"]]
        names = [column["Name"] for column in columns]
        scanned = int(execution.get("Statistics", {}).get("DataScannedInBytes", 0))
        ended_at = execution["Status"].get("CompletionDateTime")
        return Rows(names, [column["Type"] for column in columns], lines[1:], sql, scanned, ended_at, query)

    @property
    def _athena(self) -> Any:
        return self._clients.client("athena")


def literal(text: str) -> str:
    """A text as Athena takes it for a parameter."""
    return "'" + text.replace("'", "''") + "'"
