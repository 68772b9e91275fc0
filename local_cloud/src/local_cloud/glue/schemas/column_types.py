"""Infer Hive column types as a crawler does, and merge several found types into one.

A crawler's table shows the types of the Hive DDL (Data types in Amazon Athena): ``int``, ``bigint``, ``double``, ``string``,
``boolean``, ``array<…>``, ``struct<…>``. Names of columns are lower case; names inside a struct stay as written.

Source: https://docs.aws.amazon.com/athena/latest/ug/data-types.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

INT_DIGITS_ALWAYS_FITTING = 9
INT_MAX, BIGINT_MAX = 2**31 - 1, 2**63 - 1


@dataclass(frozen=True, slots=True)
class Scalar:
    """A type without parts."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Array:
    element: Type

    def __str__(self) -> str:
        return f"array<{self.element}>"


@dataclass(frozen=True, slots=True)
class Struct:
    """``fields`` in order of appearance, names as written. Without fields it can only be shown as text."""

    fields: Mapping[str, Type] = field(default_factory=dict)

    def __str__(self) -> str:
        return (
            f"struct<{','.join(f'{name}:{kind}' for name, kind in self.fields.items())}>" if self.fields else "string"
        )


class _Null(Scalar):
    """Only null was seen. Any other type replaces it; alone it is shown as a string."""

    __slots__ = ()

    def __str__(self) -> str:
        return "string"


class _Int(Scalar):
    __slots__ = ()


class _BigInt(Scalar):
    __slots__ = ()


class _Double(Scalar):
    __slots__ = ()


Type = Scalar | Array | Struct

# Null and the numbers have classes of their own: the classes of a record's values then tell its shape.
NULL, INT, BIGINT, DOUBLE = _Null("null"), _Int("int"), _BigInt("bigint"), _Double("double")
STRING, BOOLEAN = Scalar("string"), Scalar("boolean")
_NUMBERS: list[Type] = [INT, BIGINT, DOUBLE]


def merge(left: Type, right: Type) -> Type:
    """Return the type that can hold both: the wider number, the union of a struct's fields, or text."""
    if left == right or right is NULL:
        return left
    if left is NULL:
        return right
    if isinstance(left, Array) and isinstance(right, Array):
        return Array(merge(left.element, right.element))
    if isinstance(left, Struct) and isinstance(right, Struct):
        return Struct(merge_fields(left.fields, right.fields))
    if left in _NUMBERS and right in _NUMBERS:
        return max(left, right, key=_NUMBERS.index)
    return STRING


def merge_all(types: Iterable[Type]) -> Type:
    result: Type = NULL
    for kind in types:
        result = merge(result, kind)
    return result


def merge_fields(left: Mapping[str, Type], right: Mapping[str, Type]) -> dict[str, Type]:
    """Return every field of both, those of ``left`` first."""
    merged = dict(left)
    for name, kind in right.items():
        merged[name] = merge(merged[name], kind) if name in merged else kind
    return merged


def parsed(text: str) -> Type:
    """Return a type from its text in the catalog; one that no crawler gives is a scalar of that name.

    Example::

        parsed("struct<a:int,b:array<string>>").fields["a"]  # INT
    """
    text = text.strip()
    if text.startswith("array<") and text.endswith(">"):
        return Array(parsed(text[len("array<") : -1]))
    if text.startswith("struct<") and text.endswith(">"):
        members = [part.partition(":") for part in _split(text[len("struct<") : -1])]
        return Struct({name: parsed(kind) for name, _, kind in members})
    return next((kind for kind in (INT, BIGINT, DOUBLE) if kind.name == text), Scalar(text))


def _split(text: str) -> list[str]:
    """Return the parts between the commas that are outside brackets."""
    parts, depth, start = [], 0, 0
    for at, sign in enumerate(text):
        depth += {"<": 1, "(": 1, ">": -1, ")": -1}.get(sign, 0)
        if sign == "," and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]


def columns_of(fields: Mapping[str, Type]) -> dict[str, Type]:
    """Return fields as columns: names without case, so that ``Price`` and ``price`` are one."""
    columns: dict[str, Type] = {}
    for name, kind in fields.items():
        columns[name.lower()] = merge(columns.get(name.lower(), NULL), kind)
    return columns


def integer_type(text: str) -> Scalar:
    """Return the type of an integer literal; one beyond 64 bits only fits ``double``."""
    if len(text) <= INT_DIGITS_ALWAYS_FITTING:
        return INT
    number = int(text) if len(text) < 25 else BIGINT_MAX + 1
    magnitude = number if number >= 0 else -number - 1
    if magnitude <= INT_MAX:
        return INT
    return BIGINT if magnitude <= BIGINT_MAX else DOUBLE


def type_of(value: Any) -> Type:
    """Return the type of a decoded JSON value whose numbers were replaced by their types (see ``json_records``)."""
    known = _BY_CLASS.get(type(value))
    if known is not None:
        return known
    if isinstance(value, list):
        return Array(merge_all(map(type_of, value)))
    return Struct({name: type_of(member) for name, member in value.items()})


_BY_CLASS: dict[type, Type] = {
    str: STRING, bool: BOOLEAN, type(None): NULL, _Int: INT, _BigInt: BIGINT, _Double: DOUBLE,
}  # fmt: skip
