"""Write delimited text in the normal form: columns ``c0``, ``c1``, … of text.

Sources: https://docs.aws.amazon.com/athena/latest/ug/csv-serde.html,
https://docs.aws.amazon.com/athena/latest/ug/lazy-simple-serde.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from local_cloud.athena.tables import serde
from local_cloud.athena.tables.normal_form import OBJECT_COLUMN, ROWS_PER_BATCH, Unpacked

_CSV_SIGNS = {"separatorChar": ",", "quoteChar": '"', "escapeChar": "\\"}


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
    with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
        lines = (line.rstrip("\r\n") for line in file)
        if library == serde.OPEN_CSV:
            signs = (options.get(name, sign) for name, sign in _CSV_SIGNS.items())
            yield from map(partial(_csv, signs=tuple(signs)), lines)
            return
        between, absent, escape = separator(options), null(options), options.get("escape.delim", "")
        for line in lines:
            fields = _escaped(line, between, escape) if escape and escape in line else line.split(between)
            yield [None if field == absent else _plain(field, escape) for field in fields]


def _escaped(line: str, between: str, escape: str) -> list[str]:
    """Cut a line at the separators that are not escaped."""
    return re.findall(
        rf"(?:^|(?<={re.escape(between)}))((?:{re.escape(escape)}.|[^{re.escape(escape + between)}])*)", line
    )


def _plain(field: str, escape: str) -> str:
    return re.sub(f"{re.escape(escape)}(.?)", r"\1", field) if escape and escape in field else field


def _csv(line: str, signs: tuple[str, ...]) -> list[str | None]:
    """Read a line as opencsv does: no field reaches over its end, and one whose quotes are not closed is not there.

    Source: what Trino 476 reads, and https://opencsv.sourceforge.net
    """
    between, quote, escape = signs
    fields: list[str | None] = []
    field, is_quoted, place = "", False, 0
    while place < len(line):
        sign, after = line[place], line[place + 1 : place + 2]
        place += 1
        if is_quoted and after and (sign, after) in {(escape, quote), (escape, escape), (quote, quote)}:
            field, place = field + after, place + 1
        elif sign == quote:
            is_inside = place > 3 and between not in {line[place - 2], after} and after != ""
            field += quote if is_inside else ""
            is_quoted = not is_quoted
        elif sign == between and not is_quoted:
            fields.append(field)
            field = ""
        elif sign != escape:
            field += sign
    return fields if is_quoted else [*fields, field]


def separator(options: dict[str, str]) -> str:
    """Return what LazySimpleSerDe has between two fields."""
    return serde.separator(options, "field.delim", "serialization.format", default="\x01")


def null(options: dict[str, str]) -> str:
    """Return what LazySimpleSerDe has for NULL."""
    return options.get("serialization.null.format", "\\N")
