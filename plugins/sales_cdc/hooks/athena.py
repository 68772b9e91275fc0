"""Athena: the work group, and a query's rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from botocore.exceptions import ClientError

from sales_cdc.drift import drift
from sales_cdc.hooks.resource import Found, ResourceHook, tags_by_key, without

MOST_ROWS = 999  # of one GetQueryResults call; its first row repeats the column names
EXACT: dict[str, Callable[[str], Any]] = {
    "boolean": lambda text: text == "true",
    "decimal": Decimal,
    **dict.fromkeys(("tinyint", "smallint", "integer", "bigint"), int),
}


@dataclass(frozen=True)
class QueryRows:
    """A query's columns by name and by Athena's type, and its rows as Athena's texts (None for NULL)."""

    columns: list[str]
    types: list[str]
    rows: list[list[str | None]]

    def values(self) -> list[list[Any]]:
        """The rows with whole numbers, decimals and booleans as such, exact; everything else stays text."""
        exact = [EXACT.get(kind, str) for kind in self.types]
        return [
            [None if cell is None else make(cell) for make, cell in zip(exact, row, strict=True)] for row in self.rows
        ]

    def as_table(self) -> str:
        """Plain text columns, as wide as their widest value; empty for NULL."""
        return as_table(self.columns, [[cell or "" for cell in row] for row in self.rows])


def first_rows(client: Any, query_execution_id: str, most: int = MOST_ROWS) -> QueryRows:
    """The first rows of a SELECT that has succeeded. Source: Amazon Athena API Reference, *GetQueryResults*."""
    found = client.get_query_results(QueryExecutionId=query_execution_id, MaxResults=most + 1)["ResultSet"]
    columns = found["ResultSetMetadata"]["ColumnInfo"]
    rows = [[cell.get("VarCharValue") for cell in row["Data"]] for row in found["Rows"][1:]]
    return QueryRows([column["Name"] for column in columns], [column["Type"] for column in columns], rows)


def as_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(line[at]) for line in (header, *rows)) for at in range(len(header))]
    lines = [
        " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in (header, *rows)
    ]
    return "\n".join([lines[0], "-+-".join("-" * width for width in widths), *lines[1:]])


class WorkGroupHook(ResourceHook):
    """A work group. Athena tells its errors apart by their messages only.

    Source: Amazon Athena API Reference, *CreateWorkGroup*, *UpdateWorkGroup*, *DeleteWorkGroup*.
    """

    service = "athena"
    kind = "Athena work group"
    name_field = "Name"
    absent_codes = frozenset({"InvalidRequestException"})
    taken_codes = frozenset({"InvalidRequestException"})

    def means_absent(self, error: ClientError) -> bool:
        return super().means_absent(error) and "not found" in error.response["Error"]["Message"]

    def means_taken(self, error: ClientError) -> bool:
        return super().means_taken(error) and "already" in error.response["Error"]["Message"]

    def describe(self, name: str) -> Found:
        group = self.conn.get_work_group(WorkGroup=name)["WorkGroup"]
        arn = f"arn:{self.conn_partition}:athena:{self.conn_region_name}:{self.account_id}:workgroup/{name}"
        return Found(name, arn, tags_by_key(self.conn.list_tags_for_resource(ResourceARN=arn)["Tags"]), group)

    def create(self, definition: Mapping[str, Any]) -> None:
        self.conn.create_work_group(**definition)

    def update(self, found: Found, definition: Mapping[str, Any]) -> list[str]:
        changes = drift(without(definition, "Tags"), found.description)
        if changes:
            configuration = definition["Configuration"]
            updates = without(configuration, "ResultConfiguration")
            self.conn.update_work_group(
                WorkGroup=found.name,
                Description=definition["Description"],
                ConfigurationUpdates={**updates, "ResultConfigurationUpdates": configuration["ResultConfiguration"]},
            )
        return changes

    def delete(self, found: Found) -> None:
        self.conn.delete_work_group(WorkGroup=found.name, RecursiveDeleteOption=True)
