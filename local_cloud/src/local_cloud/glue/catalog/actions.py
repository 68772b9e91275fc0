"""Put our own answers in front of MiniStack's Glue catalog: names, limits, listings, partitions.

An action's request is checked against AWS's model and its names are folded to lower case, as Glue keeps them. Sources:
https://docs.aws.amazon.com/glue/latest/webapi/API_TableInput.html ("For Hive compatibility, this is folded to lowercase when it is
stored"), https://docs.aws.amazon.com/glue/latest/webapi/API_GetDatabases.html,
https://docs.aws.amazon.com/glue/latest/webapi/API_GetTables.html
"""

from __future__ import annotations

import json
import re
from typing import Any

from local_cloud import constraints
from local_cloud.glue.catalog.partitions import PARTITION_ACTIONS
from local_cloud.glue.catalog.refusals import Action, Ask, RefusedError
from local_cloud.glue.catalog.search import search_tables
from local_cloud.glue.resources import page
from local_cloud.wire import Handler, Json, Response, ServiceError, encode, error_response

CONTENT_TYPE = "application/x-amz-json-1.1"
_KEPT_BY_MINISTACK = frozenset(
    ["CreateDatabase", "UpdateDatabase", "DeleteDatabase", "GetDatabase", "CreateTable", "UpdateTable", "DeleteTable", "GetTable",
     "BatchDeleteTable", "DeleteTableVersion", "BatchDeleteTableVersion", "GetTableVersion"]
)  # fmt: skip


def around(original: Handler, glue: Any) -> Handler:
    """Put the actions of this room in front of MiniStack's handler of Glue.

    A table's partitions are read from ``glue``, its module: as JSON, those of ten years would be written and read again for each page.
    """

    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Any:
        target, _, name = headers.get("x-amz-target", "").rpartition(".")
        if name not in _ACTIONS and name not in _KEPT_BY_MINISTACK:
            return _unknown(name, await original(method, path, headers, body, query))

        async def ask(action: str, params: Json) -> Json:
            if action == "GetPartitions":
                return {"Partitions": list(glue._partitions.get(f"{params['DatabaseName']}/{params['TableName']}", []))}
            asked = {**headers, "x-amz-target": f"{target}.{action}"}
            status, answered, content = await original(method, path, asked, json.dumps(params).encode(), query)
            if status != 200:
                raise RefusedError(status, answered, content)
            found: Json = json.loads(content)
            return found

        try:
            params = _folded(json.loads(body or b"{}"))
            constraints.check("glue", name, params)
            answer = await (_ACTIONS[name](params, ask) if name in _ACTIONS else ask(name, params))
            return Response(200, {"Content-Type": CONTENT_TYPE}, encode(answer))
        except RefusedError as refused:
            return refused.answer
        except ServiceError as error:
            return error_response(error, CONTENT_TYPE)

    return handle


def _unknown(name: str, answer: Any) -> Any:
    """Return MiniStack's answer; an action that it does not know is refused by the code that AWS has for that."""
    if name and answer[0] == 400 and b'"InvalidAction"' in answer[2]:
        message = f"The local cloud's Glue has no operation {name}."
        return error_response(ServiceError("UnknownOperationException", message), CONTENT_TYPE)
    return answer


def _folded(params: Json) -> Json:
    """Return the request with the names of databases and tables in lower case."""
    folded = {
        key: _lower(value) if key in ("DatabaseName", "TableName", "Name") else value for key, value in params.items()
    }
    for key in ("DatabaseInput", "TableInput"):
        if isinstance(folded.get(key), dict) and "Name" in folded[key]:
            folded[key] = {**folded[key], "Name": _lower(folded[key]["Name"])}
    if isinstance(folded.get("TablesToDelete"), list):
        folded["TablesToDelete"] = [_lower(name) for name in folded["TablesToDelete"]]
    return folded


def _lower(name: Any) -> Any:
    return name.lower() if isinstance(name, str) else name


async def _get_databases(params: Json, ask: Ask) -> Json:
    return page((await ask("GetDatabases", {}))["DatabaseList"], params, "DatabaseList")


async def _get_tables(params: Json, ask: Ask) -> Json:
    """Return the tables whose whole name matches the expression, a page at a time."""
    tables = (await ask("GetTables", {"DatabaseName": params["DatabaseName"]}))["TableList"]
    if params.get("Expression"):
        names = _names(params["Expression"])
        tables = [table for table in tables if names.fullmatch(table["Name"])]
    return page(tables, params, "TableList")


def _names(expression: str) -> re.Pattern[str]:
    """Return a regular expression; an asterisk alone is any text, as clients such as awswrangler use it."""
    try:
        return re.compile(re.sub(r"(?<![.)\]\\])\*", ".*", expression))
    except re.error as error:
        raise ServiceError("InvalidInputException", f"Expression {expression!r} cannot be read: {error}.") from error


async def _get_table_versions(params: Json, ask: Ask) -> Json:
    named = {key: params[key] for key in ("DatabaseName", "TableName")}
    return page((await ask("GetTableVersions", named))["TableVersions"], params, "TableVersions")


async def _create_table(params: Json, ask: Ask) -> Json:
    if not (params.get("TableInput") or {}).get("Name"):
        raise ServiceError("InvalidInputException", "CreateTable needs TableInput with a Name.")
    if params.get("OpenTableFormatInput"):
        message = "The local cloud's Glue writes no table metadata (OpenTableFormatInput): create the Iceberg table with Athena."
        raise ServiceError("InvalidInputException", message)
    return await ask("CreateTable", params)


_ACTIONS: dict[str, Action] = {
    "CreateTable": _create_table,
    "GetDatabases": _get_databases,
    "GetTables": _get_tables,
    "GetTableVersions": _get_table_versions,
    "SearchTables": search_tables,
    **PARTITION_ACTIONS,
}
