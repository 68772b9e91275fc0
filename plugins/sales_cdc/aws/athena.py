"""Statements of include/sql/ in Athena: started, waited for, and their rows read from the result object."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from airflow.providers.amazon.aws.hooks.athena import AthenaHook
from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook
from airflow.providers.common.compat.sdk import AirflowException
from botocore.exceptions import ClientError

LONGEST_QUERY_SECONDS = 30 * 60
POLL_SECONDS = 0.2

Render = Callable[[str, Mapping[str, Any]], str]


class StatementError(AirflowException):
    """A statement failed, or a table is missing; the message says which and why."""


class AthenaSqlHook(AthenaHook):
    """Athena, for the statement files of one database.

    Args:
        database, workgroup: by name.
        render: gives the text of a file under ``include/sql/`` with its ``params``; ``database`` is always one of them.
        connection: the connection's parameters, as for any hook of AWS.

    Source: Amazon Athena API Reference, *StartQueryExecution*; *Working with query results, recent queries, and output files*.
    """

    def __init__(self, *, database: str, workgroup: str, render: Render, connection: Mapping[str, Any]) -> None:
        super().__init__(log_query=False, **connection)
        self.database, self._workgroup, self._render = database, workgroup, render
        self._connection = connection

    @cached_property
    def s3(self) -> Any:
        return self.other("s3")

    def other(self, service: str) -> Any:
        """A client for another service, through the same connection."""
        return AwsGenericHook(**self._connection, client_type=service).conn

    def exists(self, table: str) -> bool:
        try:
            self.other("glue").get_table(DatabaseName=self.database, Name=table)
        except ClientError as error:
            if error.response["Error"]["Code"] != "EntityNotFoundException":
                raise
            return False
        return True

    def run(self, file: str, **params: Any) -> str:
        """Run a statement to its end; the query's id."""
        execution_id = self.start(file, **params)
        self.wait_for(execution_id)
        return execution_id

    def start(self, file: str, **params: Any) -> str:
        """Start a statement, and return the query's id."""
        sql = self._render(file, {"database": self.database, **params})
        execution_id: str = self.run_query(sql, {"Database": self.database}, {}, workgroup=self._workgroup)
        return execution_id

    def wait_for(self, execution_id: str) -> None:
        """Wait for a query's success.

        Raises:
            StatementError: it failed, was cancelled, or did not end in time.
        """
        state = self.poll_query_status(execution_id, int(LONGEST_QUERY_SECONDS / POLL_SECONDS), POLL_SECONDS)
        if state != "SUCCEEDED":
            raise StatementError(
                f"The Athena query {execution_id} on the tables of '{self.database}' ended as {state}: "
                f"{self.get_state_change_reason(execution_id)}. Mend what it names, and run again."
            )

    def rows(self, execution_id: str) -> Iterator[list[str]]:
        """The rows of a query whose columns are never null, once it has ended; held on disk."""
        self.wait_for(execution_id)
        place = urlsplit(self.get_output_location(execution_id))
        with tempfile.TemporaryFile("w+b") as file:
            self.s3.download_fileobj(place.netloc, place.path.lstrip("/"), file)
            file.seek(0)
            with open(file.fileno(), encoding="utf-8", newline="", closefd=False) as text:
                rows = csv.reader(text)
                next(rows)
                yield from rows
