"""An order as the curated table shows it. Pure: no Airflow, no AWS client.

An item of DynamoDB becomes a change event in the transformer, and a row in the Spark job; here both steps are one, for the
items that reconciliation reads. The three share the naming of columns; a property test holds the values together. A row maps columns to texts; what is absent or null has no entry. A value that the chain does not carry (a price of
three decimal places, a quantity that is a text) stays as DynamoDB types it, and so equals no text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Context, Decimal, Inexact, InvalidOperation
from functools import lru_cache
from hashlib import sha256
from typing import Any

from sales_cdc.contract.change_contract import METADATA, names_struct
from sales_cdc.contract.declared import declared_contract

Typed = Mapping[str, Any]
Item = Mapping[str, Typed]
Row = Mapping[str, Any]

CONTRACT = declared_contract()
KEY = CONTRACT.key[0].name
CURRENT_METADATA = (*METADATA, "is_deleted")
CENT, EXACT_12_DIGITS = Decimal("0.01"), Context(prec=12, traps=[Inexact, InvalidOperation])
BIGINT = range(-(2**63), 2**63)
_is_number = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?").fullmatch
_decode = json.JSONDecoder(parse_float=Decimal).decode


def item_row(item: Item) -> Row:
    """The row that the item becomes once its latest change is curated; the columns in their order."""
    row = {}
    for name, column in item_columns(tuple(item)):
        ((tag, value),) = item[name].items()
        text = _field(column, tag, value) if name in CONTRACT.attributes else _text(tag, value)
        if text is not None:
            row[column] = text
    return row


def event_row(event: Mapping[str, Any]) -> Row | None:
    """The row that a line of ``raw/`` becomes; None for what is no change event, or one that the job would refuse."""
    price, quantity, product = event.get("price"), event.get("quantity"), event.get("product_name")
    texts = {
        "product_name": product,
        "quantity": None if quantity is None else str(quantity),
        "price": None if price is None else cents(str(price)),
    }
    refused = [not isinstance(product, str | None), type(quantity) not in (int, type(None))]
    if any(refused) or (price is not None and texts["price"] is None):
        return None
    further = _further_columns(tuple(name for name in event if name not in CONTRACT.members))
    texts |= {column: attribute_text(event[name]) for name, column in further.items()}
    return {column: texts[column] for column in sorted(texts) if texts[column] is not None}


def fingerprint(row: Row) -> str:
    """The hash of a row's content; empty for one that the chain does not carry. SQL's counterpart: reconcile/fingerprints.sql."""
    parts = []
    for column, text in row.items():
        if text.__class__ is not str:
            return ""
        parts.append(f"{column}:{len(text)}:{text}")
    return sha256("".join(parts).encode()).hexdigest()


def differences(item: Item | None, row: Row | None) -> dict[str, dict[str, Any]]:
    """The columns in which an item and a curated row differ, with both values; None stands for no such order.

    Texts are compared as they are, numbers by value, maps and sets whatever the order of their members.
    """
    source, curated = {} if item is None else item_row(item), row or {}
    typed = {} if item is None else {column: item[name] for name, column in item_columns(tuple(item))}
    return {
        column: {"source": source.get(column), "curated": curated.get(column)}
        for column in sorted({*source, *curated})
        if source.get(column) != curated.get(column) and not _equal_structure(typed.get(column), curated.get(column))
    }


def comparable(typed: Typed) -> Any:
    """A typed value in a form that equals another's exactly when DynamoDB holds the two for equal."""
    ((tag, value),) = typed.items()
    if tag == "M":
        return tag, {name: comparable(member) for name, member in value.items()}
    if tag == "L":
        return tag, [comparable(member) for member in value]
    if tag in {"SS", "BS", "NS"}:
        return tag, sorted(Decimal(member) if tag == "NS" else member for member in value)
    return tag, Decimal(value) if tag == "N" else value


# Columns


