"""Answer the actions on partitions that MiniStack lacks or answers only in part, by those that it has.

Every action names a table, which has to be there, and values, which have to be one for each of its keys. Sources:
https://docs.aws.amazon.com/glue/latest/webapi/API_GetPartitions.html,
https://docs.aws.amazon.com/glue/latest/webapi/API_CreatePartition.html,
https://docs.aws.amazon.com/glue/latest/webapi/API_UpdatePartition.html,
https://docs.aws.amazon.com/glue/latest/webapi/API_DeletePartition.html,
https://docs.aws.amazon.com/glue/latest/webapi/API_BatchDeletePartition.html
"""

from __future__ import annotations

from local_cloud.glue.catalog.partition_expression import ExpressionError, parse
from local_cloud.glue.catalog.partition_types import StoredValueError
from local_cloud.glue.catalog.refusals import Action, Ask, RefusedError
from local_cloud.glue.resources import page
from local_cloud.wire import Json, ServiceError

NULL_VALUE = "__HIVE_DEFAULT_PARTITION__"


async def _get_partitions(params: Json, ask: Ask) -> Json:
    """Return the partitions that pass the expression, a page at a time."""
    keys = await _keys(params, ask)
    found = (await ask("GetPartitions", _table(params)))["Partitions"]
    if (params.get("Expression") or "").strip():
        found = _passing(found, keys, params["Expression"])
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
        raise ServiceError("InvalidInputException", str(error)) from error
    except StoredValueError as error:
        raise ServiceError("InvalidStateException", str(error)) from error


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


def _table(params: Json) -> Json:
    return {key: params[key] for key in ("DatabaseName", "TableName")}


async def _keys(params: Json, ask: Ask) -> list[Json]:
    """Return the partition keys of the table that a request names; it is refused when there is no such table."""
    table = (await ask("GetTable", {"DatabaseName": params["DatabaseName"], "Name": params["TableName"]}))["Table"]
    return list(table.get("PartitionKeys") or [])


def _problem(partition: Json, keys: list[Json]) -> str | None:
    """Return why the values do not fit the table's keys; None when they do."""
    values = partition.get("Values") or []
    if len(values) == len(keys):
        return None
    return f"The number of partition keys ({len(keys)}) is not that of partition values ({len(values)}: {values})."


async def _update_partition(params: Json, ask: Ask) -> Json:
    """Change a partition, whose values may be new: not those of another one."""
    old, new = params["PartitionValueList"], params["PartitionInput"].get("Values") or params["PartitionValueList"]
    problem = _problem({"Values": new}, await _keys(params, ask))
    if problem is not None:
        raise ServiceError("InvalidInputException", problem)
    await ask("GetPartition", {**_table(params), "PartitionValues": old})  # which refuses what is not there
    if old != new and await _exists({**_table(params), "PartitionValues": new}, ask):
        raise ServiceError("AlreadyExistsException", f"Partition {new} already exists.")
    entry = {"PartitionValueList": old, "PartitionInput": {**params["PartitionInput"], "Values": new}}
    await ask("BatchUpdatePartition", {**_table(params), "Entries": [entry]})
    return {}


async def _exists(named: Json, ask: Ask) -> bool:
    try:
        await ask("GetPartition", named)
    except RefusedError:
        return False
    return True


async def _get_partition(params: Json, ask: Ask) -> Json:
    await _keys(params, ask)
    return await ask("GetPartition", params)


async def _delete_partition(params: Json, ask: Ask) -> Json:
    await _get_partition(params, ask)  # which refuses what is not there
    return await ask("DeletePartition", params)


async def _batch_get_partition(params: Json, ask: Ask) -> Json:
    await _keys(params, ask)
    return await ask("BatchGetPartition", params)


async def _batch_update_partition(params: Json, ask: Ask) -> Json:
    await _keys(params, ask)
    return await ask("BatchUpdatePartition", params)


async def _batch_delete_partition(params: Json, ask: Ask) -> Json:
    await _keys(params, ask)
    errors = []
    for wanted in params["PartitionsToDelete"]:
        try:
            await _delete_partition({**_table(params), "PartitionValues": wanted["Values"]}, ask)
        except RefusedError as refused:
            errors.append({"PartitionValues": wanted["Values"], "ErrorDetail": refused.detail})
    return {"Errors": errors}


PARTITION_ACTIONS: dict[str, Action] = {
    "GetPartition": _get_partition,
    "GetPartitions": _get_partitions,
    "CreatePartition": _create_partition,
    "BatchCreatePartition": _batch_create_partition,
    "UpdatePartition": _update_partition,
    "DeletePartition": _delete_partition,
    "BatchGetPartition": _batch_get_partition,
    "BatchUpdatePartition": _batch_update_partition,
    "BatchDeletePartition": _batch_delete_partition,
}
