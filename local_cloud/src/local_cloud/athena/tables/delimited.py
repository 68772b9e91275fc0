"""Write delimited text in the normal form: columns ``c0``, ``c1``, … of text.

Sources: https://docs.aws.amazon.com/athena/latest/ug/csv-serde.html,
https://docs.aws.amazon.com/athena/latest/ug/lazy-simple-serde.html
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from local_cloud.athena.tables import serde
from local_cloud.athena.tables.normal_form import OBJECT_COLUMN, ROWS_PER_BATCH, Unpacked


def write_delimited_segment(
    connection: duckdb.DuckDBPyConnection,
    objects: list[Unpacked],
    target: Path,
    *,
    library: str,
    options: dict[str, str],
    width: int,
) -> None:
    """Write the objects' lines as one segment of ``width`` text columns. Missing fields are NULL, further ones are left out."""
    del connection
    keys = [f"c{index}" for index in range(width)]
    schema = pa.schema([(OBJECT_COLUMN, pa.int64()), *((key, pa.string()) for key in keys)])
    skipped = int(options.get("skip.header.line.count", "0"))
    with pq.ParquetWriter(target, schema) as writer:
        for item in objects:
            item.keys = set(keys)
            rows: list[list[str | None]] = []
            for number, fields in enumerate(_fields(item.path, library, options)):
                if number >= skipped:
                    rows.append([*fields, *[None] * width][:width])
                if len(rows) == ROWS_PER_BATCH:
                    writer.write_table(_table(item.identity, rows, schema))
                    rows = []
            writer.write_table(_table(item.identity, rows, schema))


def _table(identity: int, rows: list[list[str | None]], schema: pa.Schema) -> pa.Table:
    columns = [pa.array([identity] * len(rows), pa.int64())]
    columns += [pa.array([row[index] for row in rows], pa.string()) for index in range(len(schema) - 1)]
    return pa.Table.from_arrays(columns, schema=schema)


def _fields(path: Path, library: str, options: dict[str, str]) -> Iterator[list[str | None]]:
    if library == serde.OPEN_CSV:
        with path.open(encoding="utf-8", errors="replace", newline="") as file:
            comma, quote = options.get("separatorChar", ","), options.get("quoteChar", '"')
            for fields in csv.reader(
                file, delimiter=comma, quotechar=quote, escapechar=options.get("escapeChar", "\\")
            ):
                yield list(fields)
        return
    between, absent = separator(options), null(options)
    with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
        for line in file:
            yield [None if field == absent else field for field in line.rstrip("\r\n").split(between)]


def separator(options: dict[str, str]) -> str:
    """Return what LazySimpleSerDe has between two fields."""
    return serde.separator(options, "field.delim", "serialization.format", default="\x01")


def null(options: dict[str, str]) -> str:
    """Return what LazySimpleSerDe has for NULL."""
    return options.get("serialization.null.format", "\\N")
