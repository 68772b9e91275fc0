"""Run Athena statements: one, or several at the same time in one task.

Several statements in one task wait together; as tasks of their own they would wait one after the other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any

from airflow.providers.amazon.aws.hooks.athena import AthenaHook
from airflow.providers.amazon.aws.operators.athena import AthenaOperator
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import AirflowException

from sales_cdc.aws.athena import Athena, Policy, QueryFailedError
from sales_cdc.aws.query_rows import QueryRows
from sales_cdc.batch.changed import Changed
from sales_cdc.batch.sensors.query_result import SHOWN, CheckFailedError, finding_of
from sales_cdc.batch.statements import Check
from sales_cdc.contract.declared import declared_contract
from sales_cdc.contract.order_keys import KEYS
from sales_cdc.dag_page.links import AthenaHistoryLink, QueryResultsLink

PATIENCE_SECONDS = 20 * 60


RAW_SIDE, CURATED_SIDE = "verify_raw_table", "await_curation"
"""The tasks that know what has changed: in ``raw/``, before the job has ended, and in the curated tables."""


class StatementFailedError(AirflowException):
    """Raised when a statement failed; the message has Athena's reason."""


def with_changed(context: Any, task: str, **params: Any) -> Any:
    """Return the context with ``params.changed``, and further ``params``, for SQL files."""
    found = context["ti"].xcom_pull(task_ids=task)
    changed = Changed.of(found.get("changed")) if isinstance(found, dict) else None
    known = {} if changed is None else {"changed": changed}
    return {**context, "params": {**context["params"], **known, **params}}


class QueryOperator(AthenaOperator):
    """Run the query of one SQL file on Athena; the task that follows shows or checks its rows.

    This is the provider's operator, with a link that works on the local cloud too. The SQL file finds what has changed since the last
    batch that passed in ``params.changed``; it is not defined when everything has to be asked.

    Raises:
        AirflowException: the query failed; the message has its id and its state.
    """

    operator_extra_links = (QueryResultsLink(),)

    def render_template_fields(self, context: Any, jinja_env: Any = None) -> None:
        super().render_template_fields(with_changed(context, RAW_SIDE), jinja_env)


class StatementsOperator(AwsBaseOperator[AthenaHook]):
    """Run several statements on Athena at the same time, and wait for all of them.

    Args:
        files: the statements' SQL files, found by the DAG's ``template_searchpath``; a statement has the name of its file.
        workgroup, database: where they run.
        poll_interval: seconds between two polls.

    Returns:
        By statement, the id of its query execution.

    Raises:
        StatementFailedError: names the statements that failed, with Athena's reasons.
    """

    aws_hook_class = AthenaHook
    template_fields = aws_template_fields("statements", "workgroup", "database")
    template_ext = (".sql",)
    ui_color = "#44b5e2"
    operator_extra_links = (AthenaHistoryLink(),)

    def __init__(
        self, *, files: Sequence[str], workgroup: str, database: str, poll_interval: float = 0.2, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.names = [file.rpartition("/")[2].removesuffix(".sql") for file in files]
        self.statements = list(files)
        self.workgroup = workgroup
        self.database = database
        self.poll_interval = poll_interval
        self._started: dict[str, str] = {}

    def execute(self, context: Any) -> Any:
        for name, statement in zip(self.names, self.statements, strict=True):
            self._started[name] = self._athena.start(statement)
            self.log.info("Started the statement '%s': Athena query %s.", name, self._started[name])
        reasons = [self._reason(name, query) for name, query in self._started.items()]
        if failed := [reason for reason in reasons if reason]:
            raise StatementFailedError("\n".join(failed))
        return self._outcome()

    def _outcome(self) -> dict[str, Any]:
        return self._started

    def _reason(self, name: str, query: str) -> str:
        """Wait for a statement, and say why it failed; "" when it did not."""
        try:
            self._athena.wait(query)
        except QueryFailedError as error:
            where = f"Athena query {query} in work group '{self.workgroup}'"
            return f"The statement '{name}' ended {error.state} ({error.reason}). {where}."
        return ""

    @cached_property
    def _athena(self) -> Athena:
        pause = self.poll_interval
        policy = Policy(PATIENCE_SECONDS, first_pause_seconds=pause, max_pause_seconds=pause)
        return Athena(self.hook.conn, workgroup=self.workgroup, database=self.database, policy=policy)

    def on_kill(self) -> None:
        for query in self._started.values():
            self._athena.stop(query)


class InsightsOperator(StatementsOperator):
    """Run statements on the days before the run began.

    ``params.days`` says how many days; the SQL files use ``params.from_day`` and ``params.until_day``.
    """

    def render_template_fields(self, context: Any, jinja_env: Any = None) -> None:
        today = context["dag_run"].start_date.date()
        days = {"from_day": today - timedelta(days=context["params"]["days"]), "until_day": today + timedelta(days=1)}
        super().render_template_fields(with_changed(context, CURATED_SIDE, **days), jinja_env)


class ChecksOperator(StatementsOperator):
    """Run checks, each a query for rows that must not exist: any row fails the run.

    Args:
        folder: of the checks' SQL files.
        checks: by file name, what a row means and what to do.

    Returns:
        By check, the number of rows: 0.

    Raises:
        CheckFailedError: names every check that found rows, shows the rows, and says what to do. All checks run first.
    """

    def __init__(self, *, folder: str, checks: Mapping[str, Check], **kwargs: Any) -> None:
        super().__init__(files=[f"{folder}/{name}.sql" for name in checks], **kwargs)
        self.checks = dict(checks)

    def _found(self) -> dict[str, QueryRows]:
        return {name: self._athena.first_rows(query) for name, query in self._started.items()}

    def _outcome(self) -> dict[str, int]:
        found = self._found()
        for name, rows in found.items():
            if not rows.rows:
                self.log.info("Passed: no %s.", self.checks[name].finding)
        if failed := {name: rows for name, rows in found.items() if rows.rows}:
            found_by_check = "\n".join(self._explain(name, rows) for name, rows in failed.items())
            raise CheckFailedError(
                f"{len(failed)} of {len(found)} checks of '{self.task_id}' failed; the tasks after it did not run. "
                f"{self._consequence()}\n{found_by_check}\n"
                "Once that is fixed, clear this task to check again. More: docs/operations.md, 'Orders are not right'."
            )
        return dict.fromkeys(found, 0)

    def _consequence(self) -> str:
        entity = declared_contract().view
        return f"The views {entity} and {entity}_history show the tables as they are now, including these rows."

    def _explain(self, name: str, rows: QueryRows) -> str:
        check, orders = self.checks[name], json.dumps([KEYS.of_texts(row) for row in rows.rows[:SHOWN]])
        return f"{name}: {finding_of(rows, check.finding)}\nTo do: {check.remedy.replace('<orders>', orders)}"
