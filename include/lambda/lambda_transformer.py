"""Firehose transformer: DynamoDB stream records in, change events out, one JSON document a line.

Each transformation record holds, in base64, one stream record as an EventBridge pipe writes it to Kinesis. Its answer
holds the change event: ``FIELDS`` in their order, then every further attribute of the item, sorted by name.

* Numbers are copied as text, never computed with: ``10.50`` stays ``10.50``.
* A REMOVE is a row of its key alone, whatever the stream's view type: an event describes the item after the change.
* Answers are ``Ok`` or ``ProcessingFailed``. A record that cannot be transformed goes back with its own data, for
  Firehose to write under its error prefix, and one log line says why. Log lines quote no value of an item.

Standard library only: this file is the whole deployment package. Sources (AWS page titles): "Transform source data in
Amazon Data Firehose", "Required parameters for data transformation", "Supported data types and naming rules in Amazon
DynamoDB".
"""

from __future__ import annotations

import logging
import re
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from json import JSONDecoder
from json.encoder import encode_basestring as quote
from typing import Any

logger = logging.getLogger(__name__)

ITEM_FIELDS = ("orderid", "product_name", "quantity", "price")
PARTITION_COLUMNS = ("dt", "hr")  # of the raw table: an attribute of that name could not be read
TOUCH = "sales_cdc_touch"  # set to make an item emit a change; means nothing, so it is no attribute
FIELDS = ("orderID", *ITEM_FIELDS[1:], "event_type", "creation_time", "event_id", "sequence_number", "actor")
EVENT_TYPES = ("INSERT", "MODIFY", "REMOVE")
TTL_PRINCIPAL = "dynamodb.amazonaws.com"
SEQUENCE_NUMBER_DIGITS = 40
YEAR_10000_EPOCH_SECONDS = 253_402_300_800
RESPONSE_LIMIT_BYTES = 6 * 1024 * 1024 - 1024  # Lambda's, for a synchronous call, less room for the envelope
ANSWER_OVERHEAD_BYTES = len('{"recordId": "", "result": "ProcessingFailed", "data": ""}, ')
LINE_BREAKS_BEYOND_ASCII = {char: f"\\u{ord(char):04x}" for char in "\x85\u2028\u2029"}

_match_json_number = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?([eE][+-]?[0-9]{1,3})?").fullmatch
_match_loggable = re.compile(r"[A-Za-z0-9_.:-]{1,256}").fullmatch
_decode_json = JSONDecoder(parse_float=Decimal).decode


class Poison(Exception):  # noqa: N818 (the field's word)
    """A record cannot be transformed. The message says why, and quotes no value of it."""


def handler(event: dict[str, Any], context: object) -> dict[str, list[dict[str, Any]]]:  # noqa: ARG001 (Lambda's signature)
    """Answer a Firehose transformation event: the same recordIds, in the same order.

    Raises:
        ValueError: the event is not Firehose's (the function is attached to something else, or called by hand).
    """
    records = event.get("records") if isinstance(event, dict) else None
    if not isinstance(records, list):
        raise ValueError(
            "Cannot transform: the event has no list 'records', so it does not come from a Firehose delivery stream. "
            "Attach this function as the stream's data transformation; do not call it from another source."
        )
    answerable = [record for record in records if isinstance(record, dict) and "recordId" in record]
    if unanswerable := len(records) - len(answerable):
        logger.error("%d of %d records have no recordId, so they cannot be answered", unanswerable, len(records))
    return {"records": _within_response_limit(answerable, [_answer(record) for record in answerable])}


def _answer(record: dict[str, Any]) -> dict[str, Any]:
    change = None
    try:
        change = _stream_record(record.get("data"))
        line = b2a_base64(_line(change).encode(), newline=False)
    except Poison as poison:
        reason = str(poison)
    except RecursionError:
        reason = "its data is nested too deeply"
    except UnicodeEncodeError:
        reason = "a text holds half of a surrogate pair, which UTF-8 cannot carry"
    except Exception as error:  # whatever is wrong with one record, its neighbours are delivered
        reason = f"unexpected {type(error).__name__}"
    else:
        return {"recordId": record["recordId"], "result": "Ok", "data": line.decode("ascii")}
    return _failed(record, change.get("eventID") if isinstance(change, dict) else None, reason)


