"""Convert values between the form of files and the compiler's.

Files hold rows by field name, and instants; the compiler rows by position, and instants in UTC."""

from __future__ import annotations

from local_cloud.athena import quoting
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.sql.values.time_casts import rounded
from local_cloud.athena.types import Type, duckdb_name


def held(sql: str, kind: Type) -> str:
    """Return a value of Arrow in the form that the compiler expects: rows by position, instants in UTC."""
    if kind.name == "timestamp with time zone":
        return f"CAST(timezone('UTC', {sql}) AS TIMESTAMP)"
    if kind.name == "char":
        return f"rtrim(left(CAST({sql} AS VARCHAR), {kind.numbers[0]}), ' ')"
    if kind.name == "varchar" and kind.numbers:
        return f"left(CAST({sql} AS VARCHAR), {kind.numbers[0]})"
    if kind.name == "timestamp":  # a file's may be finer than the column's
        return rounded(f"CAST({sql} AS TIMESTAMP)", kind.numbers[0])
    if kind.name == "row":
        fields = ", ".join(
            f"f{index} := {held(f'({sql}).{quoting.name(name or str(index))}', part)}"
            for index, (name, part) in enumerate(zip(kind.names, kind.parts, strict=True))
        )
        return f"(CASE WHEN {sql} IS NULL THEN NULL ELSE struct_pack({fields}) END)"
    if kind.name == "array" and _differs(kind.element):
        return f"list_transform({sql}, lambda e: {held('e', kind.element)})"
    if kind.name == "map" and any(map(_differs, kind.parts)):
        return _mapped(sql, *(held("e", part) for part in kind.parts))
    return f"CAST({sql} AS {duckdb_name(kind)})"


def named(value: Typed) -> str:
    """Return a value with its rows' fields under their own names, and instants as instants."""
    kind = value.type
    if kind.name == "row":
        parts = zip(kind.names, kind.parts, strict=True)
        fields = ", ".join(
            f"{quoting.name(name or f'field{index}')} := {named(Typed(f'({value.sql}).f{index}', part))}"
            for index, (name, part) in enumerate(parts)
        )
        return f"(CASE WHEN {value.sql} IS NULL THEN NULL ELSE struct_pack({fields}) END)"
    if kind.name == "array" and _differs(kind.element):
        return f"list_transform({value.sql}, lambda e: {named(Typed('e', kind.element))})"
    if kind.name == "map" and any(map(_differs, kind.parts)):
        return _mapped(value.sql, *(named(Typed("e", part)) for part in kind.parts))
    if kind.name == "timestamp with time zone":
        return f"timezone('UTC', {value.sql})"
    return value.sql


def _differs(kind: Type) -> bool:
    """Say whether files hold the type in another form than the compiler does."""
    is_cut = kind.name == "char" or (kind.name == "varchar" and bool(kind.numbers))
    return is_cut or kind.name == "row" or kind.name.startswith("timestamp") or any(map(_differs, kind.parts))


def _mapped(sql: str, key: str, item: str) -> str:
    """Return a map with other keys and values, each an expression over ``e``."""
    keys = f"list_transform(map_keys({sql}), lambda e: {key})"
    return (
        f"(CASE WHEN {sql} IS NULL THEN NULL ELSE map({keys}, list_transform(map_values({sql}), lambda e: {item})) END)"
    )
