"""Write rows as files: Parquet, ORC, Avro, JSON lines or delimited text, a folder for each partition, and a file for each bucket."""

from __future__ import annotations

import bz2
import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO
from urllib.parse import quote

import pyarrow.parquet as pq
from pyarrow import orc

from local_cloud.athena import quoting
from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.selection.selector import Selection
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.sql.values.arrow_rows import named
from local_cloud.athena.sql.values.texts import leaves_as_text, text_of
from local_cloud.athena.tables import delimited, lazy_simple
from local_cloud.athena.tables.buckets import bucket_sql
from local_cloud.athena.types import Type
from local_cloud.athena.writing.avro_writing import CODECS, require_avro, write_avro

Row = tuple[str | None, ...]
MAX_PARTITIONS = 100
COMPRESSIONS = {
    "PARQUET": ("GZIP", "SNAPPY", "ZSTD", "NONE"),
    "ORC": ("ZLIB", "SNAPPY", "LZ4", "ZSTD", "NONE"),
    "AVRO": tuple(CODECS),
    "JSON": ("GZIP", "BZIP2", "NONE"),
    "TEXTFILE": ("GZIP", "BZIP2", "NONE"),
}
"""The formats that are written, and how each can be compressed, by default as the first."""

_INSIDE = frozenset({"PARQUET", "ORC", "AVRO"})
_ORC_NAMES = {"NONE": "uncompressed"}
_EXTENSIONS = {"GZIP": ".gz", "BZIP2": ".bz2", "NONE": ""}
_OPEN: dict[str, Callable[..., TextIO]] = {"GZIP": gzip.open, "BZIP2": bz2.open, "NONE": open}


@dataclass(frozen=True, slots=True)
class Target:
    """Where rows go and how.

    ``partitioned`` names the last columns, which become folders; ``compression`` is Athena's name; ``separators`` are the SerDe's
    parameters of delimited text. A table with ``buckets`` is bucketed by the columns ``bucketed``.
    """

    location: str
    form: str
    partitioned: tuple[str, ...] = ()
    compression: str = "GZIP"
    separators: Mapping[str, str] = field(default_factory=dict)
    bucketed: tuple[str, ...] = ()
    buckets: int = 0

    @property
    def extension(self) -> str:
        """Return how the objects' names end; Parquet, ORC and Avro are compressed inside."""
        return "" if self.form in _INSIDE else _EXTENSIONS[self.compression]


def write_files(selection: Selection, target: Target, columns: list[tuple[str, Type]], scratch: Path) -> int:
    """Write the rows under ``scratch``, a folder for each partition, and return their number. A bucket's file is named ``bucket-00000``."""
    if target.form == "AVRO":
        require_avro(columns[: len(columns) - len(target.partitioned)])
    connection, sql = selection.connection, selection.compiled.sql
    connection.execute(f"CREATE TEMP TABLE written AS SELECT *, {_bucket(target, columns)} AS bucket FROM ({sql}) q")
    (count,) = connection.execute("SELECT count(*) FROM written").fetchall()[0]
    width = len(columns) - len(target.partitioned)
    keys = columns[width:]
    texts = [text_of(Typed(f"c{width + index}", kind)) for index, (_, kind) in enumerate(keys)]
    found = connection.execute(f"SELECT DISTINCT {', '.join([*texts, 'bucket'])} FROM written").fetchall()
    if len({tuple(value) for *value, _ in found}) > MAX_PARTITIONS:
        raise QueryFailedError(
            "HIVE_TOO_MANY_OPEN_PARTITIONS", f"Exceeded limit of {MAX_PARTITIONS} open writers for partitions/buckets."
        )
    for number, (*value, bucket) in enumerate(found):
        names = [
            f"{name}={quote(part or '__HIVE_DEFAULT_PARTITION__', safe=' -_.')}"
            for (name, _), part in zip(keys, value, strict=True)
        ]
        folder = scratch.joinpath(*names)
        folder.mkdir(parents=True, exist_ok=True)
        conditions = [
            f"{text} IS NOT DISTINCT FROM {'NULL' if part is None else quoting.text(part)}"
            for text, part in zip(texts, value, strict=True)
        ]
        where = " AND ".join([f"bucket = {bucket}", *conditions])
        _file(
            selection,
            target,
            columns[:width],
            where,
            folder / (f"bucket-{bucket:05}" if target.buckets else f"{number}"),
        )
    return int(count)


def _bucket(target: Target, columns: list[tuple[str, Type]]) -> str:
    """Return SQL of the number of a row's bucket: 0 where there are none."""
    if not target.buckets:
        return "0"
    places = {name: (f"c{index}", kind) for index, (name, kind) in enumerate(columns)}
    return bucket_sql([places[name] for name in target.bucketed], target.buckets)


def _file(selection: Selection, target: Target, columns: list[tuple[str, Type]], where: str, path: Path) -> None:
    """Write one file. Parquet's timestamps are INT96: PyAthena's ``test_complex_unload_as_arrow`` reads those of AWS by the nanosecond.

    Source: https://github.com/pyathena-dev/PyAthena/blob/master/tests/pyathena/arrow/test_cursor.py
    """
    if target.form in _INSIDE:
        chosen = ", ".join(
            f"{named(Typed(f'c{index}', kind))} AS {quoting.name(name)}" for index, (name, kind) in enumerate(columns)
        )
        table = selection.connection.execute(f"SELECT {chosen} FROM written WHERE {where}").to_arrow_table()
        if target.form == "PARQUET":
            pq.write_table(table, path, compression=target.compression, use_deprecated_int96_timestamps=True)
        elif target.form == "AVRO":
            write_avro(table, path, target.compression)
        else:
            orc.write_table(table, path, compression=_ORC_NAMES.get(target.compression, target.compression.lower()))
        return
    values = [Typed(f"c{index}", kind) for index, (_, kind) in enumerate(columns)]
    if target.form == "JSON":
        texts, line = [_json(value) for value in values], _json_line([name for name, _ in columns])
    else:
        options = dict(target.separators)
        texts, line = [lazy_simple.encoded(value, options) for value in values], _delimited_line(options)
    listed = ", ".join(f"{sql} AS c{index}" for index, sql in enumerate(texts))
    cursor = selection.connection.execute(f"SELECT {listed} FROM written WHERE {where}")
    with _OPEN[target.compression](path, "wt", encoding="utf-8") as file:
        while rows := cursor.fetchmany(5000):
            file.writelines(line(row) for row in rows)


def _json_line(names: list[str]) -> Callable[[Row], str]:
    keys = [json.dumps(name) for name in names]

    def line(row: Row) -> str:
        parts = [f"{key}:{value}" for key, value in zip(keys, row, strict=True) if value is not None]
        return "{" + ",".join(parts) + "}\n"

    return line


def _delimited_line(options: dict[str, str]) -> Callable[[Row], str]:
    separator, null = delimited.separator(options), delimited.null(options)
    return lambda row: separator.join(null if value is None else value for value in row) + "\n"


def _json(value: Typed) -> str:
    kind = value.type
    if kind.parts:
        return f"trino_to_json(CAST(to_json({leaves_as_text(value)}) AS VARCHAR), {quoting.text(str(kind))})"
    return f"trino_to_json({text_of(value) if kind.name not in {'double', 'real'} else f'CAST({value.sql} AS VARCHAR)'}, {quoting.text(str(kind))})"
