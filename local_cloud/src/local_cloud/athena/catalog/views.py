"""Read and write views as Athena keeps them in Glue: ``/* Presto View: base64 of JSON */``.

Sources: https://docs.aws.amazon.com/athena/latest/ug/views.html,
https://trino.io/docs/current/connector/hive.html
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass

from local_cloud.athena.catalog.glue import GlueTable
from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.types import Type, hive_name, trino_name
from local_cloud.wire import Json

_STORED = re.compile(r"/\* Presto View: ([A-Za-z0-9+/=]+) \*/")

OWNER = "hadoop"


@dataclass(frozen=True, slots=True)
class StoredView:
    """A view's query, the database its unqualified names mean, and its columns (name, Trino type)."""

    sql: str
    schema: str
    columns: tuple[tuple[str, str], ...]


def stored_view(table: GlueTable) -> StoredView:
    """Return the view that the catalog keeps.

    Raises:
        QueryFailedError: it was not written by Athena.
    """
    match = _STORED.search(table.document.get("ViewOriginalText") or "")
    if match is None:
        raise QueryFailedError(
            "INVALID_VIEW", f"View '{table.database}.{table.name}' has no Athena definition (/* Presto View: … */)"
        )
    document = json.loads(base64.b64decode(match[1]))
    columns = tuple((column["name"], column["type"]) for column in document["columns"])
    return StoredView(document["originalSql"], document.get("schema") or table.database, columns)


def view_input(name: str, schema: str, sql: str, columns: list[tuple[str, Type]]) -> Json:
    """Return the ``TableInput`` of a view.

    It names an owner, without whom Trino refuses a view that runs as its definer (INVALID_VIEW). Which one AWS names is not known.
    """
    document = {
        "originalSql": sql, "catalog": "awsdatacatalog", "schema": schema,
        "columns": [{"name": column, "type": trino_name(kind)} for column, kind in columns],
    }  # fmt: skip
    encoded = base64.b64encode(json.dumps(document).encode()).decode()
    return {
        "Name": name,
        "Owner": OWNER,
        "TableType": "VIRTUAL_VIEW",
        "ViewOriginalText": f"/* Presto View: {encoded} */",
        "ViewExpandedText": "/* Presto View */",
        "Parameters": {"presto_view": "true", "comment": "Presto View"},
        "PartitionKeys": [],
        "StorageDescriptor": {
            "Columns": [{"Name": column, "Type": hive_name(kind)} for column, kind in columns],
            "Location": "",
            "SerdeInfo": {},
        },
    }