@lru_cache(maxsize=4096)
def item_columns(names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Each attribute but the key, with its column; sorted by column."""
    members = CONTRACT.further_members(names)
    columns = _further_columns(tuple(members.values()))
    named = [(name, name) for name in names if name in CONTRACT.attributes and name != KEY]
    named += [(name, columns[member]) for name, member in members.items()]
    return tuple(sorted(named, key=lambda pair: pair[1]))


@lru_cache(maxsize=4096)
def _further_columns(members: tuple[str, ...]) -> dict[str, str]:
    return CONTRACT.further_columns(members)


# Values


def _field(column: str, tag: str, value: Any) -> Any:
    """A field of the contract; as DynamoDB types it when it breaks the contract."""
    if tag == "NULL":
        return None
    text = {"product_name": _product, "quantity": _whole, "price": _price}[column](tag, value)
    return {tag: value} if text is None else text


def _product(tag: str, value: Any) -> str | None:
    return str(value) if tag == "S" else None


def _whole(tag: str, value: Any) -> str | None:
    if tag != "N" or not _is_number(value):
        return None
    number = Decimal(value)
    return str(int(number)) if number == int(number) and int(number) in BIGINT else None


def _price(tag: str, value: Any) -> str | None:
    return cents(value) if tag == "N" and _is_number(value) else None


def cents(number: str) -> str | None:
    """A number as decimal(12,2) shows it; None when it does not hold it exactly."""
    try:
        exact = EXACT_12_DIGITS.quantize(Decimal(number), CENT)
    except ArithmeticError:
        return None
    return str(exact or abs(exact))


def _text(tag: str, value: Any) -> Any:
    if tag in {"S", "B"}:
        return value
    if tag == "N":
        return _number(value)
    return attribute_text(_decode(_written({tag: value})))


def _number(text: str) -> str:
    """A JSON number as the job writes it after reading it: whole numbers as such, others as their decimal."""
    return str(int(text)) if text.lstrip("-").isdigit() else str(Decimal(text))


def _written(typed: Typed) -> str:
    """A typed value as JSON in the change event; a map whose keys name no struct fields as its own text."""
    ((tag, value),) = typed.items()
    if tag == "M":
        text = "{" + ",".join(f"{_quoted(name)}:{_written(member)}" for name, member in value.items()) + "}"
        return text if names_struct(value) else _quoted(text)
    if tag in {"L", "SS", "NS", "BS"}:
        members = value if tag == "L" else [{tag[0]: member} for member in value]
        return "[" + ",".join(map(_written, members)) + "]"
    if tag == "N":
        return str(value)
    return _quoted(None if tag == "NULL" else value)


def _quoted(value: str | bool | None) -> str:
    return json.dumps(value, ensure_ascii=False)


def attribute_text(value: Any) -> str | None:
    """A further member of a change event, parsed, as the job keeps it: any type as text."""
    return value if value is None or isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{_json(name)}:{_json(member)}" for name, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_json, value)) + "]"
    return str(value) if isinstance(value, Decimal) else _quoted(value)


def _equal_structure(typed: Typed | None, text: Any) -> bool:
    """Whether a number, map, list or set is what the text says, though written in another order or with other digits."""
    if typed is None or not isinstance(text, str) or typed.keys() <= {"S", "B", "BOOL", "NULL"}:
        return False
    try:
        return _same(typed, _decode(text))
    except (ValueError, ArithmeticError):
        return False


def _same(typed: Typed, parsed: Any) -> bool:
    ((tag, value),) = typed.items()
    if tag == "M":
        parsed = _decode(parsed) if isinstance(parsed, str) else parsed
        return (
            isinstance(parsed, dict)
            and parsed.keys() == value.keys()
            and all(_same(value[name], parsed[name]) for name in value)
        )
    if tag in {"L", "SS", "NS", "BS"}:
        return isinstance(parsed, list) and len(parsed) == len(value) and _same_members(tag, value, parsed)
    if tag == "N":
        return type(parsed) in (int, Decimal) and Decimal(value) == parsed
    return type(parsed) is type(value) and parsed == value if tag != "NULL" else parsed is None


def _same_members(tag: str, value: list[Any], parsed: list[Any]) -> bool:
    if tag == "L":
        return all(map(_same, value, parsed))
    kinds = (int, Decimal) if tag == "NS" else (str,)
    return all(type(member) in kinds for member in parsed) and comparable({tag: value}) == (tag, sorted(parsed))