def _failed(record: dict[str, Any], event_id: object, reason: str) -> dict[str, Any]:
    ids = [
        value if isinstance(value, str) and _match_loggable(value) else "?" for value in (record["recordId"], event_id)
    ]
    logger.warning("ProcessingFailed recordId=%s eventID=%s: %s", *ids, reason)
    return {"recordId": record["recordId"], "result": "ProcessingFailed", "data": _original(record)}


def _original(record: dict[str, Any]) -> str:
    data = record.get("data")
    return data if isinstance(data, str) else ""


def _within_response_limit(records: list[dict[str, Any]], answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Send back as ProcessingFailed what grew most, until Lambda can return the response.

    Beyond the limit Firehose would get an error for the whole batch. The request obeyed the same limit, so the original
    data always fit. (Firehose buffers at most 3 MB for a call: only records that double in size come here.)
    """
    size = sum([len(str(answer["recordId"])) + len(answer["data"]) + ANSWER_OVERHEAD_BYTES for answer in answers])
    if size <= RESPONSE_LIMIT_BYTES:
        return answers
    growth = [len(answer["data"]) - len(_original(record)) for record, answer in zip(records, answers, strict=True)]
    for position in sorted(range(len(answers)), key=growth.__getitem__, reverse=True):
        if size <= RESPONSE_LIMIT_BYTES or growth[position] <= 0:
            break
        size -= growth[position]
        answers[position] = _failed(records[position], None, "with it the response would exceed Lambda's 6 MB")
    return answers


def _stream_record(data: Any) -> Any:
    try:
        return _decode_json(str(a2b_base64(data, strict_mode=True), "utf-8"))
    except (TypeError, ValueError, ArithmeticError) as error:
        raise Poison(f"its data is not base64 of one JSON document in UTF-8 ({type(error).__name__})") from None


def _line(record: Any) -> str:
    """The change event of one stream record, with its line end."""
    change = _required(record, "dynamodb", dict)
    event_type = record.get("eventName")
    if event_type not in EVENT_TYPES:
        raise Poison("eventName is not INSERT, MODIFY or REMOVE")
    keys = _required(change, "Keys", dict)
    key = _required(keys, "orderid", dict)
    item = keys if event_type == "REMOVE" else _required(change, "NewImage", dict)
    if len(key) > 1 or item.get("orderid", key) != key:
        raise Poison("orderid is not one text, the same in Keys and in NewImage")
    line = (
        f'{{"orderID":{quote(_required(key, "S", str))},"product_name":{_field(item, "product_name", "S")},'
        f'"quantity":{_integer(_field(item, "quantity", "N"))},"price":{_field(item, "price", "N")},'
        f'"event_type":"{event_type}","creation_time":"{_creation_time(change)}",'
        f'"event_id":{quote(_required(record, "eventID", str))},"sequence_number":"{_sequence_number(change)}",'
        f'"actor":"{_actor(record)}"'
        f"{''.join([opening + _json(item[name]) for name, opening in _further_columns(tuple(item))])}}}\n"
    )
    if not line.isascii():
        for line_break, escape in LINE_BREAKS_BEYOND_ASCII.items():
            line = line.replace(line_break, escape)
    return line


def _required(members: Any, name: str, kind: type) -> Any:
    value = members.get(name) if type(members) is dict else None
    if type(value) is not kind or not value:
        raise Poison(f"{name} is missing, empty or not {'a text' if kind is str else 'an object'}")
    return value


def _creation_time(change: dict[str, Any]) -> str:
    epoch_seconds: Any = change.get("ApproximateCreationDateTime")
    if type(epoch_seconds) not in (int, Decimal) or not 0 <= epoch_seconds < YEAR_10000_EPOCH_SECONDS:
        raise Poison("ApproximateCreationDateTime is missing, or no number of seconds within the years 1970 to 9999")
    return _iso_utc(epoch_seconds)


@lru_cache(maxsize=1024)
def _iso_utc(epoch_seconds: int | Decimal) -> str:
    """ISO-8601 in UTC, always with three digits of fraction, so that times sort as text."""
    seconds, milliseconds = divmod(int(epoch_seconds * 1000), 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{milliseconds:03d}Z"


def _sequence_number(change: dict[str, Any]) -> str:
    digits: str = _required(change, "SequenceNumber", str)
    if len(digits) > SEQUENCE_NUMBER_DIGITS or not (digits.isascii() and digits.isdigit()):
        raise Poison(f"SequenceNumber is not a text of 1 to {SEQUENCE_NUMBER_DIGITS} digits")
    return digits.zfill(SEQUENCE_NUMBER_DIGITS)


def _actor(record: dict[str, Any]) -> str:
    identity = record.get("userIdentity")
    return "ttl" if isinstance(identity, dict) and identity.get("principalId") == TTL_PRINCIPAL else "user"


def _field(item: dict[str, Any], name: str, tag: str) -> str:
    """A field of the contract as JSON: null when the item lacks it."""
    if name not in item:
        return "null"
    value = _json(item[name])
    if tag not in item[name] and "NULL" not in item[name]:
        raise Poison(f"{name} is not of DynamoDB's type {tag}")
    return value


def _integer(number: str) -> str:
    """A JSON number (or null) without point or exponent, within Athena's bigint: 2.0 is 2. Nothing is rounded."""
    if number == "null" or (number.isdigit() and len(number) < 19):
        return number
    value = Decimal(number)
    if value != int(value) or not -(2**63) <= value < 2**63:
        raise Poison("quantity is not an integer of at most 64 bits")
    return str(int(value))


@lru_cache(maxsize=128)
def _further_columns(names: tuple[str, ...]) -> list[tuple[str, str]]:
    """Each further attribute, with the ``,"column":`` that opens its value.

    Athena compares names without case. An attribute whose name is a field's or a partition column's, or that of an attribute sorted before it,
    gets ``attr_`` in front until no other attribute and no field has the name.
    """
    further = sorted(set(names).difference(ITEM_FIELDS, [TOUCH]))
    fields = {*(field.lower() for field in FIELDS), *PARTITION_COLUMNS}
    first_of_its_name = {name.lower(): name for name in reversed(further)}
    taken = fields | first_of_its_name.keys()
    columns = []
    for name in further:
        column = name
        if name.lower() in fields or first_of_its_name[name.lower()] != name:
            while column.lower() in taken:
                column = f"attr_{column}"
            taken.add(column.lower())
        columns.append((name, f",{quote(column)}:"))
    return columns


def _json(typed: Any) -> str:
    """A DynamoDB attribute value, ``{type: value}``, as JSON."""
    try:
        ((tag, value),) = typed.items()
        kind, render = _TYPES[tag]
    except (AttributeError, ValueError, KeyError):
        raise Poison("an attribute is not one value under one of DynamoDB's types") from None
    if type(value) is not kind:
        raise Poison(f"a value of DynamoDB's type {tag} is not written as one")
    return render(value)


def _number(text: str) -> str:
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
    return f"[{','.join([_json(value) for value in values])}]"


def _set_of(tag: str) -> Callable[[list[Any]], str]:
    return lambda values: _list([{tag: value} for value in values])


def _map(members: dict[str, Any]) -> str:
    """A JSON object; as text when Glue's struct types cannot name its keys: one such type fails every query of the table."""
    written = "{" + ",".join([f"{quote(name)}:{_json(value)}" for name, value in members.items()]) + "}"
    nameable = all(map(_STRUCT_FIELD, members)) and len({name.lower() for name in members}) == len(members)
    return written if nameable else quote(written)


_STRUCT_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*").fullmatch
_TYPES: dict[str, tuple[type, Callable[[Any], str]]] = {
    "S": (str, quote),
    "N": (str, _number),
    "B": (str, _binary),
    "BOOL": (bool, lambda value: "true" if value else "false"),
    "NULL": (bool, _null),
    "M": (dict, _map),
    "L": (list, _list),
    "SS": (list, _set_of("S")),
    "NS": (list, _set_of("N")),
    "BS": (list, _set_of("B")),
}
