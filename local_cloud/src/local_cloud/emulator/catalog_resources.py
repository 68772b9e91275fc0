"""Name every resource against which AWS checks a call on the Glue Data Catalog; MiniStack checks one of them.

A call is checked on the catalog, then on the database, then on its tables or functions; a call that names none of a kind is
checked on all of them (``*``). DeleteDatabase is checked on every table and function in it; GetTables leaves out the tables that its
caller may not see (``table_filter.py``).
Sources: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsglue.html,
https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_PART_ACTIONS = tuple(
    [f"{verb}{noun}" for verb in ("Create", "Delete", "Get", "Update") for noun in ("Partition", "Table")]
    + [f"{verb}ColumnStatisticsFor{noun}" for verb in ("Delete", "Get", "Update") for noun in ("Partition", "Table")]
    + [f"Batch{verb}Partition" for verb in ("Create", "Delete", "Get", "Update")]
    + ["CreatePartitionIndex", "DeletePartitionIndex", "GetPartitionIndexes", "GetPartitions"]
    + ["BatchDeleteTable", "BatchDeleteTableVersion", "DeleteTableVersion", "GetTableVersion", "GetTableVersions"]
    + ["RenameTable", "SearchTables"]
)
_LEVELS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("CreateDatabase", "GetDatabase", "GetDatabases", "UpdateDatabase"), ("database",)),
    "DeleteDatabase": ("database", "table", "userDefinedFunction"),
    "GetTables": ("database",),
    **dict.fromkeys(_PART_ACTIONS, ("database", "table")),
    "CreateUserDefinedFunction": ("database",),
    **{
        f"{action}": ("database", "userDefinedFunction")
        for action in (
            "DeleteUserDefinedFunction", "GetUserDefinedFunction", "GetUserDefinedFunctions", "UpdateUserDefinedFunction"
        )
    },
}  # fmt: skip
ACTIONS = frozenset(_LEVELS)


def catalog_resources(action: str, request: Mapping[str, Any], place: str) -> list[str]:
    """Return the ARNs against which a catalog call is checked, in AWS's order; none for another action of Glue.

    Args:
        action: Glue's, such as ``GetTable``.
        request: the body of the request.
        place: region and account, as they are in an ARN: ``us-east-1:000000000000``.
    """
    if action not in _LEVELS:
        return []
    database = _database(action, request)
    members = {"database": [database], "table": _tables(action, request), "userDefinedFunction": ["*"]}
    if "UserDefinedFunction" in action:
        members["userDefinedFunction"] = [_text(request.get("FunctionName")) or "*"]
    start = f"arn:aws:glue:{place}"
    found = [f"{start}:catalog"]
    for level in _LEVELS[action]:
        inside = "" if level == "database" else f"{database}/"
        found += [f"{start}:{level}/{inside}{member}" for member in members[level]]
    return found


def _database(action: str, request: Mapping[str, Any]) -> str:
    named = request.get("DatabaseName") or (request.get("DatabaseInput") or {}).get("Name")
    if not named and action.endswith("Database"):
        named = request.get("Name")
    return _text(named) or "*"


def _tables(action: str, request: Mapping[str, Any]) -> list[str]:
    """Return the tables of a call: the one that it names, those of its list, or all."""
    listed = request.get("TablesToDelete")
    if isinstance(listed, list) and listed:
        return [_text(name) for name in listed]
    named = request.get("TableName") or (request.get("TableInput") or {}).get("Name")
    if not named and action != "DeleteDatabase":
        named = request.get("Name")
    return [_text(named) or "*"]


def _text(value: Any) -> str:
    return value.lower() if isinstance(value, str) else ""
