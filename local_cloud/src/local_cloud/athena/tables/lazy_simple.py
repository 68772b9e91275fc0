"""Decode fields of delimited text as LazySimpleSerDe does: a value that is none of its type is NULL.

Sources: https://docs.aws.amazon.com/athena/latest/ug/lazy-simple-serde.html, and of the separators inside a field
https://cwiki.apache.org/confluence/display/Hive/LanguageManual+DDL#LanguageManualDDL-RowFormats&SerDe
"""

from __future__ import annotations

import json
from typing import Any

import duckdb

from local_cloud.athena import quoting
from local_cloud.athena.json_text import Pairs, compact, structure
from local_cloud.athena.tables import serde
from local_cloud.athena.types import Type, duckdb_name, parse_type

_FIELD = "lazy_simple_field"
_FURTHER = "".join(map(chr, range(4, 9)))


def decoded(source: str, kind: Type, parameters: dict[str, str]) -> str:
    """Return SQL that decodes the text ``source`` as ``kind``."""
    if kind.parts:
        text = f"{_FIELD}({source}, {quoting.text(str(kind))}, {quoting.text(json.dumps(_separators(parameters)))})"
        return f"TRY_CAST(from_json({text}, {quoting.text(structure(kind))}) AS {duckdb_name(kind)})"
    if kind.is_text:
        return serde.decoded(source, kind, 0)
    if kind.name == "boolean":
        return f"(CASE lower({source}) WHEN 'true' THEN true WHEN 'false' THEN false END)"
    return f"({serde.scalar(source, kind)})"


def _separators(parameters: dict[str, str]) -> list[str]:
    """Return the separators of items, and of keys and values, then those of deeper levels."""
    items = parameters.get("collection.delim", parameters.get("colelction.delim", "\x02"))
    return [items, parameters.get("mapkey.delim", "\x03"), *_FURTHER]


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Give the connection the function that takes nested fields apart."""
    connection.create_function(_FIELD, _field, ["VARCHAR", "VARCHAR", "VARCHAR"], "VARCHAR", null_handling="special")


def _field(source: str | None, kind: str, separators: str) -> str | None:
    return None if source is None else compact(_taken_apart(source, parse_type(kind), json.loads(separators)))


def _taken_apart(text: str, kind: Type, separators: list[str]) -> Any:
    if text == "\\N":
        return None
    if not kind.parts:
        return text
    pieces = text.split(separators[0]) if text else []
    if kind.name == "array":
        return [_taken_apart(piece, kind.element, separators[1:]) for piece in pieces]
    if kind.name == "map":
        pairs = [piece.partition(separators[1]) for piece in pieces]
        return Pairs(
            (key, _taken_apart(value, kind.parts[1], separators[2:]) if mark else None) for key, mark, value in pairs
        )
    values = [_taken_apart(piece, part, separators[1:]) for piece, part in zip(pieces, kind.parts, strict=False)]
    return Pairs(
        (f"f{index}", value) for index, value in enumerate([*values, *[None] * len(kind.parts)][: len(kind.parts)])
    )
