"""DynamoDB's attribute values as JSON: ``{"N": "10.50"}`` is ``10.50``. Standard library only.

Numbers are copied as text, never computed with. Source:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
"""

from __future__ import annotations

import re
from binascii import a2b_base64
from collections.abc import Callable
from decimal import Decimal
from json.encoder import encode_basestring as quote
from typing import Any

from change_contract import names_struct

_match_json_number = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?([eE][+-]?[0-9]{1,3})?").fullmatch


class Poison(Exception):  # noqa: N818 (the field's word)
    """A record cannot be transformed. The message says why, and quotes no value of it."""


def attribute_json(typed: Any) -> str:
    """A DynamoDB attribute value, ``{type: value}``, as JSON."""
    try:
        ((tag, value),) = typed.items()
        kind, render = _TYPES[tag]
    except (AttributeError, ValueError, KeyError):
        raise Poison("an attribute is not one value under one of DynamoDB's types") from None
    if type(value) is not kind:
        raise Poison(f"a value of DynamoDB's type {tag} is not written as one")
    return render(value)


def number_json(text: str) -> str:
    """The same text, if it is a JSON number within DynamoDB's 38 digits and its magnitudes from 1E-130 to 9.9…E+125."""
    match = _match_json_number(text)
    if match is None:
        raise Poison("a value of DynamoDB's type N is not a number")
    if match[1] or len(text) > 38:
        number = Decimal(text)
        significant = "".join(map(str, number.as_tuple().digits)).strip("0")
        if len(significant) > 38 or (significant and not -130 <= number.adjusted() <= 125):
            raise Poison("a value of DynamoDB's type N has over 38 digits, or too large an exponent")
    return text


def _binary(base64: str) -> str:
    try:
        a2b_base64(base64, strict_mode=True)
    except ValueError:
        raise Poison("a value of DynamoDB's type B is not base64") from None
    return f'"{base64}"'


def _null(value: bool) -> str:
    if not value:
        raise Poison("a value of DynamoDB's type NULL is not true")
    return "null"


def _list(values: list[Any]) -> str:
    return f"[{','.join([attribute_json(value) for value in values])}]"


def _set_of(tag: str) -> Callable[[list[Any]], str]:
    return lambda values: _list([{tag: value} for value in values])


def _map(members: dict[str, Any]) -> str:
    """A JSON object; as text when Glue's struct types cannot name its keys: one such type fails every query of the table."""
    written = "{" + ",".join([f"{quote(name)}:{attribute_json(value)}" for name, value in members.items()]) + "}"
    return written if names_struct(members) else quote(written)


_TYPES: dict[str, tuple[type, Callable[[Any], str]]] = {
    "S": (str, quote),
    "N": (str, number_json),
    "B": (str, _binary),
    "BOOL": (bool, lambda value: "true" if value else "false"),
    "NULL": (bool, _null),
    "M": (dict, _map),
    "L": (list, _list),
    "SS": (list, _set_of("S")),
    "NS": (list, _set_of("N")),
    "BS": (list, _set_of("B")),
}
