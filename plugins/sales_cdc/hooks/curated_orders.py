"""The curated tables, read through Athena."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from airflow.providers.amazon.aws.hooks.athena import AthenaHook
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.common.compat.sdk import AirflowException
from botocore.exceptions import ClientError

from sales_cdc.curated_form import KEY, METADATA
from sales_cdc.reconciliation import Version

CATALOG = "AwsDataCatalog"
STATEMENT_BYTES = 200_000  # of the 262,144 that Athena takes
LONGEST_QUERY_SECONDS = 30 * 60
POLL_SECONDS = 0.5

Render = Callable[[str, Mapping[str, Any]], str]


class CuratedReadError(AirflowException):
    """A curated table is missing or could not be read; the message says which query failed and why."""


class CuratedOrdersHook(AthenaHook):
    """One database's curated tables.

    Args:
        database, workgroup: by name.
        render: gives the text of a file under ``include/sql/`` with its ``params``.
        connection: the connection's parameters, as for any hook of AWS.

    Source: Amazon Athena API Reference, *StartQueryExecution*, *GetQueryResults*, *GetTableMetadata*; *Working with query results,
    recent queries, and output files*.
    """

    def __init__(self, *, database: str, workgroup: str, render: Render, connection: Mapping[str, Any]) -> None:
        super().__init__(log_query=False, **connection)
        self._database, self._workgroup, self._render = database, workgroup, render
        self._connection = connection

    @cached_property
    def _s3(self) -> S3Hook:
        return S3Hook(**self._connection)

    @cached_property
    def columns(self) -> list[str]:
        """The columns that carry an order's content, sorted.

        Raises:
            CuratedReadError: there is no curated table yet.
        """
        try:
            table = self.get_conn().get_table_metadata(
                CatalogName=CATALOG, DatabaseName=self._database, TableName="orders_current"
            )["TableMetadata"]
        except ClientError as error:
            raise CuratedReadError(
                f"Could not read the curated table {self._database}.orders_current: "
                f"{error.response['Error'].get('Message', error)}. If it was never made, run the DAG sales_cdc_batch first."
            ) from error
        names = {column["Name"].lower() for column in table["Columns"]}
        return sorted(names.difference([KEY], METADATA))

    def fingerprints(self) -> Iterator[tuple[str, str]]:
        """The id and the content's fingerprint of every order that stands, in no order; one snapshot of the table.

        The query is started by the call; the first row waits for its end.
        """
        rows = self._download(self._start("fingerprints", columns=self.columns))
        return ((order_id, fingerprint) for order_id, fingerprint in rows)

    def objects_taken(self) -> set[tuple[str, str]]:
        """Key and ETag of every raw object that the job has taken."""
        return {(key, etag) for key, etag in self._download(self._start("objects_taken"))}

    def versions(self, order_ids: Collection[str]) -> dict[str, Version]:
        """The newest curated version of these orders, tombstones included.

        An order that the table shows more than once has a column ``(rows)`` that no item has.
        """
        versions: dict[str, Version] = {}
        for part in _parts(order_ids):
            execution_id = self._start("versions", columns=self.columns, order_ids=part)
            self._await(execution_id)
            pages = self.get_conn().get_paginator("get_query_results").paginate(QueryExecutionId=execution_id)
            rows = (row["Data"] for page in pages for row in page["ResultSet"]["Rows"])
            next(rows)  # the column names
            for order_id, sequence_number, is_deleted, *values in (
                [c.get("VarCharValue") for c in row] for row in rows
            ):
                shown = {name: text for name, text in zip(self.columns, values, strict=True) if text is not None}
                if order_id in versions:
                    shown["(rows)"] = "more than one"
                versions[order_id] = Version(sequence_number, None if is_deleted == "true" else shown)
        return versions

    def _download(self, execution_id: str) -> Iterator[list[str]]:
        """The rows of a query whose columns are never null, from its result object, once it has ended."""
        self._await(execution_id)
        place = urlsplit(self.get_output_location(execution_id))
        with tempfile.TemporaryFile("w+b") as file:
            self._s3.get_conn().download_fileobj(place.netloc, place.path.lstrip("/"), file)
            file.seek(0)
            with open(file.fileno(), encoding="utf-8", newline="", closefd=False) as text:
                rows = csv.reader(text)
                next(rows)
                yield from rows

    def _start(self, name: str, **params: Any) -> str:
        """Start the query of a file, and return its id."""
        sql = self._render(f"reconcile/{name}.sql", {"database": self._database, **params})
        execution_id: str = self.run_query(sql, {"Database": self._database}, {}, workgroup=self._workgroup)
        return execution_id

    def _await(self, execution_id: str) -> None:
        state = self.poll_query_status(execution_id, int(LONGEST_QUERY_SECONDS / POLL_SECONDS), POLL_SECONDS)
        if state != "SUCCEEDED":
            raise CuratedReadError(
                f"The Athena query {execution_id} on {self._database}'s curated tables ended as {state}: "
                f"{self.get_state_change_reason(execution_id)}. Nothing was compared; mend what it names and run again."
            )


def _parts(order_ids: Collection[str]) -> Iterator[list[str]]:
    """Ids in parts that fit into one statement each."""
    part: list[str] = []
    size = 0
    for order_id in order_ids:
        length = len(order_id.encode()) + order_id.count("'") + 16
        if part and size + length > STATEMENT_BYTES:
            yield part
            part, size = [], 0
        part.append(order_id)
        size += length
    if part:
        yield part
