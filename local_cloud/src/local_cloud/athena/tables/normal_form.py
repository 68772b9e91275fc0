"""Turn raw objects into one Parquet segment of text columns, from which any table definition can be read.

A segment has a column for each top-level key (scalars as their exact JSON text without quotes, nested values as JSON),
``$object`` for the object a row came from and ``$row`` for its order. DuckDB parses what is plain. Lines that are malformed, and numbers that
a double would change, are parsed here one by one, so that no digit is lost.
Source: https://docs.aws.amazon.com/athena/latest/ug/openx-json-serde.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from local_cloud.athena import quoting
from local_cloud.athena.json_text import Number, Pairs, compact, encodable
from local_cloud.athena.tables.plain_lines import PlainLines
from local_cloud.athena.types import Type, duckdb_name

OBJECT_COLUMN = "$object"
NONE: Mapping[str, Type] = MappingProxyType({})
ROWS_PER_BATCH = 20_000
MAX_LINE_BYTES = 8 * 1024 * 1024
# A number that DuckDB would not print as it was written: many digits, zeros at the end of a fraction, an exponent, minus zero.
_CHANGED_NUMBER = (
    r"[:,\[]\s*-?([0-9][0-9.]{15,}|[0-9]+\.[0-9]+0[^0-9]|[0-9]+(\.[0-9]+)?[eE]|0[^0-9.]*-)|-0[^1-9.]|-0\.0+[^0-9]"
)
# DuckDB prints a whole line's exponents as written, and a single value's with its own sign.
_EXPONENT = r"[:,\[]\s*-?[0-9]+(\.[0-9]+)?[eE]"


@dataclass(eq=False)
class Unpacked:
    """An object's text on disk, and what was found in it: ``lines`` when they are plain."""

    identity: int
    path: Path
    lines: PlainLines | None = None
    keys: set[str] = field(default_factory=set)
    malformed: str | None = None


class DuplicateKeyError(ValueError):
    """Two keys of one object are the same."""


def column_name(key: str, *, ignore_case: bool) -> str:
    """Return the segment's column of a key. DuckDB's columns ignore case. Where the SerDe does not, capitals are marked."""
    key = "$" + key if key.startswith("$") else key  # our own columns begin with one $
    if ignore_case:
        return key.lower()
    return re.sub(r"[A-Z^]", lambda match: "^" + match[0].lower(), key)


def write_json_segment(
    connection: duckdb.DuckDBPyConnection, objects: list[Unpacked], target: Path, *, ignore_case: bool
) -> None:
    """Write the objects' lines as one segment, recording each object's keys and first malformed line."""
    plain = _same_spelling(_plain(connection, objects, ignore_case=ignore_case))
    others = [item for item in objects if item.identity not in {found.identity for found in plain}]
    parts = []
    if plain:
        parts.append(target.with_suffix(".plain"))
        _write_plain(connection, plain, parts[-1], ignore_case=ignore_case)
    for item in others:
        item.keys = set()
        parts.append(item.path.with_suffix(".parsed"))
        _write_parsed(item, parts[-1], ignore_case=ignore_case)
    if len(parts) == 1:
        parts[0].replace(target)
        return
    connection.execute(
        f"COPY (SELECT * FROM read_parquet({quoting.paths(parts)}, union_by_name = true)) TO {quoting.text(str(target))} (FORMAT parquet, COMPRESSION lz4_raw)"
    )
    for part in parts:
        part.unlink()


def _plain(connection: duckdb.DuckDBPyConnection, objects: list[Unpacked], *, ignore_case: bool) -> list[Unpacked]:
    """Return the objects that DuckDB reads without changing anything.

    A line that DuckDB prints as it was is plain but for exponents; any other is searched for what would change.
    """
    if not objects:
        return []
    try:
        rows = _keys_and_counts(connection, objects)
    except duckdb.InterruptException:
        raise
    except duckdb.Error:
        if len(objects) == 1:
            return []
        middle = len(objects) // 2
        halves = objects[:middle], objects[middle:]
        return [item for half in halves for item in _plain(connection, half, ignore_case=ignore_case)]
    lines: dict[str, int] = {}
    strange: set[str] = set()
    keys: dict[str, set[str]] = {}
    for filename, names, count, changed in rows:
        lines[filename] = lines.get(filename, 0) + count
        keys.setdefault(filename, set()).update(names)
        columns = {column_name(name, ignore_case=ignore_case) for name in names}
        if changed or len(columns) != len(names):
            strange.add(filename)
    likely = [item for item in objects if str(item.path) not in strange]
    return [item for item in likely if _is_whole(item, keys.get(str(item.path), set()), lines)]


def _keys_and_counts(connection: duckdb.DuckDBPyConnection, objects: list[Unpacked]) -> list[tuple[Any, ...]]:
    """Return for each file and set of keys: file, keys, number of lines, and whether DuckDB would change anything."""
    found: list[tuple[Any, ...]] = connection.execute(
        "SELECT filename, any_value(json_keys(json)), count(*), bool_or(NOT starts_with(json::VARCHAR, '{') OR "
        "CASE WHEN json_extract(json, '$')::VARCHAR <> json::VARCHAR THEN regexp_matches(json, ?) ELSE regexp_matches(json, ?) END) "
        f"FROM read_ndjson_objects({quoting.paths([item.path for item in objects])}, filename = true, "
        f"maximum_object_size = {MAX_LINE_BYTES}) GROUP BY filename, hash(json_keys(json))",
        [_CHANGED_NUMBER, _EXPONENT],
    ).fetchall()
    return found


