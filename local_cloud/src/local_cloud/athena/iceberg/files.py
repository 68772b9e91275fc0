"""Read Iceberg data files where they are, and of them only the needed columns and row groups.

Others are read through PyIceberg: rows that were deleted, columns that were renamed, values that no column of the file holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.manifest import FileFormat
from pyiceberg.schema import Schema
from pyiceberg.table import FileScanTask
from pyiceberg.types import (
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegerType,
    LongType,
    StringType,
    TimestampType,
)

from local_cloud.athena import quoting
from local_cloud.athena.sql.model import PATH_COLUMN
from local_cloud.athena.sql.values.arrow_rows import held
from local_cloud.athena.types import Type, duckdb_name

_SAME_IN_PARQUET = (
    BooleanType, DateType, DecimalType, DoubleType, FloatType, IntegerType, LongType, StringType, TimestampType,
)  # fmt: skip
_FIELD_ID = b"PARQUET:field_id"


def are_plain(schema: Schema, tasks: Sequence[FileScanTask]) -> bool:
    """Say whether Iceberg's metadata lets the files be read as they are."""
    return (
        bool(tasks)
        and all(isinstance(field.field_type, _SAME_IN_PARQUET) for field in schema.fields)
        and all(task.file.file_format == FileFormat.PARQUET and not task.delete_files for task in tasks)
    )


def shared_columns(schema: Schema, files: Iterable[Path], needed: set[int]) -> set[str] | None:
    """Return the columns that any file holds, in lower case. None: a file names one otherwise, or lacks a ``needed`` one (ids)."""
    names = {field.field_id: field.name for field in schema.fields}
    held_by_any: set[int] = set()
    for file in files:
        found = {_field_id(field): field.name for field in pq.read_schema(file)}
        taken = set(found.values()) & set(names.values())
        if any(found.get(number) not in (None, name) for number, name in names.items()) or not needed <= found.keys():
            return None
        if taken != {names[number] for number in found.keys() & names.keys()}:  # a name that now means another column
            return None
        held_by_any |= found.keys() & names.keys()
    return {names[number].lower() for number in held_by_any}


def parquet_sql(files: Sequence[Path]) -> str:
    return f"read_parquet({quoting.paths(list(files))}, union_by_name = true, hive_partitioning = false, filename = '$file')"


def columns_sql(columns: Sequence[tuple[str, Type]], present: set[str], source: str, path: str) -> str:
    """Return SQL that yields the columns as ``c0``, ``c1``, … and ``path`` as ``$path``; a column that the source lacks is NULL."""
    chosen = [
        f"{held(quoting.name(name), kind) if name in present else f'CAST(NULL AS {duckdb_name(kind)})'} AS c{index}"
        for index, (name, kind) in enumerate(columns)
    ]
    return f"SELECT {', '.join(chosen)}, CAST({path} AS VARCHAR) AS {quoting.name(PATH_COLUMN)} FROM {source}"


def _field_id(field: pa.Field) -> int:
    return int((field.metadata or {}).get(_FIELD_ID, -1))
