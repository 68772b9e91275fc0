"""Tell functions that Trino has from those that it lacks, so that only the latter are the query's mistake.

``trino_functions.txt`` is what Trino 476 answers to SHOW FUNCTIONS: each function with the types of its arguments.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from local_cloud.athena.types import INTEGERS, Type

# Functions of any number of arguments, of which the list shows one or two; all of them exist here.
_VARIADIC = frozenset({"concat", "concat_ws", "greatest", "least", "map_concat"})
_COERCED = {
    "double": {*INTEGERS, "decimal", "real", "double"},
    "real": {*INTEGERS, "decimal", "real"},
    "decimal": {*INTEGERS, "decimal"},
    "bigint": set(INTEGERS),
    "integer": set(INTEGERS[:3]),
    "smallint": set(INTEGERS[:2]),
    "varchar": {"varchar", "char"},
    "char": {"char", "varchar"},
    "timestamp": {"date", "timestamp"},
    "timestamp with time zone": {"date", "timestamp", "timestamp with time zone"},
    "jsonpath": {"varchar", "char"},
    "joniregexp": {"varchar", "char"},
    "codepoints": {"varchar", "char"},
}


@lru_cache(maxsize=1)
def _signatures() -> dict[str, list[list[str]]]:
    found: dict[str, list[list[str]]] = {}
    for line in Path(__file__).with_name("trino_functions.txt").read_text(encoding="utf-8").splitlines():
        name, _, arguments = line.removesuffix(")").partition("(")
        found.setdefault(name, []).append(_split(arguments))
    return found


def _split(arguments: str) -> list[str]:
    """Return the parts of a list at the commas that are not inside parentheses."""
    parts, depth = [""], 0
    for sign in arguments:
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return [part.strip() for part in parts if part.strip()]


def names() -> set[str]:
    """Return the names of all functions that Trino has."""
    return set(_signatures())


def is_known(name: str) -> bool:
    """Say whether Trino has a function of that name."""
    return name in _signatures()


def may_take(name: str, kinds: Sequence[Type | None]) -> bool:
    """Say whether one of Trino's functions of that name may take arguments of these types; None is a lambda's."""
    if name in _VARIADIC:
        return False
    variants = _signatures().get(name, [])
    return any(
        len(wanted) == len(kinds) and all(map(_fits, wanted, kinds)) and _is_consistent(wanted, kinds)
        for wanted in variants
    )


def _fits(wanted: str, kind: Type | None) -> bool:
    if kind is None or wanted.startswith("function("):
        return kind is None and wanted.startswith("function(")
    if kind.name == "unknown" or re.fullmatch("[A-Za-z][0-9]?", wanted):
        return True
    base, _, rest = wanted.partition("(")
    if base == "varchar" and rest[:-1].isdigit() and kind.name == "varchar":
        return bool(kind.numbers) and kind.numbers[0] <= int(rest[:-1])
    if wanted.endswith("with time zone"):
        base, rest = f"{base} with time zone", ""
    if base in {"array", "map"} and kind.name == base:
        return all(map(_fits, _split(rest.removesuffix(")")), kind.parts))
    return kind.name in _COERCED.get(base.lower(), {base.lower()})


def _is_consistent(wanted: Sequence[str], kinds: Sequence[Type | None]) -> bool:
    """Say whether equal type variables, as they are written, stand for types that can be the same."""
    bound: dict[str, Type] = {}
    for name, kind in zip(wanted, kinds, strict=True):
        if kind is None or kind.name == "unknown" or ("(" not in name and not re.fullmatch("[A-Z]", name)):
            continue
        known = bound.setdefault(name, kind)
        if known.name != kind.name and not (known.is_numeric and kind.is_numeric):
            return False
    return True
