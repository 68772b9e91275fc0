"""Answer the requests for Athena: the service that the gateway calls.

Source: https://docs.aws.amazon.com/athena/latest/APIReference/Welcome.html
"""

from __future__ import annotations

from local_cloud.athena.account.executions import Executions
from local_cloud.athena.account.prepared import PreparedStatements
from local_cloud.athena.account.results import Results
from local_cloud.athena.account.workgroups import WorkGroups
from local_cloud.athena.api.catalogs import CatalogActions
from local_cloud.athena.api.prepared_statements import PreparedStatementActions
from local_cloud.athena.api.queries import QueryActions
from local_cloud.athena.api.workgroups import WorkGroupActions
from local_cloud.athena.engine import Engine, Shared
from local_cloud.athena.statement.callers import Callers
from local_cloud.athena.statement.query import Query
from local_cloud.context import Context
from local_cloud.wire import JsonService, Request, Response


class AthenaService(JsonService):
    """Hands each action to the part of Athena that answers it, found by a word of the action's name."""

    name = "athena"

    def __init__(self, context: Context) -> None:
        folder = context.config.state_dir / "athena"
        groups = WorkGroups(context.store)
        callers = Callers(context.config, context.clients)
        self._prepared = PreparedStatements(context.store)
        self._results = Results(folder / "results")
        self._shared = Shared(folder)
        self._config = context.config
        self._executions = Executions(context.store, self._run, self._results.reuse)
        self._queries = QueryActions(context.store, groups, callers, self._executions, self._results)
        workgroups, catalogs = WorkGroupActions(groups, self._prepared, self._executions), CatalogActions(callers)
        self._parts: dict[str, JsonService] = {
            "Query": self._queries,
            "WorkGroup": workgroups,
            "Resource": workgroups,
            "PreparedStatement": PreparedStatementActions(groups, self._prepared),
            "Catalog": catalogs,
            "Database": catalogs,
            "TableMetadata": catalogs,
        }

    def handle(self, request: Request) -> Response:
        part = next((part for word, part in self._parts.items() if word in request.action), None)
        return part.handle(request) if part else super().handle(request)

    def start(self) -> None:
        self._executions.recover()
        self._queries.start()

    def stop(self) -> None:
        self._executions.close()

    def _run(self, query: Query) -> None:
        Engine(self._config, query.caller, self._prepared, self._results, self._shared).run(query)
