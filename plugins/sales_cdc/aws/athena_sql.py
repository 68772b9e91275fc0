"""Run the statements of include/sql/ in Athena, through an Airflow connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook, AwsGenericHook
from botocore.exceptions import ClientError

from sales_cdc.aws.athena import Athena, Policy
from sales_cdc.aws.errors import Kind, refusal_of

POLICY = Policy(patience_seconds=30 * 60)

Render = Callable[[str, Mapping[str, Any]], str]


class AthenaSqlHook(AwsBaseHook):
    """Athena, for the statement files of one database.

    Args:
        database, workgroup: by name.
        render: gives the text of a file under ``include/sql/`` with its ``params``; ``database`` is always one of them.
        connection: the connection's parameters, as for any hook of AWS.
    """

    def __init__(self, *, database: str, workgroup: str, render: Render, connection: Mapping[str, Any]) -> None:
        super().__init__(**{**connection, "client_type": "athena"})
        self.database, self._workgroup, self._render = database, workgroup, render
        self._connection = connection

    @cached_property
    def athena(self) -> Athena:
        return Athena(self.get_conn(), workgroup=self._workgroup, database=self.database, policy=POLICY)

    @cached_property
    def s3(self) -> Any:
        return self.other("s3")

    def other(self, service: str) -> Any:
        """Make a client for another service, through the same connection."""
        return AwsGenericHook(**self._connection, client_type=service).conn

    def exists(self, table: str) -> bool:
        try:
            self.other("glue").get_table(DatabaseName=self.database, Name=table)
        except ClientError as error:
            if refusal_of(error).kind is not Kind.MISSING:
                raise
            return False
        return True

    def run(self, file: str, **params: Any) -> str:
        """Run a statement to its end; returns the query's id.

        Raises:
            QueryFailedError: it failed, was cancelled, or did not end in time.
        """
        return self.athena.wait(self.start(file, **params)).query

    def start(self, file: str, **params: Any) -> str:
        """Start a statement, and return the query's id."""
        return self.athena.start(self._render(file, {"database": self.database, **params}))

    def rows(self, query: str) -> Iterator[list[str]]:
        """Read the rows of a query, once it has ended; they are held on disk, and NULL is the empty text."""
        return self.athena.streamed_rows(query, self.s3)
