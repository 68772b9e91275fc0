"""DynamoDB's attribute values as the change event has them: ``{"N": "10.50"}`` is ``10.50``.

Numbers are copied as text. The transformer has this file in its zip, job and plugin by links. Standard library only. Source:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
"""

from __future__ import annotations

import json
import re
from binascii import a2b_base64
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from json.encoder import encode_basestring as quote
from typing import Any

MAX_STRUCT_MEMBERS = 32
"""A map of more keys is taken for a dictionary: as a struct, each of its keys would be in the type of the whole table."""
MAX_NESTED_CHARACTERS = 16_384
"""A longer map is a text: the type of a shorter one is well within the 131,072 characters that Glue takes."""
MAX_EPOCH_SECONDS = 10**11
"""A greater number of an epoch counts milliseconds."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_match_number = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?([eE][+-]?[0-9]{1,3})?").fullmatch
_match_time = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.(?P<fraction>\d{1,9}))?)?(?:Z|[+-]\d\d(?::?\d\d)?)?)?", re.ASCII
).fullmatch
_is_struct_field = re.compile(r"[A-Za-z_][A-Za-z0-9_]*").fullmatch
_HALF_SURROGATE = re.compile("[\ud800-\udfff]")


class UnfitValueError(ValueError):
    """A value is none of DynamoDB's, or does not fit its field's type. The message quotes no value."""


Renderer = Callable[[Any], str]


def attribute_json(typed: Any) -> str:
    """Write a typed value, ``{type: value}``, as JSON; a map whose keys no struct type can name as its JSON text.

    >>> attribute_json({"M": {"city": {"S": "Lyon"}, "weights": {"NS": ["1.50"]}}})
    '{"city":"Lyon","weights":[1.50]}'

    Raises:
        UnfitValueError: it is no value of DynamoDB's.
    """
    return _json(typed, _TYPES)


def further_json(typed: Any) -> str:
    """Write a further attribute: as ``attribute_json``, but as text where its type would be too long for Glue.

    Raises:
        UnfitValueError: it is no value of DynamoDB's.
    """
    written = _json(typed, _TYPES)
    if len(written) > MAX_NESTED_CHARACTERS and "{" in written and written[0] in "{[":
        return quote(written)
    return written


def names_struct(members: Collection[str]) -> bool:
    """Whether Glue's struct types can name a map's keys: one type that cannot fails every query of the table."""
    return (
        len(members) <= MAX_STRUCT_MEMBERS
        and all(map(_is_struct_field, members))
        and len({name.lower() for name in members}) == len(members)
    )


def field_json(kind: str) -> Renderer:
    """Return how a field's typed value is written for a declared type: ``null`` for NULL, and only what fits.

    The renderer raises UnfitValueError. A decimal's digits are not counted here: the event has every number exactly.
    """
    return _FIELDS[kind.partition("(")[0]]


def key_text(kind: str, typed: Any) -> str:
    """Return a key's value as text; a number in its plain decimal form, the same for equal numbers.

    >>> key_text("N", {"N": "7.50"})
    '7.5'

    Raises:
        UnfitValueError: it is no key of that type.
    """
    if type(typed) is not dict or len(typed) != 1 or type(text := typed.get(kind)) is not str or not text:
        raise UnfitValueError(f"it is not one value of DynamoDB's type {kind}")
    if kind == "S":
        return text
    if not (plain := format(Decimal(number_json(text)), "f")).strip("-0."):
        return "0"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def number_json(text: str) -> str:
    """Return the same text, if it is a JSON number of at most 38 digits and of a magnitude from 1E-130 to 9.9…E+125.

    Raises:
        UnfitValueError: it is none.
    """
    match = _match_number(text)
    if match is None:
        raise UnfitValueError("a value of DynamoDB's type N is not a number")
    if match[1] or len(text) > 38:
        number = Decimal(text)
        significant = "".join(map(str, number.as_tuple().digits)).strip("0")
        if len(significant) > 38 or (significant and not -130 <= number.adjusted() <= 125):
            raise UnfitValueError("a value of DynamoDB's type N has over 38 digits, or too large an exponent")
    return text


def rescued_json(values: Mapping[str, Any]) -> str:
    """Write attributes with their typed values as one JSON text, by name; what UTF-8 cannot carry is escaped."""
    options: dict[str, Any] = {"separators": (",", ":"), "default": str}
    written = json.dumps(dict(sorted(values.items())), ensure_ascii=False, **options)
    return json.dumps(dict(sorted(values.items())), **options) if _HALF_SURROGATE.search(written) else written


def integer_text(text: str) -> str | None:
    """Return a JSON number without point or exponent, within 64 bits (2.0 is 2); None when it is none."""
    value = Decimal(text)
    if value.adjusted() > 18 or value != int(value) or not -(2**63) <= value < 2**63:
        return None
    return str(int(value))


def iso_time(text: str) -> str | None:
    """Return an ISO-8601 time, or day, in UTC with six digits of fraction; None when it is none, or finer than that.

    A time without a zone is in UTC.
    """
    match = _match_time(text)
    if match is None or len((match["fraction"] or "").rstrip("0")) > 6:
        return None
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return _time_text(moment)


def epoch_time(text: str) -> str | None:
    """Return seconds since 1970, or milliseconds where there are over 10^11, as ``iso_time``; None outside years 1 to 9999."""
    number = Decimal(text)
    if not -(10**15) < number < 10**15:
        return None
    micros = number * (10**6 if abs(number) <= MAX_EPOCH_SECONDS else 1000)
    try:
        return _time_text(EPOCH + timedelta(microseconds=int(micros))) if micros == int(micros) else None
    except OverflowError:
        return None


def _time_text(moment: datetime) -> str:
    return f"{moment.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def _one(typed: Any, tag: str) -> str | None:
    """The text of a value of one type; None for NULL."""
    if type(typed) is dict and len(typed) == 1 and type(text := typed.get(tag)) is str:
        return text
    if typed == {"NULL": True}:
        return None
    raise UnfitValueError(f"it is not of DynamoDB's type {tag}")


def _string_field(typed: Any) -> str:
    if type(typed) is dict and type(text := typed.get("S")) is str and len(typed) == 1:
        return quote(text)
    return "null" if (text := _one(typed, "S")) is None else quote(text)


def _number_field(typed: Any) -> str:
    if type(typed) is dict and type(text := typed.get("N")) is str and len(typed) == 1:
        return number_json(text)
    return "null" if (text := _one(typed, "N")) is None else number_json(text)


def _integer_field(typed: Any) -> str:
    text = _number_field(typed)
    if (text.isdigit() and len(text) < 19) or text == "null":
        return text
    if (whole := integer_text(text)) is None:
        raise UnfitValueError("it is not an integer of at most 64 bits")
    return whole


def _boolean_field(typed: Any) -> str:
    if type(typed) is dict and typed in ({"BOOL": True}, {"BOOL": False}) and type(typed["BOOL"]) is bool:
        return "true" if typed["BOOL"] else "false"
    if _one(typed, "BOOL") is not None:
        raise UnfitValueError("it is not of DynamoDB's type BOOL")
    return "null"


def _timestamp_field(typed: Any) -> str:
    if typed == {"NULL": True}:
        return "null"
    is_number = type(typed) is dict and "N" in typed
    text = _one(typed, "N" if is_number else "S") or ""
    if (time := epoch_time(number_json(text)) if is_number else iso_time(text)) is None:
        raise UnfitValueError("it is no time to the microsecond")
    return f'"{time}"'


def _json_field(typed: Any) -> str:
    written = _json(typed, _PLAIN_TYPES)
    return written if typed == {"NULL": True} else quote(written)


_FIELDS: dict[str, Renderer] = {
    "string": _string_field,
    "bigint": _integer_field,
    "double": _number_field,
    "decimal": _number_field,
    "boolean": _boolean_field,
    "timestamp": _timestamp_field,
    "json": _json_field,
}


def _json(typed: Any, types: Mapping[str, tuple[type, Renderer]]) -> str:
    try:
        ((tag, value),) = typed.items()
        kind, render = types[tag]
    except (AttributeError, ValueError, KeyError):
        raise UnfitValueError("an attribute is not one value under one of DynamoDB's types") from None
    if type(value) is not kind:
        raise UnfitValueError(f"a value of DynamoDB's type {tag} is not written as one")
    return render(value)


def _binary(base64: str) -> str:
    try:
        a2b_base64(base64, strict_mode=True)
    except ValueError:
        raise UnfitValueError("a value of DynamoDB's type B is not base64") from None
    return f'"{base64}"'


def _null(value: bool) -> str:
    if not value:
        raise UnfitValueError("a value of DynamoDB's type NULL is not true")
    return "null"


def _object(members: Mapping[str, Any], types: Mapping[str, tuple[type, Renderer]]) -> str:
    return "{" + ",".join([f"{quote(name)}:{_json(value, types)}" for name, value in members.items()]) + "}"


def _struct(members: dict[str, Any]) -> str:
    written = _object(members, _TYPES)
    return written if names_struct(members) else quote(written)


def _set_of(tag: str, render: Renderer) -> Renderer:
    def written(values: list[Any]) -> str:
        if not all(type(value) is str for value in values):
            raise UnfitValueError(f"a value of DynamoDB's type {tag} is not written as one")
        return f"[{','.join(map(render, values))}]"

    return written


_SCALARS: dict[str, tuple[type, Renderer]] = {
    "S": (str, quote),
    "N": (str, number_json),
    "B": (str, _binary),
    "BOOL": (bool, lambda value: "true" if value else "false"),
    "NULL": (bool, _null),
    "SS": (list, _set_of("SS", quote)),
    "NS": (list, _set_of("NS", number_json)),
    "BS": (list, _set_of("BS", _binary)),
}
_TYPES: dict[str, tuple[type, Renderer]] = _SCALARS | {
    "M": (dict, _struct),
    "L": (list, lambda values: f"[{','.join([_json(value, _TYPES) for value in values])}]"),
}
_PLAIN_TYPES: dict[str, tuple[type, Renderer]] = _SCALARS | {
    "M": (dict, lambda members: _object(members, _PLAIN_TYPES)),
    "L": (list, lambda values: f"[{','.join([_json(value, _PLAIN_TYPES) for value in values])}]"),
}
