"""Ask Athena: start a statement, wait for its end, and read its rows, through any client of boto3.

Pure: no Airflow, so that terminal and page ask as tasks do.
"""

from __future__ import annotations

import csv
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from sales_cdc.aws.errors import Kind, refusal_of
from sales_cdc.aws.query_rows import QueryRows

MAX_ROWS = 999
"""Of one call; its first row repeats the columns' names."""
ENDED = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})


class QueryFailedError(Exception):
    """Athena did not carry out a query.

    Attributes:
        query: the id of its execution.
        state: how it ended: ``FAILED`` or ``CANCELLED``.
        reason: Athena's own words alone.
    """

    def __init__(self, query: str, state: str, reason: str, *, place: str = "") -> None:
        super().__init__(
            f"The Athena query {query}{place} ended as {state}: {reason}. Mend what it names, and run again."
        )
        self.query, self.state, self.reason = query, state, reason


@dataclass(frozen=True)
class Policy:
    """How patient a client is, and how much it reads.

    Attributes:
        patience_seconds: a query that takes longer is stopped; ``math.inf`` waits for ever.
        first_pause_seconds, max_pause_seconds: between two looks; each pause is half as long again as the one before.
        max_rows: how many rows ``first_rows`` reads, at most ``MAX_ROWS``.
    """

    patience_seconds: float = 30 * 60
    first_pause_seconds: float = 0.05
    max_pause_seconds: float = 1.0
    max_rows: int = MAX_ROWS


@dataclass(frozen=True)
class Execution:
    """A query as Athena knows it; ``ended_at`` is None before its end, ``statement_type`` "" where Athena names none."""

    query: str
    sql: str
    state: str
    reason: str = ""
    output: str = ""
    scanned_bytes: int = 0
    ended_at: datetime | None = None
    statement_type: str = ""

    @classmethod
    def of(cls, query: str, found: Mapping[str, Any]) -> Execution:
        status = found["Status"]
        return cls(
            query,
            found.get("Query", ""),
            status["State"],
            status.get("StateChangeReason", ""),
            found.get("ResultConfiguration", {}).get("OutputLocation", ""),
            int(found.get("Statistics", {}).get("DataScannedInBytes", 0)),
            status.get("CompletionDateTime"),
            found.get("SubstatementType", ""),
        )


