"""Values between the form of files (rows by field name, instants) and the compiler's (rows by position, instants in UTC)."""

from __future__ import annotations

from local_cloud.athena import quoting
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.types import Type, duckdb_name


def held(sql: str, kind: Type) -> str:
    """A value as Arrow brings it, in the form that the compiler expects: rows by position, instants in UTC."""
    if kind.name == "timestamp with time zone":
        return f"CAST(timezone('UTC', {sql}) AS TIMESTAMP)"
    if kind.name == "row":
        fields = ", ".join(
            f"f{index} := {held(f'({sql}).{quoting.name(name or str(index))}', part)}"
            for index, (name, part) in enumerate(zip(kind.names, kind.parts, strict=True))
        )
        return f"(CASE WHEN {sql} IS NULL THEN NULL ELSE struct_pack({fields}) END)"
    if kind.name == "array" and kind.element.parts:
        return f"list_transform({sql}, lambda e: {held('e', kind.element)})"
    return f"CAST({sql} AS {duckdb_name(kind)})"


def named(value: Typed) -> str:
    """A value with its rows' fields under their own names, and instants as instants."""
    kind = value.type
    if kind.name == "row":
        parts = zip(kind.names, kind.parts, strict=True)
        fields = ", ".join(
            f"{quoting.name(name or f'field{index}')} := {named(Typed(f'({value.sql}).f{index}', part))}"
            for index, (name, part) in enumerate(parts)
        )
        return f"(CASE WHEN {value.sql} IS NULL THEN NULL ELSE struct_pack({fields}) END)"
    if kind.name == "array" and kind.element.parts:
        return f"list_transform({value.sql}, lambda e: {named(Typed('e', kind.element))})"
    if kind.name == "timestamp with time zone":
        return f"timezone('UTC', {value.sql})"
    return value.sql
