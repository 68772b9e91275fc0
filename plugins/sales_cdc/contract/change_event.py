"""The change event: what one line of the raw zone says of one change of one order.

The Lambda transformer writes these lines. Pure: no Airflow, no AWS client.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, NoReturn

from sales_cdc.contract.change_contract import EVENT_TYPES, SEQUENCE_NUMBER_DIGITS, EventType, is_probe
from sales_cdc.contract.declared import declared_contract

FIELDS = declared_contract().members

_TEXTS, _WHOLE = ("string",), ("tinyint", "smallint", "int", "bigint")
RAW_TYPES = {
    **{name.lower(): _TEXTS for name in FIELDS},
    "quantity": _WHOLE,
    "price": (*_WHOLE, "float", "double", "decimal"),
}
"""By column of the raw table, the types of Glue that a crawler may give it, seeing the pipeline's own lines."""


class Actor(StrEnum):
    """Who made the change: a writer, or DynamoDB when an item's time to live ended."""

    USER = "user"
    TTL = "ttl"


class ChangeEventError(ValueError):
    """A line of the raw zone is no change event.

    Attributes:
        problem: what is wrong with it.
        line: the line as read.
    """

    def __init__(self, problem: str, line: str | bytes) -> None:
        super().__init__(f"Cannot read a line of the raw zone as a change event: {problem}.")
        self.problem = problem
        self.line = line


@dataclass(frozen=True)
class ChangeEvent:
    """One change of one order. Events compare by ``sequence_number`` alone, so ``max`` finds an order's latest change.

    ``product_name``, ``quantity`` and ``price`` are None when the item has no such attribute, and always on a REMOVE.
    ``creation_time`` is in UTC; DynamoDB floors it to the second, so it orders nothing.
    ``further`` has every other attribute of the item: its numbers are int or Decimal.
    """

    order_id: str
    product_name: str | None
    quantity: int | None
    price: Decimal | None
    event_type: EventType
    creation_time: datetime
    event_id: str
    sequence_number: str
    actor: Actor
    further: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __lt__(self, other: ChangeEvent) -> bool:
        return self.sequence_number < other.sequence_number

    def __gt__(self, other: ChangeEvent) -> bool:
        return self.sequence_number > other.sequence_number

    @property
    def identity(self) -> tuple[str, str]:
        """The same for every delivery of one change, and for no other change."""
        return self.order_id, self.sequence_number

    @property
    def is_probe(self) -> bool:
        return is_probe(self.order_id)


def pad_sequence_number(sequence_number: str) -> str:
    """A stream's sequence number as change events carry it: zeros in front, so that text order is numeric order.

    Raises:
        ValueError: it is not 1 to 40 digits.
    """
    if not (sequence_number.isascii() and sequence_number.isdigit() and len(sequence_number) <= SEQUENCE_NUMBER_DIGITS):
        raise ValueError(
            f"A DynamoDB stream's sequence number has 1 to {SEQUENCE_NUMBER_DIGITS} digits, not {sequence_number!r}."
        )
    return sequence_number.zfill(SEQUENCE_NUMBER_DIGITS)


def parse(line: str | bytes) -> ChangeEvent:
    """Read one line of the raw zone. Numbers stay exact: ``price`` 10.50 is ``Decimal("10.50")``.

    Raises:
        ChangeEventError: the line is not one JSON object, or breaks the contract.
    """
    try:
        members = json.loads(line, parse_float=Decimal, parse_constant=_refuse_constant, object_pairs_hook=_unique)
        return _change_event(members)
    except RecursionError:
        raise ChangeEventError("it is nested too deeply", line) from None
    except json.JSONDecodeError as error:
        raise ChangeEventError(f"it is not one JSON document ({error.msg} at character {error.pos})", line) from error
    except (ValueError, ArithmeticError) as error:
        raise ChangeEventError(str(error), line) from error


def _change_event(members: object) -> ChangeEvent:
    if not isinstance(members, dict):
        raise ValueError("it is not a JSON object")
    if missing := [name for name in FIELDS if name not in members]:
        raise ValueError(f"it lacks {', '.join(missing)}")
    sequence_number = _text(members, "sequence_number")
    if len(sequence_number) != SEQUENCE_NUMBER_DIGITS or pad_sequence_number(sequence_number) != sequence_number:
        raise ValueError(f"sequence_number is not {SEQUENCE_NUMBER_DIGITS} digits")
    return ChangeEvent(
        order_id=_text(members, "orderID"),
        product_name=None if members["product_name"] is None else _text(members, "product_name", empty=True),
        quantity=_quantity(members["quantity"]),
        price=_price(members["price"]),
        event_type=_event_type(_text(members, "event_type")),
        creation_time=_utc(_text(members, "creation_time")),
        event_id=_text(members, "event_id"),
        sequence_number=sequence_number,
        actor=Actor(_text(members, "actor")),
        further={name: value for name, value in members.items() if name not in FIELDS},
    )


def foreign_types(types: Mapping[str, str]) -> dict[str, str]:
    """Of the raw table's columns, with their Glue types, those that the pipeline's own lines do not explain."""
    return {
        name: kind for name, kind in types.items() if name in RAW_TYPES and kind.split("(")[0] not in RAW_TYPES[name]
    }


def _text(members: Mapping[str, Any], name: str, *, empty: bool = False) -> str:
    value = members[name]
    if not isinstance(value, str) or not (value or empty):
        raise ValueError(f"{name} is not a text{'' if empty else ', or is empty'}")
    return value


def _event_type(text: str) -> EventType:
    found = next((each for each in EVENT_TYPES if each == text), None)
    if found is None:
        raise ValueError(f"event_type {text!r} is none of {', '.join(EVENT_TYPES)}")
    return found


def _quantity(value: object) -> int | None:
    if value is not None and type(value) is not int:
        raise ValueError("quantity is neither an integer nor null")
    return value


def _price(value: object) -> Decimal | None:
    if value is None or isinstance(value, Decimal):
        return value
    if type(value) is not int:
        raise ValueError("price is neither a number nor null")
    return Decimal(value)


def _utc(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("creation_time has no time zone")
    return moment.astimezone(UTC)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("it names a member of an object twice")
    return members
