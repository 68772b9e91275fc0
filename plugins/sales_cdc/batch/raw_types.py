"""Unite the types that crawls give a column of the raw table. Pure: no Airflow, no AWS client.

Source: https://docs.aws.amazon.com/athena/latest/ug/data-types.html
"""

from __future__ import annotations

from collections.abc import Iterator

_WHOLE = {"tinyint", "smallint", "int", "bigint"}
_NUMBERS = _WHOLE | {"float", "double"}


def united(left: str, right: str) -> str:
    """Return the type that reads the values of both; any JSON value can be read as a string.

    >>> united("int", "double"), united("struct<a:int>", "struct<b:array<int>>"), united("boolean", "int")
    ('double', 'struct<a:int,b:array<int>>', 'string')
    """
    kinds = {left, right}
    if len(kinds) == 1:
        return left
    if kinds <= _NUMBERS:
        return "bigint" if kinds <= _WHOLE else "double"
    for outer, unite in (("array<", united), ("struct<", _united_members)):
        if all(kind.startswith(outer) and kind.endswith(">") for kind in kinds):
            inner = unite(*(kind[len(outer) : -1] for kind in (left, right)))
            return f"{outer}{inner}>"
    return "string"


def _united_members(left: str, right: str) -> str:
    members = dict(_members(left))
    for name, kind in _members(right):
        members[name] = united(members.get(name, kind), kind)
    return ",".join(f"{name}:{kind}" for name, kind in members.items())


def _members(text: str) -> Iterator[tuple[str, str]]:
    """Yield name and type of a struct's members: commas inside brackets part none."""
    depth, start = 0, 0
    for at, sign in enumerate(f"{text},"):
        depth += {"<": 1, "(": 1, ">": -1, ")": -1}.get(sign, 0)
        if sign == "," and depth == 0:
            name, _, kind = text[start:at].partition(":")
            yield name, kind
            start = at + 1
