"""Raw lines to changes: plain Python, run by Spark's workers. No Spark, no Arrow.

Spark's own JSON reader passes the numbers of untyped fields through double; here every digit is kept. A line is refused for
its identity alone: a value that does not fit its column is null there, and rescued.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any

from attribute_values import iso_time, rescued_json
from change_contract import EVENT_TYPES, SEQUENCE_NUMBER_DIGITS, Attribute, Contract, is_probe
from column_texts import attribute_text, decimal_text, json_text, typed_form

Further = list[tuple[str, str | None]]  # columns and texts of further attributes
Rule = Callable[[Any], str]  # returns the field's text, or raises an ordinary error
MAX_KEPT_ENDS = 10_000
"""Of how many ends of lines the further attributes are kept: those of an order seldom change, and many orders share theirs."""
BIGINT = range(-(2**63), 2**63)


class BadRow(ValueError):  # noqa: N818 (the row is at fault, not the job)
    """A line is no change event; the message is the quarantine's reason."""


def _text(pattern: str) -> Rule:
    matches = re.compile(pattern, re.DOTALL).fullmatch

    def rule(value: Any) -> str:
        if not matches(value):
            raise ValueError
        return str(value)

    return rule


def _integer(value: Any) -> str:
    if type(value) is not int or value not in BIGINT:
        raise ValueError
    return str(value)


def _double(value: Any) -> str:
    if type(value) not in (int, Decimal):
        raise TypeError
    return str(value)


def _decimal(kind: str, value: Any) -> str:
    if type(value) not in (int, Decimal) or (text := decimal_text(kind, Decimal(value))) is None:
        raise ValueError
    return text


def _boolean(value: Any) -> str:
    if type(value) is not bool:
        raise TypeError
    return str(value).lower()


def _timestamp(value: Any) -> str:
    if (time := iso_time(value)) is None:
        raise ValueError
    return time.rstrip("Z").replace("T", " ")


def _json(value: Any) -> str:
    json.loads(_text(".*")(value))
    return str(value)


def _utc(value: Any) -> str:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ")


def _rescued(value: Any) -> str:
    if not isinstance(json.loads(value), dict):
        raise TypeError
    return str(value)


IDENTITY_RULES: dict[str, tuple[Rule, str]] = {
    "event_type": (_text("|".join(EVENT_TYPES)), f"{', '.join(EVENT_TYPES[:-1])} or {EVENT_TYPES[-1]}"),
    "creation_time": (_utc, "an ISO-8601 time with its zone"),
    "event_id": (_text(".+"), "a text"),
    "sequence_number": (
        _text(f"[0-9]{{1,{SEQUENCE_NUMBER_DIGITS}}}"),
        f"a text of at most {SEQUENCE_NUMBER_DIGITS} digits",
    ),
}
METADATA_RULES: dict[str, Rule] = {"actor": _text("user|ttl"), "source_stream": _text(".+"), "rescued_data": _rescued}


def _field_rule(field: Attribute) -> Rule:
    """How a field's value is read."""
    rules: dict[str, Rule] = {
        "string": _text(".*"),
        "bigint": _integer,
        "double": _double,
        "boolean": _boolean,
        "timestamp": _timestamp,
        "json": _json,
    }
    return rules.get(field.type) or partial(_decimal, field.type)


class LineParser:
    """Reads raw lines; keeps what many of them share. Made in the worker, since it cannot be sent there."""

    def __init__(self, contract: Contract) -> None:
        keys = {each.member: (_text(".+"), "a text") for each in contract.key}
        self._identity = keys | IDENTITY_RULES
        self._others = {each.member: (_field_rule(each), each.name) for each in contract.fields}
        self._others |= {name: (rule, name) for name, rule in METADATA_RULES.items()}
        self._members, self._names = contract.members, frozenset(contract.members)
        self._probed = contract.probed
        self._decode = json.JSONDecoder(parse_float=Decimal, parse_constant=_text("(?!)")).decode  # NaN is no JSON
        self._columns = lru_cache(contract.further_columns)
        self.end_of_plain_line = lru_cache(maxsize=MAX_KEPT_ENDS)(self._end_of_plain_line)

    def change(self, line: bytes) -> tuple[list[str | None], Further] | None:
        """Read the texts of the declared columns and the further attributes; None for a probe, which counts nowhere.

        Raises:
            BadRow: the line is no JSON object, or says not which change it is.
        """
        event = self._event(line)
        if is_probe(str(event.get(self._probed.member)), self._probed.type):
            return None
        texts = self._identity_texts(event) | self._other_texts(event)
        further = self._further({name: event[name] for name in event if name not in texts})
        return [texts[name] for name in self._members], further

    def _identity_texts(self, event: Mapping[str, Any]) -> dict[str, str | None]:
        texts: dict[str, str | None] = {}
        for name, (rule, expected) in self._identity.items():
            value = event.get(name)
            try:
                texts[name] = rule(value)
            except (TypeError, ValueError, ArithmeticError):
                raise BadRow(f"{name} is {'missing' if value is None else f'not {expected}'}") from None
        return texts

    def _other_texts(self, event: Mapping[str, Any]) -> dict[str, str | None]:
        """The fields and what else may be null; a value that does not fit joins those that the transformer has rescued."""
        texts: dict[str, str | None] = {}
        rescued = {}
        for name, (rule, attribute) in self._others.items():
            value = event.get(name)
            try:
                texts[name] = None if value is None else rule(value)
            except (TypeError, ValueError, ArithmeticError, RecursionError):
                texts[name] = None
                rescued[attribute] = typed_form(value)
        if rescued:
            before = json.loads(texts["rescued_data"] or "{}", parse_float=Decimal)
            texts["rescued_data"] = rescued_json(rescued | before)
        return texts

    def _end_of_plain_line(self, text: str | None) -> Further | None:
        """Read the further attributes in what a plain line has after its members; None if it is no plain line after all."""
        if not text:
            return text if text is None else []
        try:
            attributes = self._event(f"{{{text}}}".encode())
        except BadRow:
            return None
        return self._further(attributes) if self._names.isdisjoint(attributes) else None

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
