"""Parse Trino's types from Hive's and Trino's spelling, show them in both, and map them onto DuckDB's.

Sources: https://docs.aws.amazon.com/athena/latest/ug/data-types.html,
https://trino.io/docs/current/language/types.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from local_cloud.athena.errors import QueryFailedError, not_supported

INTEGERS = ("tinyint", "smallint", "integer", "bigint")
_DECIMAL_DIGITS = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}
_SIMPLE_DUCKDB = {
    "boolean": "BOOLEAN", "tinyint": "TINYINT", "smallint": "SMALLINT", "integer": "INTEGER", "bigint": "BIGINT",
    "real": "FLOAT", "double": "DOUBLE", "varchar": "VARCHAR", "char": "VARCHAR", "varbinary": "BLOB", "date": "DATE",
    "timestamp": "TIMESTAMP", "timestamp with time zone": "TIMESTAMP", "json": "VARCHAR", "unknown": "VARCHAR",
    "interval day to second": "BIGINT", "interval year to month": "BIGINT", "time": "TIME", "uuid": "VARCHAR",
}  # fmt: skip
_HIVE_NAMES = {"integer": "int", "real": "float", "varbinary": "binary", "varchar": "string"}
_ALIASES = {
    "int": "integer",
    "string": "varchar",
    "binary": "varbinary",
    "float": "real",
    "dec": "decimal",
    "numeric": "decimal",
    "long": "bigint",
    "text": "varchar",
}


@dataclass(frozen=True, slots=True)
class Type:
    """One Trino type.

    ``numbers``: decimal's precision and scale, varchar's or char's length, a timestamp's digits; empty when unbounded.
    ``parts``: element of an array, key and value of a map, fields of a row; ``names``: a row's field names, None when anonymous.
    ``zone``: the zone of a timestamp with time zone that all values of the column share; empty when each has its own.
    """

    name: str
    numbers: tuple[int, ...] = ()
    parts: tuple[Type, ...] = ()
    names: tuple[str | None, ...] = ()
    zone: str = "UTC"

    def __str__(self) -> str:
        return trino_name(self)

    @property
    def is_integer(self) -> bool:
        return self.name in INTEGERS

    @property
    def is_exact(self) -> bool:
        return self.is_integer or self.name == "decimal"

    @property
    def is_numeric(self) -> bool:
        return self.is_exact or self.name in {"real", "double"}

    @property
    def is_text(self) -> bool:
        return self.name in {"varchar", "char"}

    @property
    def precision(self) -> int:
        return self.numbers[0] if self.name == "decimal" else _DECIMAL_DIGITS[self.name]

    @property
    def scale(self) -> int:
        return self.numbers[1] if self.name == "decimal" else 0

    @property
    def element(self) -> Type:
        return self.parts[0]

    @property
    def holds_map(self) -> bool:
        """Say whether it is a map or has one inside; DuckDB compares maps by the order of their entries."""
        return self.name == "map" or any(part.holds_map for part in self.parts)


BOOLEAN, INTEGER, BIGINT = Type("boolean"), Type("integer"), Type("bigint")
TINYINT, SMALLINT = Type("tinyint"), Type("smallint")
REAL, DOUBLE, VARCHAR, DATE, JSON = Type("real"), Type("double"), Type("varchar"), Type("date"), Type("json")
VARBINARY, UNKNOWN = Type("varbinary"), Type("unknown")
TIMESTAMP = Type("timestamp", (3,))
INTERVAL_DAY, INTERVAL_YEAR = Type("interval day to second"), Type("interval year to month")


def decimal(precision: int, scale: int) -> Type:
    return Type("decimal", (precision, scale))


def array(element: Type) -> Type:
    return Type("array", parts=(element,))


def mapping(key: Type, value: Type) -> Type:
    return Type("map", parts=(key, value))


def row(fields: list[tuple[str | None, Type]]) -> Type:
    return Type("row", parts=tuple(part for _, part in fields), names=tuple(name for name, _ in fields))


def timestamp_with_zone(digits: int = 3, zone: str = "UTC") -> Type:
    return Type("timestamp with time zone", (digits,), zone=zone)


def trino_name(kind: Type) -> str:
    """Return the type as Trino writes it: ``decimal(12,2)``, ``array(row(a bigint))``."""
    if kind.name == "row":
        fields = [f"{name} {part}" if name else str(part) for name, part in zip(kind.names, kind.parts, strict=True)]
        return f"row({', '.join(fields)})"
    if kind.name == "timestamp with time zone":
        return f"timestamp({kind.numbers[0]}) with time zone"
    arguments = [*map(str, kind.numbers), *map(str, kind.parts)]
    separator = "," if kind.numbers else ", "
    return f"{kind.name}({separator.join(arguments)})" if arguments else kind.name


def hive_name(kind: Type) -> str:
    """Return the type as Glue keeps it: ``struct<a:bigint>``, ``string``."""
    if kind.name == "row":
        fields = [
            f"{name or f'field{i}'}:{hive_name(part)}"
            for i, (name, part) in enumerate(zip(kind.names, kind.parts, strict=True))
        ]
        return f"struct<{','.join(fields)}>"
    if kind.name in {"array", "map"}:
        return f"{kind.name}<{','.join(map(hive_name, kind.parts))}>"
    if kind.name == "decimal" or (kind.name in {"varchar", "char"} and kind.numbers):
        return f"{kind.name}({','.join(map(str, kind.numbers))})"
    if kind.name not in {
        "boolean",
        "tinyint",
        "smallint",
        "integer",
        "bigint",
        "real",
        "double",
        "varchar",
        "varbinary",
        "date",
        "timestamp",
    }:
        raise QueryFailedError("NOT_SUPPORTED", f"Unsupported Hive type: {kind}")
    return _HIVE_NAMES.get(kind.name, kind.name)


def duckdb_name(kind: Type) -> str:
    """Return the DuckDB type that holds it. A row's fields are ``f0``, ``f1``, …, because Trino's names may repeat."""
    if kind.name == "decimal":
        return f"DECIMAL({kind.numbers[0]},{kind.numbers[1]})"
    if kind.name == "timestamp with time zone" and not kind.zone:
        return "STRUCT(t TIMESTAMP, z VARCHAR)"
    if kind.name == "array":
        return f"{duckdb_name(kind.element)}[]"
    if kind.name == "map":
        return f"MAP({duckdb_name(kind.parts[0])}, {duckdb_name(kind.parts[1])})"
    if kind.name == "row":
        return f"STRUCT({', '.join(f'f{i} {duckdb_name(part)}' for i, part in enumerate(kind.parts))})"
    return _SIMPLE_DUCKDB[kind.name]


_INTERVALS = ("interval day to second", "interval year to month")
_TOKEN = re.compile(r'\s*("(?:[^"]|"")*"|[A-Za-z_$][\w$.-]*|\d+|[<>(),:])')


def parse_type(text: str) -> Type:
    """Parse a type in Hive's (``array<int>``) or Trino's spelling (``array(integer)``).

    Raises:
        QueryFailedError: no such type.
    """
    tokens = _TOKEN.findall(text)
    if "".join(tokens).lower() != re.sub(r"\s", "", text).lower():
        raise _unknown(text)
    try:
        kind, rest = _parse(tokens)
    except (IndexError, ValueError) as error:
        raise _unknown(text) from error
    if rest:
        raise _unknown(text)
    return kind


def _unknown(text: str) -> QueryFailedError:
    return QueryFailedError("TYPE_NOT_FOUND", f"Unknown type: {text}")


def _parse(tokens: list[str]) -> tuple[Type, list[str]]:
    name, rest = tokens[0].lower(), tokens[1:]
    if name == "double" and rest[:1] and rest[0].lower() == "precision":
        rest = rest[1:]
    if (whole := " ".join([name, *map(str.lower, rest[:3])])) in _INTERVALS:
        return Type(whole), rest[3:]
    name = _ALIASES.get(name, name)
    arguments: list[list[str]] = []
    if rest and rest[0] in "<(":
        arguments, rest = _arguments(rest)
    if name == "timestamp" and [word.lower() for word in rest[:3]] == ["with", "time", "zone"]:
        name, rest = "timestamp with time zone", rest[3:]
    return _build(name, arguments), rest


def _arguments(tokens: list[str]) -> tuple[list[list[str]], list[str]]:
    """Return the bracketed argument lists, split at the commas of the outer level, and what follows."""
    depth, found = 0, [[]]  # type: tuple[int, list[list[str]]]
    for index, word in enumerate(tokens):
        if word in "<(":
            depth += 1
            if depth == 1:
                continue
        elif word in ">)":
            depth -= 1
            if depth == 0:
                return found, tokens[index + 1 :]
        if word == "," and depth == 1:
            found.append([])
        else:
            found[-1].append(word)
    raise ValueError("unbalanced brackets")


def _build(name: str, arguments: list[list[str]]) -> Type:
    if name in {"struct", "row"}:
        return row([_field(argument) for argument in arguments])
    if name in {"array", "map"}:
        parts = tuple(_whole(argument) for argument in arguments)
        if len(parts) != (1 if name == "array" else 2):
            raise ValueError(name)
        return Type(name, parts=parts)
    numbers = tuple(int(argument[0]) for argument in arguments)
    if name == "decimal":
        precision, scale = (*numbers, 0)[:2] if numbers else (10, 0)
        if not 1 <= precision <= 38 or not 0 <= scale <= precision:
            raise ValueError(name)
        return decimal(precision, scale)
    if name in {"timestamp", "timestamp with time zone", "time"}:
        return Type(name, numbers or (3,)) if not numbers or numbers[0] <= 6 else _too_fine(name)
    if name == "char":
        return Type(name, numbers or (1,))
    if name not in _SIMPLE_DUCKDB:
        raise ValueError(name)
    return Type(name, numbers)


def _too_fine(name: str) -> Type:
    raise not_supported(f"A {name} finer than microseconds")


def _whole(tokens: list[str]) -> Type:
    kind, rest = _parse(tokens)
    if rest:
        raise ValueError(rest)
    return kind


def _field(tokens: list[str]) -> tuple[str | None, Type]:
    """Parse ``name:type`` or ``name type``; a lone type is an anonymous field."""
    if len(tokens) > 1 and tokens[1] == ":":
        return tokens[0].strip('"').lower(), _whole(tokens[2:])
    try:
        return None, _whole(tokens)
    except (ValueError, IndexError):
        return tokens[0].strip('"').lower(), _whole(tokens[1:])
