"""Which Iceberg data files a query may read as they are, and what it then sees."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyiceberg.schema import Schema
from pyiceberg.types import LongType, NestedField, StringType

from local_cloud.athena.iceberg.files import columns_sql, parquet_sql, shared_columns
from local_cloud.athena.types import Type

SCHEMA = Schema(NestedField(1, "id", LongType()), NestedField(2, "orderID", StringType()), NestedField(3, "added", LongType()))  # fmt: skip
COLUMNS = [("id", Type("bigint")), ("orderid", Type("varchar")), ("added", Type("bigint"))]


def write(folder: Path, name: str, **columns: tuple[int, list[object]]) -> Path:
    """A Parquet file with columns by name: the field's id, and its values."""
    fields = [
        pa.field(column, pa.array(values).type, metadata={"PARQUET:field_id": str(number)})
        for column, (number, values) in columns.items()
    ]
    path = folder / f"{name}.parquet"
    pq.write_table(pa.table([pa.array(values) for _, values in columns.values()], pa.schema(fields)), path)
    return path


def test_a_column_that_older_files_lack_is_null_in_them(tmp_path: Path) -> None:
    old = write(tmp_path, "old", id=(1, [1]), orderID=(2, ["a"]))
    new = write(tmp_path, "new", id=(1, [2]), orderID=(2, ["b"]), added=(3, [7]))
    assert shared_columns(SCHEMA, [old], set()) == {"id", "orderid"}
    present = shared_columns(SCHEMA, [old, new], {1})
    assert present == {"id", "orderid", "added"}
    files = parquet_sql([old, new])
    assert sorted(duckdb.sql(columns_sql(COLUMNS, present, files, '"$file"')).fetchall()) == [
        (1, "a", None, str(old)),
        (2, "b", 7, str(new)),
    ]
    of_one = columns_sql(COLUMNS, {"id", "orderid"}, parquet_sql([old]), "NULL")
    assert duckdb.sql(of_one).fetchall() == [(1, "a", None, None)]


@pytest.mark.parametrize(
    "columns",
    [
        {"id": (1, [1]), "order": (2, ["a"])},  # it was renamed since
        {"id": (9, [1]), "orderID": (2, ["a"])},  # another column had the name
        {"orderID": (2, ["a"])},  # the partition's value is in the metadata alone
    ],
)
def test_a_file_whose_names_mean_something_else_is_not_read_as_it_is(
    tmp_path: Path, columns: dict[str, tuple[int, list[object]]]
) -> None:
    assert shared_columns(SCHEMA, [write(tmp_path, "file", **columns)], {1}) is None