def _is_whole(item: Unpacked, keys: set[str], lines: dict[str, int]) -> bool:
    """Note the object's keys, and say whether every line of it was read and its keys have one spelling each."""
    one_spelling = len({key.lower() for key in keys}) == len(keys) and not any(key.startswith("$") for key in keys)
    if lines.get(str(item.path), 0) != _line_count(item.path) or not one_spelling:
        return False
    item.keys = keys
    return True


def _same_spelling(objects: list[Unpacked]) -> list[Unpacked]:
    """Return the objects that spell each key alike and can be read together. The few others are parsed one by one."""
    spelling: dict[str, str] = {}
    for item in objects:
        for key in item.keys:
            spelling.setdefault(key.lower(), key)
    return [item for item in objects if all(spelling[key.lower()] == key for key in item.keys)]


def _line_count(path: Path) -> int:
    content = path.read_bytes()
    return content.count(b"\n") + (not content.endswith(b"\n") and bool(content))


def _write_plain(
    connection: duckdb.DuckDBPyConnection, objects: list[Unpacked], target: Path, *, ignore_case: bool
) -> None:
    names = sorted(set().union(*(item.keys for item in objects)))
    keys = {column_name(key, ignore_case=ignore_case): key for key in names}
    rows = plain_rows({item.path: item.identity for item in objects}, keys)
    connection.execute(f"COPY ({rows}) TO {quoting.text(str(target))} (FORMAT parquet, COMPRESSION lz4_raw)")
    for item in objects:
        item.keys = {column_name(key, ignore_case=ignore_case) for key in item.keys}


def plain_rows(
    objects: dict[Path, int], keys: dict[str, str], numbers: Mapping[str, Type] = NONE, *, told_apart: bool = True
) -> str:
    """Return SQL of rows in the normal form, read from files of plain lines by their objects' identities; ``keys`` are those of the columns.

    Columns that are ``numbers`` have their own type instead of text. A row says which object it is from if these are to be
    ``told_apart``, which takes time.
    """
    kinds = {key: duckdb_name(numbers[column]) if column in numbers else "VARCHAR" for column, key in keys.items()}
    spec = ", ".join(f"{quoting.text(key)}: '{kind}'" for key, kind in kinds.items()) or "'$none': 'VARCHAR'"
    chosen = "".join(f", t.{quoting.name(key)} AS {quoting.name(column)}" for column, key in keys.items())
    source = f"read_json({quoting.paths(list(objects))}, format = 'newline_delimited', columns = {{{spec}}}, records = true, maximum_object_size = {MAX_LINE_BYTES}"
    if not told_apart:
        return f'SELECT 0 AS "{OBJECT_COLUMN}"{chosen} FROM {source}) t'
    values = ", ".join(f"({quoting.text(str(path))}, {identity})" for path, identity in objects.items())
    return (
        f"SELECT o.identity AS \"{OBJECT_COLUMN}\"{chosen} FROM {source}, filename = '$file') t "
        f'JOIN (VALUES {values}) o(file, identity) ON t."$file" = o.file'
    )


def _write_parsed(item: Unpacked, target: Path, *, ignore_case: bool) -> None:
    """Parse line by line, exactly, in two passes. The columns have to be known before the first row is written."""
    for row in _parsed(item, ignore_case=ignore_case):
        item.keys |= row.keys()
    keys = sorted(item.keys)
    schema = pa.schema([(OBJECT_COLUMN, pa.int64()), *((key, pa.string()) for key in keys)])
    with pq.ParquetWriter(target, schema) as writer:
        batch: list[dict[str, Any]] = []
        for row in _parsed(item, ignore_case=ignore_case):
            batch.append({OBJECT_COLUMN: item.identity, **row})
            if len(batch) == ROWS_PER_BATCH:
                writer.write_table(pa.Table.from_pylist(batch, schema))
                batch = []
        writer.write_table(pa.Table.from_pylist(batch, schema))


def _parsed(item: Unpacked, *, ignore_case: bool) -> Iterator[dict[str, str | None]]:
    """Yield each line's columns: none for a line that is no object, and for a malformed one, which is noted."""
    with item.path.open(encoding="utf-8", errors="replace", newline="\n") as file:
        for number, text in enumerate(file, 1):
            line = text.strip()
            if not line.startswith(("{", "[")):
                yield {}
                continue
            try:
                yield _columns(line, ignore_case=ignore_case)
            except (ValueError, RecursionError) as error:
                item.malformed = item.malformed or f"{_explained(error)} (line {number})"
                yield {}


def _explained(error: Exception) -> str:
    if isinstance(error, DuplicateKeyError):
        return f'Row is not a valid JSON Object - JSONException: Duplicate key "{error}"'
    if isinstance(error, json.JSONDecodeError):
        return f"Row is not a valid JSON Object - JSONException: {error.msg} at {error.pos + 1}"
    return f"Row is not a valid JSON Object - JSONException: {error}"


def _columns(line: str, *, ignore_case: bool) -> dict[str, str | None]:
    document = json.loads(
        line, parse_float=Number, parse_int=Number, parse_constant=_no_constant, object_pairs_hook=Pairs
    )
    if not isinstance(document, Pairs):
        raise ValueError("a line that is an array is not supported by the local cloud")
    found: dict[str, str | None] = {}
    for key, value in document:
        column = encodable(column_name(key, ignore_case=ignore_case))
        if column in found:
            raise DuplicateKeyError(column)
        found[column] = None if value is None else encodable(value if isinstance(value, str) else compact(value))
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON value")
