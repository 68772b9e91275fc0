"""Raw lines to changes: plain Python, run by Spark's workers. No Spark, no Arrow.

Spark's own JSON reader passes the numbers of untyped fields through double; here every digit is kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Context, Decimal, Inexact, InvalidOperation
from functools import lru_cache, partial
from typing import Any

from change_contract import EVENT_TYPES, SEQUENCE_NUMBER_DIGITS, Attribute, Contract, is_probe

Further = list[tuple[str, str | None]]  # columns and texts of further attributes
Rule = Callable[[Any], str]  # returns the field's text, or raises an ordinary error


class BadRow(ValueError):  # noqa: N818 (the row is at fault, not the job)
    """A line breaks the contract; the message is the quarantine's reason."""


def _text(pattern: str) -> Rule:
    matches = re.compile(pattern, re.DOTALL).fullmatch

    def rule(value: Any) -> str:
        if not matches(value):
            raise ValueError
        return str(value)

    return rule


def _integer(value: Any) -> str:
    if type(value) is not int or not -(2**63) <= value < 2**63:
        raise ValueError
    return str(value)


def _decimal(exact: Context, unit: Decimal, value: Any) -> str:
    if type(value) not in (int, Decimal):
        raise TypeError
    return str(exact.quantize(Decimal(value), unit))


def _utc(value: Any) -> str:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ")


METADATA_RULES: dict[str, tuple[Rule, str]] = {
    "event_type": (_text("|".join(EVENT_TYPES)), f"{', '.join(EVENT_TYPES[:-1])} or {EVENT_TYPES[-1]}"),
    "creation_time": (_utc, "an ISO-8601 time with its zone"),
    "event_id": (_text(".+"), "a text"),
    "sequence_number": (
        _text(f"[0-9]{{1,{SEQUENCE_NUMBER_DIGITS}}}"),
        f"a text of at most {SEQUENCE_NUMBER_DIGITS} digits",
    ),
    "actor": (_text("user|ttl"), "user or ttl"),
}


def _field_rule(field: Attribute) -> tuple[Rule, str]:
    """How a field's value is read, and what it has to be."""
    if field.type == "string":
        return _text(".*"), "a text"
    if field.type == "bigint":
        return _integer, "an integer of 64 bits"
    precision, scale = map(int, re.findall("[0-9]+", field.type))
    exact = Context(prec=precision, traps=[Inexact, InvalidOperation])
    return partial(_decimal, exact, Decimal(1).scaleb(-scale)), f"a number that {field.type} holds exactly"


class LineParser:
    """Reads raw lines; keeps what many of them share. Made in the worker, since it cannot be sent there."""

    def __init__(self, contract: Contract) -> None:
        keys = {each.member: (_text(".+"), "a text") for each in contract.key}
        fields = {each.member: _field_rule(each) for each in contract.fields}
        self._rules = keys | fields | METADATA_RULES
        self._optional = fields.keys()
        self._key_member = contract.key[0].member
        self._decode = json.JSONDecoder(parse_float=Decimal, parse_constant=_text("(?!)")).decode  # NaN is no JSON
        self._columns = lru_cache(contract.further_columns)

    def change(self, line: bytes) -> tuple[list[str | None], Further] | None:
        """Read the texts of the declared columns and the further attributes; None for a probe, which counts nowhere.

        Raises:
            BadRow: the line is no change event.
        """
        event = self._event(line)
        if is_probe(str(event.get(self._key_member))):
            return None
        texts: list[str | None] = []
        for name, (rule, expected) in self._rules.items():
            value = event.get(name)
            try:
                texts.append(None if value is None and name in self._optional else rule(value))
            except (TypeError, ValueError, ArithmeticError):
                raise BadRow(f"{name} is {'missing' if value is None else f'not {expected}'}") from None
        return texts, self._further({name: event[name] for name in event if name not in self._rules})

    def end_of_plain_line(self, text: str | None) -> Further | None:
        """Read the further attributes in what a plain line has after its members; None if it is no plain line after all."""
        if not text:
            return text if text is None else []
        try:
            attributes = self._event(f"{{{text}}}".encode())
        except BadRow:
            return None
        return None if attributes.keys() & self._rules.keys() else self._further(attributes)

    def _further(self, attributes: dict[str, Any]) -> Further:
        columns = self._columns(tuple(attributes))
        return [(column, attribute_text(attributes[name])) for name, column in columns.items()]

    def _event(self, line: bytes) -> dict[str, Any]:
        try:
            event = self._decode(line.decode())
            if b"\\u" in line:
                json_text(event).encode()  # half of a surrogate pair is no text
        except (ValueError, ArithmeticError, RecursionError):
            raise BadRow("the line is not one JSON document in UTF-8") from None
        if not isinstance(event, dict):
            raise BadRow("the line is not a JSON object")
        return event


def attribute_text(value: Any) -> str | None:
    """Further attributes are texts whatever their type: a type that drifts never fails, and no digit is lost."""
    return value if value is None or isinstance(value, str) else json_text(value)


def json_text(value: Any) -> str:
    """JSON, with each number as exact as it was read."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json_text(name)}:{json_text(member)}" for name, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(json_text, value)) + "]"
    return str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)
