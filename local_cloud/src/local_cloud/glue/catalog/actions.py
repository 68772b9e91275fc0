"""Answer catalog actions that MiniStack lacks or answers only in part, by those that it has.

Sources: https://docs.aws.amazon.com/glue/latest/webapi/API_GetTables.html,
https://docs.aws.amazon.com/glue/latest/webapi/API_GetPartitions.html,
https://docs.aws.amazon.com/glue/latest/webapi/API_CreatePartition.html,
https://docs.aws.amazon.com/glue/latest/webapi/API_UpdatePartition.html,
https://docs.aws.amazon.com/glue/latest/webapi/API_BatchDeletePartition.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

from local_cloud.glue.catalog.partition_expression import ExpressionError, parse
from local_cloud.glue.resources import page
from local_cloud.wire import Json, Response, ServiceError, encode, error_response

Handler = Callable[..., Awaitable[tuple[int, dict[str, str], bytes]]]
Ask = Callable[[str, Json], Awaitable[Json]]

NULL_VALUE = "__HIVE_DEFAULT_PARTITION__"
CONTENT_TYPE = "application/x-amz-json-1.1"


class _RefusedError(Exception):
    """MiniStack's own error, to be handed on as it is."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        super().__init__(body)
        self.answer = status, headers, body


def around(original: Handler) -> Handler:
    """Put the actions of this module in front of MiniStack's handler of Glue."""

    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Any:
        target, _, name = headers.get("x-amz-target", "").rpartition(".")
        if name not in _ACTIONS:
            return await original(method, path, headers, body, query)

        async def ask(action: str, params: Json) -> Json:
            asked = {**headers, "x-amz-target": f"{target}.{action}"}
            status, answered, content = await original(method, path, asked, json.dumps(params).encode(), query)
            if status != 200:
                raise _RefusedError(status, answered, content)
            found: Json = json.loads(content)
            return found

        try:
            return Response(
                200, {"Content-Type": CONTENT_TYPE}, encode(await _ACTIONS[name](json.loads(body or b"{}"), ask))
            )
        except _RefusedError as refused:
            return refused.answer
        except ServiceError as error:
            return error_response(error, CONTENT_TYPE)

    return handle


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


async def _get_partitions(params: Json, ask: Ask) -> Json:
    """Return the partitions that pass the expression, a page at a time."""
    named = {key: params[key] for key in ("DatabaseName", "TableName")}
    table = (await ask("GetTable", {"DatabaseName": named["DatabaseName"], "Name": named["TableName"]}))["Table"]
    found = (await ask("GetPartitions", named))["Partitions"]
    if params.get("Expression", "").strip():
        found = _passing(found, table.get("PartitionKeys", []), params["Expression"])
    if segment := params.get("Segment"):
        found = found[segment["SegmentNumber"] :: segment["TotalSegments"]]
    if params.get("ExcludeColumnSchema"):
        found = [{**partition, "StorageDescriptor": _without_columns(partition)} for partition in found]
    return page(found, params, "Partitions")


def _passing(partitions: list[Json], keys: list[Json], expression: str) -> list[Json]:
    names = [key["Name"].lower() for key in keys]
    try:
        passes = parse(expression, {key["Name"]: key.get("Type", "string") for key in keys})
        return [
            partition
            for partition in partitions
            if passes(dict(zip(names, map(_value, partition["Values"]), strict=True)))
        ]
    except ExpressionError as error:
        raise ServiceError("InvalidInputException", f"Unsupported expression: {error}") from error


def _value(text: str) -> str | None:
    return None if text == NULL_VALUE else text


def _without_columns(partition: Json) -> Json:
    return {key: value for key, value in partition.get("StorageDescriptor", {}).items() if key != "Columns"}


async def _create_partition(params: Json, ask: Ask) -> Json:
    problem = _problem(params["PartitionInput"], await _keys(params, ask))
    if problem is not None:
        raise ServiceError("InvalidInputException", problem)
    return await ask("CreatePartition", params)


async def _batch_create_partition(params: Json, ask: Ask) -> Json:
    keys = await _keys(params, ask)
    problems = [(one, _problem(one, keys)) for one in params["PartitionInputList"]]
    good = [one for one, problem in problems if problem is None]
    answer = await ask("BatchCreatePartition", {**params, "PartitionInputList": good}) if good else {}
    refused = [
        {"PartitionValues": one.get("Values", []), "ErrorDetail": {"ErrorCode": "InvalidInputException", "ErrorMessage": problem}}
        for one, problem in problems
        if problem is not None
    ]  # fmt: skip
    return {**answer, "Errors": [*answer.get("Errors", []), *refused]}


async def _keys(params: Json, ask: Ask) -> list[Json]:
    """Return the partition keys of the table that a request names."""
    table = (await ask("GetTable", {"DatabaseName": params["DatabaseName"], "Name": params["TableName"]}))["Table"]
    return list(table.get("PartitionKeys") or [])


def _problem(partition: Json, keys: list[Json]) -> str | None:
    """Return why the values do not fit the table's keys; None when they do."""
    values = partition.get("Values") or []
    if len(values) == len(keys):
        return None
    return f"The number of partition keys ({len(keys)}) is not that of partition values ({len(values)}: {values})."


async def _update_partition(params: Json, ask: Ask) -> Json:
    named = {key: params[key] for key in ("DatabaseName", "TableName")}
    entry = {"PartitionValueList": params["PartitionValueList"], "PartitionInput": params["PartitionInput"]}
    errors = (await ask("BatchUpdatePartition", {**named, "Entries": [entry]}))["Errors"]
    if errors:
        detail = errors[0]["ErrorDetail"]
        raise ServiceError(detail["ErrorCode"], detail["ErrorMessage"])
    return {}


async def _batch_delete_partition(params: Json, ask: Ask) -> Json:
    named = {key: params[key] for key in ("DatabaseName", "TableName")}
    errors = []
    for wanted in params["PartitionsToDelete"]:
        try:
            await ask("GetPartition", {**named, "PartitionValues": wanted["Values"]})
            await ask("DeletePartition", {**named, "PartitionValues": wanted["Values"]})
        except _RefusedError as refused:
            problem = json.loads(refused.answer[2])
            detail = {"ErrorCode": problem.get("__type", ""), "ErrorMessage": problem.get("message", "")}
            errors.append({"PartitionValues": wanted["Values"], "ErrorDetail": detail})
    return {"Errors": errors}


_ACTIONS: dict[str, Callable[[Json, Ask], Awaitable[Json]]] = {
    "GetTables": _get_tables,
    "GetPartitions": _get_partitions,
    "CreatePartition": _create_partition,
    "BatchCreatePartition": _batch_create_partition,
    "UpdatePartition": _update_partition,
    "BatchDeletePartition": _batch_delete_partition,
}
