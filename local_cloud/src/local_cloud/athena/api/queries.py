"""Answer the API's actions on queries and their results.

Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_QueryExecution.html
"""

from __future__ import annotations

import hashlib
import json

from local_cloud.athena.account.executions import FINAL, Executions
from local_cloud.athena.account.results import Results
from local_cloud.athena.account.workgroups import PRIMARY, WorkGroups, invalid
from local_cloud.athena.api.pages import page
from local_cloud.athena.api.requests import query_of
from local_cloud.athena.statement.callers import Callers
from local_cloud.store import Store
from local_cloud.wire import Json, JsonService, Request

MAX_RESULTS = 1000


class QueryActions(JsonService):
    """Answers the actions whose name tells of a query."""

    name = "athena"

    def __init__(
        self, store: Store, groups: WorkGroups, callers: Callers, executions: Executions, results: Results
    ) -> None:
        self._groups, self._callers, self._executions, self._results = groups, callers, executions, results
        self._tokens = store.collection("athena.tokens")

    def start(self) -> None:
        """Forget the client tokens of queries that are no longer known."""
        for token, known in self._tokens:
            if self._executions.get(known["id"]) is None:
                self._tokens.delete(token)

    def start_query_execution(self, params: Json, request: Request) -> Json:
        token = params.get("ClientRequestToken")
        digest = hashlib.sha256(json.dumps(params, sort_keys=True).encode()).hexdigest()
        if token and (known := self._tokens.get(token)):
            if known["digest"] != digest:
                raise invalid("Idempotent parameters do not match")
            return {"QueryExecutionId": known["id"]}
        query, document = query_of(params, self._groups, self._callers.of(request.caller))
        if token:
            self._tokens.put(token, {"digest": digest, "id": query.execution_id})
        self._executions.submit(query, document)
        return {"QueryExecutionId": query.execution_id}

    def _execution(self, params: Json) -> Json:
        execution_id = params.get("QueryExecutionId", "")
        found = self._executions.get(execution_id)
        if found is None:
            raise invalid(f"QueryExecution {execution_id} was not found")
        return found

    def get_query_execution(self, params: Json, _request: Request) -> Json:
        return {"QueryExecution": _public(self._execution(params))}

    def batch_get_query_execution(self, params: Json, _request: Request) -> Json:
        found = {key: self._executions.get(key) for key in params.get("QueryExecutionIds", [])}
        missing = [key for key, document in found.items() if document is None]
        return {
            "QueryExecutions": [_public(document) for document in found.values() if document],
            "UnprocessedQueryExecutionIds": [
                {
                    "QueryExecutionId": key,
                    "ErrorCode": "INVALID_INPUT",
                    "ErrorMessage": f"QueryExecution {key} was not found",
                }
                for key in missing
            ],
        }

    def list_query_executions(self, params: Json, _request: Request) -> Json:
        group = self._groups.get(params.get("WorkGroup") or PRIMARY)["Name"]
        listed, token = page(self._executions.ids(group), params)
        return {"QueryExecutionIds": listed, **token}

    def stop_query_execution(self, params: Json, _request: Request) -> Json:
        self._executions.cancel(self._execution(params)["QueryExecutionId"])
        return {}

    def get_query_results(self, params: Json, request: Request) -> Json:
        document = self._execution(params)
        state = document["Status"]["State"]
        if state not in FINAL:
            raise invalid(f"Query has not yet finished. Current state: {state}")
        if state != "SUCCEEDED":
            raise invalid(f"Query did not finish successfully. Final query state: {state}")
        max_results = _max_results(params)
        found = self._results.page(
            self._callers.of(request.caller),
            document["QueryExecutionId"],
            document.get("ResultConfiguration", {}).get("OutputLocation", ""),
            params.get("NextToken"),
            max_results,
        )
        return {"UpdateCount": document.get("_ChangedRows", 0), **found}

    def get_query_runtime_statistics(self, params: Json, _request: Request) -> Json:
        document = self._execution(params)
        statistics = document["Statistics"]
        timeline = {key: value for key, value in statistics.items() if key.endswith("InMillis")}
        rows = {"InputBytes": statistics.get("DataScannedInBytes", 0), "OutputRows": document.get("_WrittenRows", 0)}
        return {"QueryRuntimeStatistics": {"Timeline": timeline, "Rows": rows}}


def _public(document: Json) -> Json:
    return {key: value for key, value in document.items() if not key.startswith("_")}


def _max_results(params: Json) -> int:
    found: int = params.get("MaxResults", MAX_RESULTS)
    if found > MAX_RESULTS:
        raise invalid(f"MaxResults is more than maximum allowed length {MAX_RESULTS}.")
    if found < 1:
        raise invalid("MaxResults must be at least 1.")
    return found
