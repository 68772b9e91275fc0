"""Check a request of StartQueryExecution, and make the query and the document that is kept of it.

Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html
"""

from __future__ import annotations

import contextlib
import uuid

from local_cloud.athena.account.reuse import NEVER
from local_cloud.athena.account.workgroups import (
    NOT_TOGETHER,
    PRIMARY,
    WorkGroups,
    check_location,
    invalid,
    keeps_results,
)
from local_cloud.athena.api.caller_checks import require_bucket
from local_cloud.athena.api.catalogs import CATALOG
from local_cloud.athena.errors import MalformedQueryError, QueryFailedError
from local_cloud.athena.sql.parsing.grammar import parse_query
from local_cloud.athena.statement.callers import Caller
from local_cloud.athena.statement.kinds import TABLE_AS, Statement, classify, strip
from local_cloud.athena.statement.query import Query
from local_cloud.wire import Json, ServiceError

MAX_QUERY_BYTES = 262_144
NO_LOCATION = (
    "No output location provided. An output location is required either through the Workgroup result configuration "
    "setting or as an API input."
)


def query_of(params: Json, groups: WorkGroups, caller: Caller) -> tuple[Query, Json]:
    """Return the query and its QueryExecution document, still without a status.

    Raises:
        ServiceError: the request is one that Athena refuses before it queues the query.
    """
    sql = _checked_text(params.get("QueryString", ""))
    group = groups.get(params.get("WorkGroup") or PRIMARY)
    if group["State"] != "ENABLED":
        raise invalid(f"WorkGroup {group['Name']} is disabled.")
    statement = _statement(sql)
    configuration = group["Configuration"]
    results = _result_configuration(params, configuration)
    folder = ""
    if results:
        require_bucket(caller, results["OutputLocation"])
        folder = results["OutputLocation"].rstrip("/") + "/"
    execution_id = str(uuid.uuid4())
    context = params.get("QueryExecutionContext", {})
    query = Query(
        execution_id, strip(sql), context.get("Catalog", CATALOG), context.get("Database", "default").strip('"`').lower(),
        list(params.get("ExecutionParameters", [])), folder, group["Name"], configuration.get("BytesScannedCutoffPerQuery"), caller,
    )  # fmt: skip
    query.output_location = folder and folder + statement.folder + execution_id + statement.extension
    return query, _document(query, params, statement, results, configuration)


def _document(query: Query, params: Json, statement: Statement, results: Json, configuration: Json) -> Json:
    """Return the QueryExecution document of a query that has not been queued yet."""
    document = {
        "QueryExecutionId": query.execution_id,
        "Query": params["QueryString"].strip(),
        "StatementType": statement.kind,
        "SubstatementType": statement.verb,
        "ResultReuseConfiguration": params.get("ResultReuseConfiguration") or NEVER,
        "QueryExecutionContext": {key: value.lower() for key, value in params.get("QueryExecutionContext", {}).items()},
        "Statistics": {},
        "WorkGroup": query.work_group,
        "EngineVersion": configuration["EngineVersion"],
    }
    if results:
        document["ResultConfiguration"] = {**results, "OutputLocation": query.output_location}
    else:
        document["ManagedQueryResultsConfiguration"] = configuration["ManagedQueryResultsConfiguration"]
    if query.parameters:
        document["ExecutionParameters"] = query.parameters
    return document


def _checked_text(sql: str) -> str:
    if not sql.strip():
        raise invalid("Query string is empty.")
    if len(sql.encode()) > MAX_QUERY_BYTES:
        raise invalid(f"The query is longer than {MAX_QUERY_BYTES} bytes.")
    return sql


def _statement(sql: str) -> Statement:
    """Return which statement the text is. The syntax of a query in it is checked here, before it is queued.

    Of CREATE TABLE AS, awswrangler's ``test_read_sql_query_wo_results_ctas`` shows it:
    https://github.com/aws/aws-sdk-pandas/blob/main/tests/unit/test_athena.py
    """
    try:
        statement = classify(strip(sql))
        if selected := _selected(statement, strip(sql)):
            with contextlib.suppress(QueryFailedError):  # what the local cloud cannot do fails when it runs
                parse_query(selected)
    except MalformedQueryError as error:
        raise ServiceError("InvalidRequestException", str(error), AthenaErrorCode="MALFORMED_QUERY") from error
    return statement


def _selected(statement: Statement, sql: str) -> str:
    """Return the query in a statement; nothing when it has none that can be checked alone."""
    if statement.verb == "SELECT":
        return sql
    parts = TABLE_AS.fullmatch(sql) if statement.verb == "CREATE_TABLE_AS_SELECT" else None
    return parts["query"] if parts else ""


def _result_configuration(params: Json, configuration: Json) -> Json:
    """Return the client's configuration. The work group's wins when it is enforced, and serves when the client gives none.

    It is empty where Athena keeps the results itself.
    """
    if keeps_results(configuration):
        if params.get("ResultConfiguration", {}).get("OutputLocation"):
            raise invalid(NOT_TOGETHER)
        return {}
    own, asked = configuration.get("ResultConfiguration", {}), params.get("ResultConfiguration", {})
    chosen: Json = (
        own if configuration["EnforceWorkGroupConfiguration"] and own.get("OutputLocation") else {**own, **asked}
    )
    if not chosen.get("OutputLocation"):
        raise invalid(NO_LOCATION)
    check_location(chosen["OutputLocation"])
    return chosen
