"""Answer the API's actions on prepared statements.

Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_PreparedStatement.html
"""

from __future__ import annotations

from local_cloud.athena.account.prepared import PreparedStatements
from local_cloud.athena.account.workgroups import WorkGroups
from local_cloud.athena.api.pages import page
from local_cloud.wire import Json, JsonService, Request


class PreparedStatementActions(JsonService):
    """Answers the actions whose name tells of a prepared statement."""

    name = "athena"

    def __init__(self, groups: WorkGroups, prepared: PreparedStatements) -> None:
        self._groups, self._prepared = groups, prepared

    def create_prepared_statement(self, params: Json, _request: Request) -> Json:
        self._groups.get(params.get("WorkGroup", ""))
        self._prepared.create(
            params["WorkGroup"], params["StatementName"], params["QueryStatement"], params.get("Description", "")
        )
        return {}

    def update_prepared_statement(self, params: Json, _request: Request) -> Json:
        self._prepared.update(
            params["WorkGroup"], params["StatementName"], params["QueryStatement"], params.get("Description", "")
        )
        return {}

    def get_prepared_statement(self, params: Json, _request: Request) -> Json:
        return {"PreparedStatement": self._prepared.get(params.get("WorkGroup", ""), params.get("StatementName", ""))}

    def batch_get_prepared_statement(self, params: Json, _request: Request) -> Json:
        return self._prepared.batch(params.get("WorkGroup", ""), params.get("PreparedStatementNames", []))

    def list_prepared_statements(self, params: Json, _request: Request) -> Json:
        listed, token = page(self._prepared.list(params.get("WorkGroup", "")), params)
        return {"PreparedStatements": listed, **token}

    def delete_prepared_statement(self, params: Json, _request: Request) -> Json:
        self._prepared.delete(params.get("WorkGroup", ""), params.get("StatementName", ""))
        return {}
