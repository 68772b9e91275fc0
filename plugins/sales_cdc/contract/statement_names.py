"""Name tables and columns in the statements of ``include/sql/``, for one contract. Pure: no Airflow, no AWS client.

Whoever renders a statement gives it ``statement_names(contract)``. With the contract of orders they are ``orders_changes``, ``orderid``
and so on; a name that SQL reserves is quoted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from sales_cdc.contract.change_contract import Contract, prefixed_until

RESERVED = frozenset(
    [
        "alter",
        "and",
        "as",
        "between",
        "by",
        "case",
        "cast",
        "constraint",
        "create",
        "cross",
        "cube",
        "current_catalog",
        "current_date",
        "current_path",
        "current_schema",
        "current_time",
        "current_timestamp",
        "current_user",
        "deallocate",
        "delete",
        "describe",
        "distinct",
        "drop",
        "else",
        "end",
        "escape",
        "except",
        "execute",
        "exists",
        "extract",
        "false",
        "first",
        "for",
        "from",
        "full",
        "group",
        "grouping",
        "having",
        "in",
        "inner",
        "insert",
        "intersect",
        "into",
        "is",
        "join",
        "json_array",
        "json_exists",
        "json_object",
        "json_query",
        "json_table",
        "json_value",
        "last",
        "left",
        "like",
        "listagg",
        "localtime",
        "localtimestamp",
        "natural",
        "normalize",
        "not",
        "null",
        "of",
        "on",
        "or",
        "order",
        "outer",
        "prepare",
        "recursive",
        "right",
        "rollup",
        "select",
        "skip",
        "table",
        "then",
        "trim",
        "true",
        "uescape",
        "union",
        "unnest",
        "using",
        "values",
        "when",
        "where",
        "with",
    ]
)
"""Words that are no name of a table or column without quotes.

Sources: https://docs.aws.amazon.com/athena/latest/ug/reserved-words.html,
https://trino.io/docs/476/language/reserved.html
"""


SHOWN_FIELDS = 3
"""How many of an entity's fields stand beside its key where many rows are listed."""


def sql_name(name: str) -> str:
    """Write a name of the Data Catalog as SQL takes it.

    >>> sql_name("orderid"), sql_name("order")
    ('orderid', '"order"')
    """
    return f'"{name}"' if name in RESERVED else name


@dataclass(frozen=True)
class Tables:
    """The tables and views of an entity."""

    raw: str
    changes: str
    current: str
    quarantine: str
    intake: str
    view: str
    history: str


class KeyColumns:
    """The columns of the key, as lists and conditions of SQL; as a text, the list that a SELECT or GROUP BY takes.

    >>> str(KeyColumns(["supplier", "number"])), KeyColumns(["orderid"]).equal("raw", "kept")
    ('supplier, number', 'raw.orderid = kept.orderid')
    """

    def __init__(self, columns: Iterable[str]) -> None:
        self._columns = tuple(columns)

    def __str__(self) -> str:
        return ", ".join(self._columns)

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def __getitem__(self, place: int) -> str:
        return self._columns[place]

    def of(self, relation: str) -> str:
        """List the columns of one table of a statement."""
        return ", ".join(f"{relation}.{column}" for column in self._columns)

    def equal(self, left: str, right: str) -> str:
        """Write the condition that two tables' rows are of the same key."""
        return " AND ".join(f"{left}.{column} = {right}.{column}" for column in self._columns)

    def either(self, left: str, right: str) -> str:
        """List the columns of an outer join, of whichever table has the row."""
        return ", ".join(f"coalesce({left}.{column}, {right}.{column}) AS {column}" for column in self._columns)


def statement_names(contract: Contract) -> dict[str, Any]:
    """Return what a statement's Jinja names.

    ``contract``, ``tables``, ``key``; ``probed``, the key's column by which a probe is known, and ``probe_start``, with which its value
    begins; ``fields``, the columns of the contract's fields; ``shown``, the first of them with their types, and ``title``, the first of
    these that is a text, None when none is.
    ``alias(name)`` is a name for a column of the statement's own that no column of the contract has.
    """
    shown = {sql_name(each.column): each.type for each in contract.fields[:SHOWN_FIELDS]}
    named = {part: sql_name(contract.table(part)) for part in ("changes", "current", "quarantine", "intake", "history")}
    return {
        "contract": contract,
        "tables": Tables(raw=sql_name(contract.raw_table), view=sql_name(contract.view), **named),
        "key": KeyColumns(sql_name(each.column) for each in contract.key),
        "probed": sql_name(contract.probed.column),
        "probe_start": contract.probe_pattern[1:].partition("[")[0],
        "fields": [sql_name(each.column) for each in contract.fields],
        "title": next((column for column, kind in shown.items() if kind == "string"), None),
        "shown": shown,
        "alias": partial(prefixed_until, lambda name: name not in contract.columns),
    }
