"""Keep a table of the Glue catalog as it was given, with its earlier versions.

MiniStack fills in what nobody gave (``Description`` and ``Owner`` as empty texts, which no client accepts in an update), keeps what an
update leaves out, and has no versions. Sources: https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateTable.html ("UpdateTable
always creates an archived version of the table before updating it", but with ``SkipArchive``),
https://docs.aws.amazon.com/glue/latest/webapi/API_GetTableVersions.html. Where a page says nothing, moto's Glue decides: versions
begin with 1 and are listed in their order.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from local_cloud.emulator.seams import require
from local_cloud.wire import Answer, Json

Operation = Callable[[Json], Answer]

_FROM_INPUT = (
    "Description", "Owner", "LastAccessTime", "LastAnalyzedTime", "StorageDescriptor", "PartitionKeys", "ViewOriginalText", "ViewExpandedText",
    "TableType", "Parameters", "TargetTable", "FederatedTable", "ViewDefinition", "IsMultiDialectView",
)  # fmt: skip
_NEEDED = (
    "AccountRegionScopedDict", "_ALL_STATE", "_batch_delete_table", "_create_database", "_create_table", "_databases", "_delete_database",
    "_delete_table", "_get_table", "_get_tables", "_handle_request_sync", "_tables", "_update_database", "_update_table",
    "error_response_json", "json_response",
)  # fmt: skip
_ALL_MAY = [{"Principal": {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}, "Permissions": ["ALL"]}]


def patch_catalog_tables(glue: Any) -> None:
    """Replace how ``ministack.services.glue`` keeps databases and tables, and add the actions on versions.

    Raises:
        SeamMovedError: MiniStack lacks one of the functions.
    """
    require(glue, *_NEEDED)
    versions = glue.AccountRegionScopedDict()
    glue._ALL_STATE["table_versions"] = versions
    _patch_databases(glue)
    _patch_tables(glue, versions)
    added = {
        "GetTableVersions": lambda data: _get_versions(glue, versions, data),
        "GetTableVersion": lambda data: _get_version(glue, versions, data),
        "DeleteTableVersion": lambda data: _delete_version(glue, versions, data),
        "BatchDeleteTableVersion": lambda data: _batch_delete_version(glue, versions, data),
    }
    original = glue._handle_request_sync

    def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Any:
        operation = added.get(headers.get("x-amz-target", "").rpartition(".")[2])
        return operation(json.loads(body or b"{}")) if operation else original(method, path, headers, body, query)

    glue._handle_request_sync = handle


def _patch_databases(glue: Any) -> None:
    def completed(change: Operation, *, new: bool) -> Operation:
        def changed(data: Json) -> Answer:
            given = data.get("DatabaseInput") or {}
            answer = change(data)
            database = glue._databases.get(given.get("Name") if new else data.get("Name"))
            if answer[0] == 200:
                for name in ("Description", "LocationUri", "Parameters", "TargetDatabase"):
                    database.pop(name, None)
                database["CreateTableDefaultPermissions"] = _ALL_MAY
                database.update({name: value for name, value in given.items() if name != "Name" and value is not None})
            return answer

        return changed

    glue._create_database = completed(glue._create_database, new=True)
    glue._update_database = completed(glue._update_database, new=False)


def _patch_tables(glue: Any, versions: Any) -> None:
    create, update, listed, found = glue._create_table, glue._update_table, glue._get_tables, glue._get_table

    def create_table(data: Json) -> Answer:
        answer: Answer = create(data)
        if answer[0] == 200:
            _as_given(glue._tables[_key(data, "TableInput")], data["TableInput"])
        return answer

    def update_table(data: Json) -> Answer:
        key = _key(data, "TableInput")
        before = dict(glue._tables.get(key) or {})
        answer: Answer = update(data)
        if answer[0] == 200:
            _as_given(glue._tables[key], data["TableInput"])
            if not data.get("SkipArchive"):
                versions[key] = [*versions.get(key, []), before]
        return answer

    glue._create_table, glue._update_table = create_table, update_table
    glue._get_tables = lambda data: _without_database(glue, data) or listed(data)
    glue._get_table = lambda data: _without_database(glue, data) or found(data)
    for name in ("_delete_table", "_batch_delete_table", "_delete_database"):
        setattr(glue, name, _forgetting(glue, versions, getattr(glue, name)))


def _forgetting(glue: Any, versions: Any, delete: Operation) -> Operation:
    """Return ``delete``, after which the tables that are gone have no versions."""

    def deleted(data: Json) -> Answer:
        answer = delete(data)
        for key in [key for key in versions if key not in glue._tables]:
            del versions[key]
        return answer

    return deleted


def _as_given(table: Json, given: Json) -> None:
    for name in _FROM_INPUT:
        table.pop(name, None)
    table.update({name: given[name] for name in _FROM_INPUT if given.get(name) is not None})
    table["Retention"] = given.get("Retention") or 0


def _key(data: Json, inside: str = "") -> str:
    name = (data.get(inside) or {}).get("Name") if inside else data.get("TableName") or data.get("Name")
    return f"{data.get('DatabaseName')}/{name}"


def _without_database(glue: Any, data: Json) -> Answer | None:
    """Return the refusal of a call that names a database which is not there; None when it is."""
    if data.get("DatabaseName") in glue._databases:
        return None
    return _refusal(glue, "EntityNotFoundException", f"Database {data.get('DatabaseName')} not found.")


def _without_table(glue: Any, data: Json) -> Answer | None:
    if _key(data) in glue._tables:
        return None
    missing = _refusal(glue, "EntityNotFoundException", f"Table {data.get('TableName')} not found.")
    return _without_database(glue, data) or missing


def _all_versions(glue: Any, versions: Any, data: Json) -> list[Json]:
    tables = [*versions.get(_key(data), []), glue._tables[_key(data)]]
    return [{"Table": table, "VersionId": table["VersionId"]} for table in tables]


def _get_versions(glue: Any, versions: Any, data: Json) -> Answer:
    refused = _without_table(glue, data)
    return refused or _answer(glue, {"TableVersions": _all_versions(glue, versions, data)})


def _get_version(glue: Any, versions: Any, data: Json) -> Answer:
    """Answer with one version of a table: the latest when none is named."""
    if refused := _without_table(glue, data) or _no_number(glue, data):
        return refused
    every = _all_versions(glue, versions, data)
    found = next((one for one in every if one["VersionId"] == data.get("VersionId", every[-1]["VersionId"])), None)
    missing = _refusal(glue, "EntityNotFoundException", "Version not found.")
    return _answer(glue, {"TableVersion": found}) if found else missing


def _no_number(glue: Any, data: Json) -> Answer | None:
    number = str(data.get("VersionId", "0"))
    if number.isdigit():
        return None
    return _refusal(glue, "InvalidInputException", f"VersionId {number!r} is no number.")


def _delete_version(glue: Any, versions: Any, data: Json) -> Answer:
    if refused := _without_table(glue, data) or _no_number(glue, data):
        return refused
    key, number = _key(data), data.get("VersionId")
    if glue._tables[key]["VersionId"] == number:
        return _refusal(glue, "InvalidInputException", f"Version {number} is the table's current one: it stays.")
    kept = [table for table in versions.get(key, []) if table["VersionId"] != number]
    if len(kept) == len(versions.get(key, [])):
        return _refusal(glue, "EntityNotFoundException", "Version not found.")
    versions[key] = kept
    return _answer(glue, {})


def _batch_delete_version(glue: Any, versions: Any, data: Json) -> Answer:
    if refused := _without_table(glue, data):
        return refused
    errors = []
    for number in data.get("VersionIds") or []:
        answer = _delete_version(glue, versions, {**data, "VersionId": number})
        if answer[0] != 200:
            told = json.loads(answer[2])
            detail = {"ErrorCode": told["__type"], "ErrorMessage": told["message"]}
            errors.append({"TableName": data.get("TableName"), "VersionId": number, "ErrorDetail": detail})
    return _answer(glue, {"Errors": errors})


def _answer(glue: Any, document: Json) -> Answer:
    found: Answer = glue.json_response(document)
    return found


def _refusal(glue: Any, code: str, message: str) -> Answer:
    found: Answer = glue.error_response_json(code, message, 400)
    return found
