"""Compile casts between JSON and other types.

Source: https://trino.io/docs/current/functions/json.html#cast-to-json
"""

from __future__ import annotations

import re

from local_cloud.athena import quoting
from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.json_text import structure
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.sql.raising import raising
from local_cloud.athena.sql.values.texts import leaves_as_text, text_of
from local_cloud.athena.types import Type, duckdb_name


def to_json(value: Typed, target: Type) -> Typed:
    return Typed(f"trino_to_json({_as_text(value)}, {quoting.text(str(value.type))})", target)


def has_json_form(kind: Type) -> bool:
    """Say whether Trino casts the type to JSON."""
    if kind.parts:
        return all(map(has_json_form, kind.parts))
    return kind.is_numeric or kind.name in {"boolean", "varchar", "json", "date", "timestamp", "unknown"}


def from_json_type(value: Typed, target: Type) -> Typed:
    if not _comes_from_json(target):
        raise QueryFailedError("TYPE_MISMATCH", f"Cannot cast json to {target}")
    if target.name in {"array", "map", "row"}:
        text = f"trino_json_cast({_json_text(value.sql)}, {quoting.text(str(target))})"
        return Typed(f"CAST(from_json({text}, {quoting.text(structure(target))}) AS {duckdb_name(target)})", target)
    text = f"trino_json_cast({value.sql}, {quoting.text(str(target))})"
    if target.is_text and target.numbers:
        fail = raising("INVALID_CAST_ARGUMENT", f"Character count exceeds length limit {target.numbers[0]}", target)
        text = f"(CASE WHEN length({text}) > {target.numbers[0]} THEN {fail} ELSE {text} END)"
    return Typed(text if target.is_text else f"CAST({text} AS {duckdb_name(target)})", target)


def _comes_from_json(kind: Type) -> bool:
    """Say whether Trino casts JSON to the type."""
    if kind.parts:
        return all(map(_comes_from_json, kind.parts))
    return kind.is_numeric or kind.name in {"boolean", "varchar", "json"}


def _json_text(sql: str) -> str:
    """Return the text behind ``json_parse``, which Trino casts directly, unless it is a constant."""
    match = re.fullmatch(r"trino_json_parse\(([^'].*)\)", sql, re.DOTALL)
    return match[1] if match else sql


def _as_text(value: Typed) -> str:
    """Return a value as the text that ``trino_to_json`` reads. Scalars are as Trino shows them, nested values JSON of such texts."""
    if value.type.name in {"array", "map", "row"}:
        return f"CAST(to_json({leaves_as_text(value)}) AS VARCHAR)"
    return (
        value.sql
        if value.type.name == "json"
        else text_of(value)
        if value.type.name not in {"double", "real"}
        else f"CAST({value.sql} AS VARCHAR)"
    )
