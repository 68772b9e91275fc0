"""An order as the curated table shows it. Pure: no Airflow, no AWS client.

An item of DynamoDB becomes a change event in the transformer, and a row in the Spark job; here both steps are one, for the
items that reconciliation reads. The three share the naming of columns and the writing of values; a property test holds the
whole together. A row maps columns to texts; what is absent or null has no entry.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256
from typing import Any

from sales_cdc.contract.attribute_values import UnfitValueError, field_json, further_json, rescued_json
from sales_cdc.contract.change_contract import METADATA, REST_COLUMN, Attribute, Contract
from sales_cdc.contract.column_texts import attribute_text, decimal_text, typed_form
from sales_cdc.contract.compared_values import Typed, decode, same_text
from sales_cdc.contract.declared import declared_contract

Item = Mapping[str, Typed]
Row = Mapping[str, str]

CURRENT_METADATA = (*(name for name in METADATA if name != "rescued_data"), "is_deleted")
"""Columns of the current state that say nothing of the order's content."""
_escapes = re.compile(r"\\(?:u(00[0-9a-f]{2})|.)")
_FIELD_JSON: dict[str, tuple[type, ...]] = {
    "string": (str,), "json": (str,), "timestamp": (str,), "bigint": (int,), "double": (int, Decimal), "boolean": (bool,),
}  # fmt: skip


class CuratedRows:
    """The rows of one contract."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self._keys = {each.name for each in contract.key}
        self._fields = {field.name: _field(field) for field in contract.fields}
        self._own = {field.name: field.column for field in contract.fields}
        self._columns = lru_cache(maxsize=4096)(contract.further_columns)
        self.item_columns = lru_cache(maxsize=4096)(self._item_columns)

    def item_row(self, item: Item, columns: Collection[str] | None = None) -> Row:
        """The row that the item becomes once its latest change is curated; the columns in their order.

        ``columns`` are those of the curated table: a further attribute without one is in ``further_attributes``. Without them,
        each has its own.
        """
        row: dict[str, str] = {}
        rest: dict[str, str] = {}
        rescued: dict[str, Any] = {}
        for name, column in self.item_columns(tuple(item)):
            field = self._fields.get(name)
            try:
                text = field(item[name]) if field else _further_text(item[name])
            except (UnfitValueError, RecursionError) as error:
                rescued[name] = getattr(error, "form", item[name])
                continue
            if text is not None:
                own = field or columns is None or column in columns
                (row if own else rest)[column] = text
        if rest:
            row[REST_COLUMN] = _rest(rest)
        if rescued:
            row["rescued_data"] = rescued_json(rescued)
        return dict(sorted(row.items())) if rest or rescued else row

    def event_row(self, event: Mapping[str, Any], columns: Collection[str] | None = None) -> Row:
        """The row that a line of ``raw/`` becomes, as ``item_row``."""
        texts: dict[str, str | None] = {"rescued_data": event.get("rescued_data")}
        rescued = {}
        for field in self.contract.fields:
            value = event.get(field.member)
            texts[field.column] = None if value is None else _event_text(field, value)
            if value is not None and texts[field.column] is None:
                rescued[field.name] = typed_form(value)
        if rescued:
            texts["rescued_data"] = rescued_json(rescued | decode(texts["rescued_data"] or "{}"))
        further = self._columns(tuple(name for name in event if name not in self.contract.members))
        others = {column: attribute_text(event[name]) for name, column in further.items()}
        if columns is not None:
            rest = {name: text for name, text in others.items() if name not in columns and text is not None}
            others = {name: text for name, text in others.items() if name in columns}
            texts[REST_COLUMN] = _rest(rest) if rest else None
        texts |= others
        return {column: text for column, text in sorted(texts.items()) if text is not None}

    def differences(self, item: Item | None, row: Row | None) -> dict[str, dict[str, Any]]:
        """The columns in which an item and a curated row differ, with both values; None stands for no such order.

        Texts are compared as they are, numbers by value, maps and sets whatever the order of their members. An attribute that
        has a column of its own on one side only is compared with what ``further_attributes`` says.
        """
        source = {} if item is None else self.item_row(item)
        curated = _unfolded(row or {})
        typed = {} if item is None else {column: item[name] for name, column in self.item_columns(tuple(item))}
        return {
            column: {"source": source.get(column), "curated": curated.get(column)}
            for column in sorted({*source, *curated})
            if not same_text(column, source.get(column), curated.get(column), typed.get(column))
        }

    def _item_columns(self, names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
        """Each attribute but the key, with its column; sorted by column."""
        members = self.contract.further_members(names)
        columns = self._columns(tuple(members.values()))
        named = [(name, self._own[name]) for name in names if name in self._own]
        named += [(name, columns[member]) for name, member in members.items()]
        return tuple(sorted(named, key=lambda pair: pair[1]))


def fingerprint(row: Row) -> str:
    """The hash of a row's content. SQL's counterpart: reconcile/fingerprints.sql."""
    return sha256("".join([f"{column}:{len(text)}:{text}" for column, text in row.items()]).encode()).hexdigest()


def _unfolded(row: Row) -> Row:
    """A row with the members of ``further_attributes`` as columns."""
    if REST_COLUMN not in row:
        return row
    own = {name: text for name, text in row.items() if name != REST_COLUMN}
    try:
        return {**json.loads(row[REST_COLUMN]), **own}
    except (ValueError, TypeError):
        return row


class _RescuedError(UnfitValueError):
    """The job rescues a number of the change event: in the form in which it reads it."""

    def __init__(self, number: str) -> None:
        super().__init__("it has more digits than its column")
        self.form = typed_form(decode(number))


def _double_text(number: float) -> str:
    """As Athena writes a double: 12.5, 1.0E10."""
    if number == 0 or 1e-3 <= abs(number) < 1e7:
        return repr(number)
    digits, _, exponent = f"{number:.16e}".partition("e")
    shortest = next(text for text in (f"{number:.{places}e}" for places in range(18)) if float(text) == number)
    digits, _, exponent = shortest.partition("e")
    return f"{digits if '.' in digits else f'{digits}.0'}E{int(exponent)}"


def _time_text(iso: str) -> str:
    return iso.rstrip("Z").replace("T", " ")


def _column_text(kind: str, written: Any) -> str | None:
    """The text that Athena shows for a field's value, a member of a change event; None when the column does not hold it."""
    if kind == "double":
        return _double_text(float(written))
    if kind == "timestamp":
        return _time_text(written)
    if kind == "boolean":
        return str(written).lower()
    return decimal_text(kind, Decimal(written)) if kind.startswith("decimal") else str(written)


