"""Athena's API: queries, their results, work groups and prepared statements.

Source: *Amazon Athena API Reference*.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import Any

from local_cloud.athena.account.executions import FINAL, Executions, Query
from local_cloud.athena.account.prepared import PreparedStatements
from local_cloud.athena.account.results import Results
from local_cloud.athena.account.workgroups import PRIMARY, WorkGroups, check_location, invalid
from local_cloud.athena.api.caller_checks import metadata_of, require_bucket
from local_cloud.athena.engine import Engine, Shared
from local_cloud.athena.errors import MalformedQueryError
from local_cloud.athena.sql.parsing.grammar import parse_query
from local_cloud.athena.statement.callers import Caller, Callers
from local_cloud.athena.statement.kinds import classify, strip
from local_cloud.athena.tables import plain_lines
from local_cloud.context import Context
from local_cloud.wire import Json, JsonService, Request, Response, ServiceError

MAXIMUM_QUERY_BYTES = 262_144
CATALOG = "AwsDataCatalog"
NO_LOCATION = (
    "No output location provided. An output location is required either through the Workgroup result configuration "
    "setting or as an API input."
)


class AthenaService(JsonService):
    name = "athena"

    def __init__(self, context: Context) -> None:
        folder = context.config.state_dir / "athena"
        self._groups = WorkGroups(context.store)
        self._prepared = PreparedStatements(context.store)
        self._callers = Callers(context.config, context.clients)
        self._results = Results(folder / "results")
        self._shared = Shared(folder)
        self._config = context.config
        self._executions = Executions(context.store, self._run)
        self._tokens = context.store.collection("athena.tokens")

    def handle(self, request: Request) -> Response:
        plain_lines.prepare()
        return super().handle(request)

    def start(self) -> None:
        self._executions.recover()
        for token, known in self._tokens:
            if self._executions.get(known["id"]) is None:
                self._tokens.delete(token)

    def stop(self) -> None:
        self._executions.close()

    # Queries

    def _run(self, query: Query) -> None:
        Engine(self._config, query.caller, self._prepared, self._results, self._shared).run(query)

    def start_query_execution(self, params: Json, request: Request) -> Json:
        token = params.get("ClientRequestToken")
        digest = hashlib.sha256(json.dumps(params, sort_keys=True).encode()).hexdigest()
        if token and (known := self._tokens.get(token)):
            if known["digest"] != digest:
                raise invalid("Idempotent parameters do not match")
            return {"QueryExecutionId": known["id"]}
        query, document = self._query(params, self._callers.of(request.caller))
        if token:
            self._tokens.put(token, {"digest": digest, "id": query.execution_id})
        self._executions.submit(query, document)
        return {"QueryExecutionId": query.execution_id}

    def _query(self, params: Json, caller: Caller) -> tuple[Query, Json]:
        sql = params.get("QueryString", "")
        if not sql.strip():
            raise invalid("Query string is empty.")
        if len(sql.encode()) > MAXIMUM_QUERY_BYTES:
            raise invalid(f"The query is longer than {MAXIMUM_QUERY_BYTES} bytes.")
        group = self._groups.get(params.get("WorkGroup") or PRIMARY)
        if group["State"] != "ENABLED":
            raise invalid(f"WorkGroup {group['Name']} is disabled.")
        try:
            statement = classify(strip(sql))
            if statement.verb == "SELECT":
                parse_query(strip(sql))
        except MalformedQueryError as error:
            raise ServiceError("InvalidRequestException", str(error), AthenaErrorCode="MALFORMED_QUERY") from error
        configuration = group["Configuration"]
        results = self._result_configuration(params, configuration)
        require_bucket(caller, results["OutputLocation"])
        execution_id = str(uuid.uuid4())
        context = params.get("QueryExecutionContext", {})
        folder = results["OutputLocation"].rstrip("/") + "/"
        query = Query(
            execution_id, strip(sql), context.get("Catalog", CATALOG), context.get("Database", "default").lower(),
            list(params.get("ExecutionParameters", [])), folder, group["Name"], configuration.get("BytesScannedCutoffPerQuery"), caller,
        )  # fmt: skip
        query.output_location = folder + execution_id + statement.extension
        document = {
            "QueryExecutionId": execution_id,
            "Query": sql.strip(),
            "StatementType": statement.kind,
            "SubstatementType": statement.verb,
            "ResultConfiguration": {**results, "OutputLocation": query.output_location},
            "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": False}},
            "QueryExecutionContext": {key: value.lower() for key, value in context.items()},
            "Statistics": {},
            "WorkGroup": group["Name"],
            "EngineVersion": configuration["EngineVersion"],
        }
        if query.parameters:
            document["ExecutionParameters"] = query.parameters
        return query, document

    @staticmethod
    def _result_configuration(params: Json, configuration: Json) -> Json:
        """The work group's location when it enforces its configuration or the client gives none; else the client's."""
        own, asked = configuration.get("ResultConfiguration", {}), params.get("ResultConfiguration", {})
        chosen: Json = (
            own if configuration["EnforceWorkGroupConfiguration"] and own.get("OutputLocation") else {**own, **asked}
        )
        if not chosen.get("OutputLocation"):
            raise invalid(NO_LOCATION)
        check_location(chosen["OutputLocation"])
        return chosen

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
        page, token = _page(self._executions.ids(group), params, 50)
        return {"QueryExecutionIds": page, **token}

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
        most = params.get("MaxResults", 1000)
        if not 1 <= most <= 1000:
            raise invalid(
                "MaxResults is more than maximum allowed length 1000."
                if most > 1000
                else "MaxResults must be at least 1."
            )
        page = self._results.page(
            self._callers.of(request.caller),
            document["QueryExecutionId"],
            document["ResultConfiguration"]["OutputLocation"],
            params.get("NextToken"),
            most,
        )
        return {"UpdateCount": document.get("_ChangedRows", 0), **page}

    def get_query_runtime_statistics(self, params: Json, _request: Request) -> Json:
        document = self._execution(params)
        statistics = document["Statistics"]
        timeline = {key: value for key, value in statistics.items() if key.endswith("InMillis")}
        rows = {"InputBytes": statistics.get("DataScannedInBytes", 0), "OutputRows": document.get("_WrittenRows", 0)}
        return {"QueryRuntimeStatistics": {"Timeline": timeline, "Rows": rows}}

    # Work groups

    def create_work_group(self, params: Json, _request: Request) -> Json:
        self._groups.create(params)
        return {}

    def get_work_group(self, params: Json, _request: Request) -> Json:
        group = self._groups.get(params.get("WorkGroup", ""))
        return {"WorkGroup": {key: value for key, value in group.items() if key != "Tags"}}

    def update_work_group(self, params: Json, _request: Request) -> Json:
        self._groups.update(params)
        return {}

    def delete_work_group(self, params: Json, _request: Request) -> Json:
        name = params.get("WorkGroup", "")
        if not params.get("RecursiveDeleteOption") and (self._executions.ids(name) or self._prepared.list(name)):
            raise invalid(f"WorkGroup {name} is not empty")
        self._groups.delete(name)
        self._prepared.delete_all(name)
        return {}

    def list_work_groups(self, params: Json, _request: Request) -> Json:
        page, token = _page(self._groups.summaries(), params, 50)
        return {"WorkGroups": page, **token}

    def tag_resource(self, params: Json, _request: Request) -> Json:
        name = params.get("ResourceARN", "").rpartition("/")[2]
        tags = {tag["Key"]: tag for tag in [*self._groups.tags(name), *params.get("Tags", [])]}
        self._groups.set_tags(name, list(tags.values()))
        return {}

    def untag_resource(self, params: Json, _request: Request) -> Json:
        name = params.get("ResourceARN", "").rpartition("/")[2]
        self._groups.set_tags(
            name, [tag for tag in self._groups.tags(name) if tag["Key"] not in params.get("TagKeys", [])]
        )
        return {}

    def list_tags_for_resource(self, params: Json, _request: Request) -> Json:
        return {"Tags": self._groups.tags(params.get("ResourceARN", "").rpartition("/")[2])}

    # Prepared statements

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
        page, token = _page(self._prepared.list(params.get("WorkGroup", "")), params, 50)
        return {"PreparedStatements": page, **token}

    def delete_prepared_statement(self, params: Json, _request: Request) -> Json:
        self._prepared.delete(params.get("WorkGroup", ""), params.get("StatementName", ""))
        return {}

    # The catalog, as Athena shows it

    def list_data_catalogs(self, _params: Json, _request: Request) -> Json:
        return {"DataCatalogsSummary": [{"CatalogName": CATALOG, "Type": "GLUE", "Status": "CREATE_COMPLETE"}]}

    def get_data_catalog(self, params: Json, _request: Request) -> Json:
        if params.get("Name", "").lower() != CATALOG.lower():
            raise invalid(f"DataCatalog {params.get('Name')} was not found")
        return {"DataCatalog": {"Name": CATALOG, "Type": "GLUE", "Description": "", "Parameters": {}}}

    def list_databases(self, params: Json, request: Request) -> Json:
        with metadata_of(self._callers.of(request.caller)) as catalog:
            names = catalog.databases()
        page, token = _page([{"Name": name} for name in names], params, 50)
        return {"DatabaseList": page, **token}

    def get_database(self, params: Json, request: Request) -> Json:
        name = params.get("DatabaseName", "").lower()
        with metadata_of(self._callers.of(request.caller)) as catalog:
            names = catalog.databases()
        if name not in names:
            raise ServiceError("MetadataException", f"Database {name} not found.")
        return {"Database": {"Name": name}}

    def list_table_metadata(self, params: Json, request: Request) -> Json:
        with metadata_of(self._callers.of(request.caller)) as catalog:
            tables = catalog.tables(params.get("DatabaseName", "").lower())
        page, token = _page([table.metadata() for table in tables], params, 50)
        return {"TableMetadataList": page, **token}

    def get_table_metadata(self, params: Json, request: Request) -> Json:
        database, name = params.get("DatabaseName", "").lower(), params.get("TableName", "").lower()
        with metadata_of(self._callers.of(request.caller)) as catalog:
            table = catalog.find_table(database, name)
        if table is None:
            raise ServiceError("MetadataException", f"Table {name} not found in database {database}.")
        return {"TableMetadata": table.metadata()}


def _public(document: Json) -> Json:
    return {key: value for key, value in document.items() if not key.startswith("_")}


def _page(items: list[Any], params: Json, most: int) -> tuple[list[Any], Json]:
    """One page of a list, and the token of the next when there is one."""
    try:
        start = int(params.get("NextToken") or 0)
    except ValueError as error:
        raise invalid("NextToken is not one that this service gave.") from error
    end = start + min(params.get("MaxResults", most), most)
    return items[start:end], {"NextToken": str(end)} if end < len(items) else {}
