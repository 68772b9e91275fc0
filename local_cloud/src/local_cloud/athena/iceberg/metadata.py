"""Read the metadata tables of an Iceberg table: ``"t$snapshots"``, ``"t$history"``, ``"t$partitions"``; others in ``metadata_files``.

Sources: https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-table-data.html,
https://trino.io/docs/current/connector/iceberg.html#metadata-tables. The tests hold it against answers of a real Trino.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from pyiceberg.conversions import from_bytes
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import NestedField

from local_cloud.athena.iceberg import metadata_files
from local_cloud.athena.iceberg.types import trino_type
from local_cloud.athena.sql.queries.iceberg_metadata import METADATA_COLUMNS
from local_cloud.athena.types import BIGINT, Type, row

_COUNTS = ("record_count", "file_count", "total_size")


def metadata_rows(loaded: Table, name: str) -> pa.Table:
    """Return the rows of one metadata table."""
    if name == "partitions":
        return _partitions(loaded)
    if name == "history":
        return _history(loaded)
    if name in metadata_files.TABLES:
        return metadata_files.TABLES[name](loaded)
    columns = [column for column, _ in METADATA_COLUMNS[name]]
    table = loaded.inspect.snapshots()
    return table.select(columns).set_column(0, "committed_at", table["committed_at"].cast(pa.timestamp("ms", "UTC")))


def partition_columns(loaded: Table) -> list[tuple[str, Type]]:
    """Return names and types of ``"t$partitions"``."""
    counts: list[tuple[str, Type]] = [(name, BIGINT) for name in _COUNTS]
    keys = _keys(loaded)
    bounds = [(field.name, _bounds(trino_type(field.field_type))) for field in _measured(loaded)]
    start = [("partition", row([(name, trino_type(kind)) for name, kind in keys]))] if keys else []
    return [*start, *counts, *([("data", row([*bounds]))] if bounds else [])]


def _bounds(kind: Type) -> Type:
    return row([("min", kind), ("max", kind), ("null_count", BIGINT), ("nan_count", BIGINT)])


def _keys(loaded: Table) -> list[tuple[str, Any]]:
    """Return name and Iceberg type of each field of the partitioning."""
    schema = loaded.schema()
    return [
        (field.name, field.transform.result_type(schema.find_type(field.source_id))) for field in loaded.spec().fields
    ]


def _measured(loaded: Table) -> list[NestedField]:
    """Return the columns whose least and greatest values are shown: simple ones that are no keys themselves."""
    keys = {field.source_id for field in loaded.spec().fields if isinstance(field.transform, IdentityTransform)}
    return [field for field in loaded.schema().fields if field.field_id not in keys and field.field_type.is_primitive]


def _partitions(loaded: Table) -> pa.Table:
    keys, measured = _keys(loaded), _measured(loaded)
    found: dict[tuple[Any, ...], list[DataFile]] = {}
    for file in _data_files(loaded):
        values = tuple(file.partition[index] for index in range(len(keys)))
        found.setdefault(values, []).append(file)
    rows = [_partition(values, files, keys, measured) for values, files in found.items()]
    return pa.Table.from_pylist(rows, schema=pa.schema(list(_fields(keys, measured))))


def _fields(keys: list[tuple[str, Any]], measured: list[NestedField]) -> Iterator[pa.Field]:
    if keys:
        yield pa.field("partition", pa.struct([(name, schema_to_pyarrow(kind)) for name, kind in keys]))
    yield from (pa.field(name, pa.int64()) for name in _COUNTS)
    if measured:
        kinds = [(field.name, schema_to_pyarrow(field.field_type)) for field in measured]
        counts = [("null_count", pa.int64()), ("nan_count", pa.int64())]
        yield pa.field(
            "data", pa.struct([(name, pa.struct([("min", kind), ("max", kind), *counts])) for name, kind in kinds])
        )


def _partition(
    values: tuple[Any, ...], files: list[DataFile], keys: list[tuple[str, Any]], measured: list[NestedField]
) -> dict[str, Any]:
    return {
        "partition": {name: value for (name, _), value in zip(keys, values, strict=True)},
        "record_count": sum(file.record_count for file in files),
        "file_count": len(files),
        "total_size": sum(file.file_size_in_bytes for file in files),
        "data": {field.name: _range(field, files) for field in measured},
    }


def _range(field: NestedField, files: list[DataFile]) -> dict[str, Any]:
    """Return what the files' metadata has of one column; NULL where a file with values says nothing of them."""
    valued = [file for file in files if (file.null_value_counts or {}).get(field.field_id) != file.record_count]
    least = [_bound(field, file.lower_bounds) for file in valued]
    greatest = [_bound(field, file.upper_bounds) for file in valued]
    return {
        "min": None if None in least else min(least, default=None),
        "max": None if None in greatest else max(greatest, default=None),
        "null_count": _total(field, [file.null_value_counts for file in files]),
        "nan_count": _total(field, [file.nan_value_counts for file in files]),
    }


def _bound(field: NestedField, bounds: dict[int, bytes] | None) -> Any:
    found = (bounds or {}).get(field.field_id)
    return None if found is None else from_bytes(field.field_type, found)


def _total(field: NestedField, counts: list[dict[int, int] | None]) -> int | None:
    known = [count[field.field_id] for count in counts if count and field.field_id in count]
    return sum(known) if len(known) == len(counts) else None


def _data_files(loaded: Table) -> Iterator[DataFile]:
    for task in loaded.scan().plan_files():
        yield task.file


def _history(loaded: Table) -> pa.Table:
    parents = {item.snapshot_id: item.parent_snapshot_id for item in loaded.snapshots()}
    current = loaded.current_snapshot()
    ancestors, walked = set(), current.snapshot_id if current is not None else None
    while walked is not None and walked not in ancestors:
        ancestors.add(walked)
        walked = parents.get(walked)
    entries = loaded.history()
    return pa.table({
        "made_current_at": pa.array([datetime.fromtimestamp(entry.timestamp_ms / 1000, UTC) for entry in entries], pa.timestamp("ms", "UTC")),
        "snapshot_id": pa.array([entry.snapshot_id for entry in entries], pa.int64()),
        "parent_id": pa.array([parents.get(entry.snapshot_id) for entry in entries], pa.int64()),
        "is_current_ancestor": pa.array([entry.snapshot_id in ancestors for entry in entries], pa.bool_()),
    })  # fmt: skip
