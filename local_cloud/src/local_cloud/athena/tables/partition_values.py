"""Read the values of partitions, which are texts in the catalog and in paths."""

from __future__ import annotations

import pyarrow as pa

from local_cloud.athena import quoting
from local_cloud.athena.catalog.glue import GlueTable
from local_cloud.athena.types import duckdb_name, parse_type

NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"


def partition_texts(table: GlueTable, partitions: list[tuple[str, ...]]) -> dict[str, pa.Array]:
    """Return the values of partitions by key, ``p0``, ``p1`` …; that of the default partition is NULL."""
    columns = {}
    for index, _ in enumerate(table.partition_keys):
        values = [partition[index] for partition in partitions]
        columns[f"p{index}"] = pa.array([None if value == NULL_PARTITION else value for value in values], pa.string())
    return columns


def partition_value(source: str, name: str, hive_type: str) -> str:
    """Return SQL for the typed value of a partition's text."""
    kind = parse_type(hive_type)
    if kind.is_text:
        return source
    bad = quoting.fail(
        "HIVE_INVALID_PARTITION_VALUE",
        f"'Invalid partition value ''' || {source} || ''' for {kind} partition key: {name}'",
    )
    return f"CASE WHEN {source} IS NULL THEN NULL ELSE coalesce(TRY_CAST({source} AS {duckdb_name(kind)}), {bad}) END"
