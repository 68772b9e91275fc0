"""Ask Athena for a page: one of the project's statements, values as parameters, rows and time bounded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import jinja2
from jinja2.sandbox import SandboxedEnvironment

from sales_cdc.aws.athena import MAX_ROWS, Athena, Execution, Policy
from sales_cdc.aws.query_rows import QueryRows
from sales_cdc.contract.declared import declared_contract
from sales_cdc.contract.statement_names import statement_names
from sales_cdc.deployment.process import include_folder
from sales_cdc.verdict.clients import DeploymentClients

SQL = include_folder() / "sql"
POLICY = Policy(patience_seconds=120.0, max_rows=MAX_ROWS)


@dataclass(frozen=True)
class Rows(QueryRows):
    """Rows with the statement that gave them, the bytes that it scanned, when it ended, and the id of its execution."""

    sql: str = ""
    scanned_bytes: int = 0
    asked_at: datetime | None = None
    query: str = ""

    @classmethod
    def of(cls, rows: QueryRows, execution: Execution, sql: str) -> Rows:
        return cls(
            rows.columns,
            rows.types,
            rows.rows,
            sql=sql,
            scanned_bytes=execution.scanned_bytes,
            asked_at=execution.ended_at,
            query=execution.query,
        )


class LakeQuery:
    """The statements under ``include/sql``, in the deployment's work group."""

    def __init__(self, clients: DeploymentClients, policy: Policy = POLICY) -> None:
        self._clients = clients
        self._policy = policy
        self._statements = SandboxedEnvironment(
            loader=jinja2.FileSystemLoader(SQL), undefined=jinja2.StrictUndefined, autoescape=False
        )
        self._statements.globals.update(statement_names(declared_contract()))

    def ask(self, file: str, params: Mapping[str, Any], values: Sequence[str] = ()) -> Rows:
        """The rows of one file; ``params`` name identifiers and days, ``values`` stand for its question marks.

        Raises:
            QueryFailedError: the statement failed, was cancelled, or took longer than two minutes.
        """
        sql, athena = self._statement(file, params), self._athena
        execution = athena.run(sql, values)
        return Rows.of(athena.first_rows(execution.query), execution, sql)

    def answered(self, execution: str, file: str, choices: Iterable[Mapping[str, Any]]) -> Rows | None:
        """The rows of an earlier execution: nothing runs, nothing is scanned.

        None when Athena does not know it any more, its result is gone, or it is not the file's statement with one of the
        ``choices`` of parameters.
        """
        found = self._athena.answered(execution, [self._statement(file, params) for params in choices])
        return Rows.of(found[1], found[0], found[0].sql) if found else None

    def _statement(self, file: str, params: Mapping[str, Any]) -> str:
        database = self._clients.topology().database.name
        return self._statements.get_template(file).render(
            params={"database": database, "probe": declared_contract().probe_pattern, **params}
        )

    @property
    def _athena(self) -> Athena:
        topology = self._clients.topology()
        return Athena(
            self._clients.client("athena"),
            workgroup=topology.workgroup.name,
            database=topology.database.name,
            policy=self._policy,
        )