def _field(field: Attribute) -> Callable[[Typed], str | None]:
    """How an item's field becomes its column's text."""
    render, kind = field_json(field.type), field.type
    is_text = kind in {"string", "timestamp", "json"}

    def text(typed: Typed) -> str | None:
        if kind == "string" and len(typed) == 1 and type(plain := typed.get("S")) is str:
            return plain
        written = render(typed)
        if written == "null":
            return None
        found = _column_text(kind, decode(written) if is_text else written)
        if found is None:
            raise _RescuedError(written)
        return found

    return text


def _event_text(field: Attribute, value: Any) -> str | None:
    """A change event's field as its column's text; None when it does not fit."""
    if type(value) not in _FIELD_JSON.get(field.type, (int, Decimal)):
        return None
    return _column_text(field.type, value)


def _further_text(typed: Typed) -> str | None:
    ((tag, value),) = typed.items()
    if tag in {"S", "B"}:
        return str(value)
    return _number(value) if tag == "N" else attribute_text(decode(further_json(typed)))


def _rest(texts: Mapping[str, str]) -> str:
    """The JSON object of ``further_attributes``, as Spark writes it."""
    written = json.dumps(dict(sorted(texts.items())), ensure_ascii=False, separators=(",", ":"))
    return _escapes.sub(lambda match: f"\\u{match[1].upper()}" if match[1] else match[0], written)


def _number(text: str) -> str:
    """A JSON number as the job writes it after reading it: whole numbers as such, others as their decimal."""
    return str(int(text)) if text.lstrip("-").isdigit() else str(Decimal(text))


_ROWS = CuratedRows(declared_contract())
item_row, event_row, item_columns, differences = _ROWS.item_row, _ROWS.event_row, _ROWS.item_columns, _ROWS.differences
"""Of the contract that this project declares."""
