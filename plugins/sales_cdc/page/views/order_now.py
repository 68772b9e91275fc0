"""Compare an order as DynamoDB has it now with its row in the current state. Pure."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from sales_cdc.contract.curated_row import CuratedRows
from sales_cdc.contract.declared import declared_contract
from sales_cdc.page.views.order_versions import compared
from sales_cdc.page.views.texts import moment

ROWS = CuratedRows(declared_contract())
TIMES = frozenset(field.column for field in declared_contract().fields if field.type == "timestamp")


def standing(item: Mapping[str, Any] | None, row: Mapping[str, str | None] | None, *, has_view: bool) -> dict[str, Any]:
    """Return both sides, field by field.

    Args:
        item: as boto3 returns it, in DynamoDB's typed form; None when there is none.
        row: of the view of standing orders; None when there is none.
        has_view: whether there is a view to ask.
    """
    typed = None if item is None else {name: plain(value) for name, value in item.items()}
    becomes = {} if typed is None else dict(ROWS.item_row(typed))
    fields = compared({} if row is None else _of_times(row), _of_times(becomes))
    return {
        "item": typed,
        "row": row,
        "has_view": has_view,
        "fields": [{"name": e["name"], "dynamodb": e["after"], "table": e["before"], "differs": e["changed"]} for e in fields],
        "is_equal": has_view and (item is None) == (row is None) and not any(each["changed"] for each in fields),
    }  # fmt: skip


def plain(value: Any) -> Any:
    """Return a typed value as JSON has it: binary in base64, sets as lists.

    >>> plain({"BS": [b"a"]})
    {'BS': ['YQ==']}
    """
    if isinstance(value, Mapping):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(each) for each in value]
    return base64.b64encode(value).decode() if isinstance(value, bytes | bytearray) else value


def _of_times(row: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return a row whose times have one form."""
    return {name: moment(text) if name in TIMES else text for name, text in row.items()}
