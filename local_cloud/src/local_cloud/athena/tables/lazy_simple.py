"""Read and write fields of delimited text as LazySimpleSerDe does: a value that is none of its type is NULL.

Sources: https://docs.aws.amazon.com/athena/latest/ug/lazy-simple-serde.html, and of the separators inside a field
https://cwiki.apache.org/confluence/display/Hive/LanguageManual+DDL#LanguageManualDDL-RowFormats&SerDe
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from typing import Any

import duckdb

from local_cloud.athena import quoting
from local_cloud.athena.json_text import Pairs, compact, structure
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.sql.values.display import floating
from local_cloud.athena.sql.values.texts import leaves_as_text, text_of
from local_cloud.athena.tables import lazy_values, serde
from local_cloud.athena.types import Type, duckdb_name, parse_type

NULL = "\\N"
_FIELD, _WRITTEN = "lazy_simple_field", "lazy_simple_written"
_LAST_ZEROS = "[.]?0+$"  # of the three digits after the point, which are written as far as they say something
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
    return lazy_values.scalar(source, kind)


def encoded(value: Typed, parameters: dict[str, str]) -> str:
    """Return SQL of the text that a value is written as; NULL stays NULL."""
    kind = value.type
    if kind.parts:
        text = f"CAST(to_json({leaves_as_text(value)}) AS VARCHAR)"
        return f"{_WRITTEN}({text}, {quoting.text(str(kind))}, {quoting.text(json.dumps(_separators(parameters)))})"
    if kind.name == "varbinary":
        return f"to_base64({value.sql})"
    if kind.name in {"double", "real"}:
        return f"trino_shown_floating(CAST({value.sql} AS VARCHAR))"
    if kind.name == "timestamp":
        return f"regexp_replace({text_of(value)}, '{_LAST_ZEROS}', '')"
    return text_of(value)


def _separators(parameters: dict[str, str]) -> list[str]:
    """Return the separators of items, and of keys and values, then those of deeper levels."""
    items = serde.separator(parameters, "collection.delim", "colelction.delim", default="\x02")
    return [items, serde.separator(parameters, "mapkey.delim", default="\x03"), *_FURTHER]


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Give the connection the functions that take nested fields apart, and join them."""
    for name, function in ((_FIELD, _field), (_WRITTEN, _written)):
        connection.create_function(
            name, function, ["VARCHAR", "VARCHAR", "VARCHAR"], "VARCHAR", null_handling="special"
        )


def _field(source: str | None, kind: str, separators: str) -> str | None:
    return None if source is None else compact(_taken_apart(source, parse_type(kind), json.loads(separators)))


def _taken_apart(text: str, kind: Type, separators: list[str]) -> Any:
    if text == NULL:
        return None
    if not kind.parts:
        return text
    pieces = text.split(separators[0]) if text or kind.name == "row" else []
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


def _written(document: str | None, kind: str, separators: str) -> str | None:
    return None if document is None else _joined(json.loads(document), parse_type(kind), json.loads(separators))


def _joined(value: Any, kind: Type, separators: Sequence[str]) -> str:
    if value is None:
        return NULL
    if kind.name == "array":
        return separators[0].join(_joined(item, kind.element, separators[1:]) for item in value)
    if kind.name == "map":
        pairs = [tuple(entry.values()) if isinstance(entry, dict) else tuple(entry) for entry in value]
        return separators[0].join(
            separators[1].join(_joined(part, of, separators[2:]) for part, of in zip(pair, kind.parts, strict=True))
            for pair in pairs
        )
    if kind.name == "row":
        parts = [_joined(value[f"f{index}"], part, separators[1:]) for index, part in enumerate(kind.parts)]
        return separators[0].join(parts)
    if kind.name == "varbinary":
        return base64.b64encode(bytes.fromhex(value)).decode()
    if kind.name == "timestamp":
        return re.sub(_LAST_ZEROS, "", value)
    return floating(value) if kind.name in {"double", "real"} else str(value)
