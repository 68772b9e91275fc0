"""What the page reads of the deployment; tests put their own in its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

from sales_cdc.deployment.settings import Settings
from sales_cdc.page.reads.clients import PageClients
from sales_cdc.page.reads.lake_query import LakeQuery, Rows
from sales_cdc.page.reads.lake_reader import LakeReader, Report, Tail
from sales_cdc.page.reads.observation import Observation, Observer


class Reader(Protocol):
    """Reads only; every method may raise what botocore raises."""

    def warm(self) -> None:
        """Get ready for the first question."""

    def now(self) -> datetime: ...

    def observe(self) -> Observation: ...

    def tables(self) -> list[str]:
        """The names of the database's tables and views; none when there is no database."""

    def ask(self, file: str, params: Mapping[str, str], values: Sequence[str] = ()) -> Rows: ...

    def answered(self, execution: str, file: str, choices: Iterable[Mapping[str, str]]) -> Rows | None:
        """The rows of an earlier execution of a file's statement; None when they are not to be had any more."""

    def newest_report(self, prefix: str, suffix: str = ".json") -> Report | None: ...

    def newest_changes(self) -> Tail: ...

    def failed_records(self) -> Tail: ...


class DeploymentReader:
    """The deployment of the settings, through the same connection and guard as its DAGs."""

    def __init__(self, settings: Settings) -> None:
        clients = PageClients(settings)
        lake = LakeReader(clients)
        self._clients = clients
        self.observe: Callable[[], Observation] = Observer(clients, self.now).observe
        query = LakeQuery(clients)
        self.ask, self.answered = query.ask, query.answered
        self.newest_report = lake.newest_report
        self.newest_changes = lake.newest_changes
        self.failed_records = lake.failed_records

    def warm(self) -> None:
        """Make the clients, and let them connect."""
        self._clients.warm()
        self.observe()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def tables(self) -> list[str]:
        glue = self._clients.client("glue")
        pages = glue.get_paginator("get_tables").paginate(DatabaseName=self._clients.topology().database.name)
        return [table["Name"] for page in pages for table in page["TableList"]]