class Athena:
    """One work group and database of Athena.

    Example::

        athena = Athena(boto3.client("athena"), workgroup="sales-cdc", database="sales_cdc")
        query = athena.start("SELECT count(*) FROM orders WHERE product_name = ?", ["laptop"])
        athena.wait(query)
        athena.first_rows(query).rows

    Args:
        client: of boto3; those who only read queries that others started need no ``workgroup`` and ``database``.
        policy: its patience and sizes.

    Sources: https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html,
    https://docs.aws.amazon.com/athena/latest/APIReference/API_GetQueryResults.html,
    https://docs.aws.amazon.com/athena/latest/ug/querying.html
    """

    def __init__(
        self, client: Any, *, workgroup: str = "primary", database: str = "default", policy: Policy = Policy()
    ) -> None:
        self._client = client
        self._workgroup = workgroup
        self._database = database
        self._policy = policy

    def start(self, sql: str, values: Sequence[str] = ()) -> str:
        """Start a statement and return the id of its execution; ``values`` are the texts for its question marks.

        Raises:
            botocore.exceptions.ClientError: Athena does not accept the statement.
        """
        parameters = {"ExecutionParameters": [literal(value) for value in values]} if values else {}
        started: str = self._client.start_query_execution(
            QueryString=sql,
            WorkGroup=self._workgroup,
            QueryExecutionContext={"Database": self._database},
            **parameters,
        )["QueryExecutionId"]
        return started

    def stop(self, query: str) -> None:
        self._client.stop_query_execution(QueryExecutionId=query)

    def execution(self, query: str) -> Execution:
        """Look at a query."""
        return Execution.of(query, self._client.get_query_execution(QueryExecutionId=query)["QueryExecution"])

    def wait(self, query: str) -> Execution:
        """Wait for a query's success; a refusal to look that passes is waited out.

        Raises:
            QueryFailedError: it failed, was cancelled, or took longer than the policy's patience and was stopped.
        """
        policy = self._policy
        deadline, pause_seconds = time.monotonic() + policy.patience_seconds, policy.first_pause_seconds
        while True:
            seen = self._seen(query)
            if seen is not None and seen.state in ENDED:
                return self._succeeded(seen)
            if time.monotonic() > deadline:
                self.stop(query)
                reason = f"The query took more than {policy.patience_seconds:.0f} s and was stopped"
                raise QueryFailedError(query, "CANCELLED", reason, place=self._place)
            time.sleep(pause_seconds)
            pause_seconds = min(pause_seconds * 1.5, policy.max_pause_seconds)

    def run(self, sql: str, values: Sequence[str] = ()) -> Execution:
        """Start a statement and wait for its success.

        Raises:
            QueryFailedError: as for ``wait``.
        """
        return self.wait(self.start(sql, values))

    def first_rows(self, query: str, max_rows: int | None = None) -> QueryRows:
        """Read the first rows of a query that has succeeded, in one call; at most ``max_rows``, or the policy's."""
        limit = self._policy.max_rows if max_rows is None else max_rows
        return _rows([self._client.get_query_results(QueryExecutionId=query, MaxResults=limit + 1)])

    def all_rows(self, query: str) -> QueryRows:
        """Read every row of a query that has succeeded into memory, a thousand a call."""
        pages = self._client.get_paginator("get_query_results").paginate(QueryExecutionId=query)
        return _rows(list(pages))

    def streamed_rows(self, query: str, s3: Any) -> Iterator[list[str]]:
        """Wait for a query, and read its rows from the result object, which is held on disk; NULL is the empty text.

        Args:
            s3: a client of boto3 that may read the object.

        Raises:
            QueryFailedError: as for ``wait``.
        """
        place = urlsplit(self.wait(query).output)
        with tempfile.TemporaryFile("w+b") as file:
            s3.download_fileobj(place.netloc, place.path.lstrip("/"), file)
            file.seek(0)
            with open(file.fileno(), encoding="utf-8", newline="", closefd=False) as text:
                rows = csv.reader(text)
                next(rows)
                yield from rows

    def answered(self, query: str, statements: Sequence[str]) -> tuple[Execution, QueryRows] | None:
        """Read the first rows of an earlier query with one of these statements; nothing runs, nothing is scanned.

        None when it is another statement's, did not succeed, or Athena does not know it or its rows any more.
        """
        try:
            found = self.execution(query)
            is_same = found.sql.strip() in {each.strip() for each in statements}
            return (found, self.first_rows(query)) if is_same and found.state == "SUCCEEDED" else None
        except ClientError as error:
            if refusal_of(error).code == "InvalidRequestException":
                return None
            raise

    def _seen(self, query: str) -> Execution | None:
        try:
            return self.execution(query)
        except ClientError as error:
            if refusal_of(error).kind is not Kind.PASSING:
                raise
            return None

    def _succeeded(self, execution: Execution) -> Execution:
        if execution.state != "SUCCEEDED":
            reason = execution.reason or "no reason given"
            raise QueryFailedError(execution.query, execution.state, reason, place=self._place)
        return execution

    @property
    def _place(self) -> str:
        return f" on the tables of '{self._database}' in the work group '{self._workgroup}'"


def literal(text: str) -> str:
    """Write a text as Athena takes it for a parameter."""
    return "'" + text.replace("'", "''") + "'"


def _rows(pages: Sequence[Mapping[str, Any]]) -> QueryRows:
    """The rows of a query's pages, without the header that a SELECT's first page begins with."""
    described = pages[-1]["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    columns = [column["Name"] for column in described]
    lines = [[cell.get("VarCharValue") for cell in row["Data"]] for page in pages for row in page["ResultSet"]["Rows"]]
    rows = lines[1:] if lines[:1] == [columns] else lines
    changed_rows = pages[-1].get("UpdateCount", 0)
    return QueryRows(columns, [column["Type"] for column in described], rows, changed_rows=changed_rows)
