"""Firehose transformer: DynamoDB stream records in, change events out, one JSON document a line.

Each transformation record holds, in base64, one stream record as an EventBridge pipe writes it to Kinesis. Its answer
holds the change event: the contract's members in their order, then every further attribute of the item, sorted by name.

* Numbers are copied as text, never computed with: ``10.50`` stays ``10.50``.
* A change that has its identity (key, event type, event id, time, sequence number) is ``Ok``, whatever its item holds. A
  value that does not fit its field is null there and stands, as DynamoDB types it, in the JSON text ``rescued_data``.
* A REMOVE is a row of its key alone, whatever the stream's view type: an event describes the item after the change.
* Answers are ``Ok`` or ``ProcessingFailed``. A record that cannot be transformed goes back with its own data, for
  Firehose to write under its error prefix, and one log line says why. Log lines quote no value of an item.

Standard library only. The deployment package holds this file, the modules beside it, and the contract as ``contract.json``;
in a checkout the contract is ``include/contract/orders.json``. Sources:
https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html
https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-status-model.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
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
from pathlib import Path
from typing import Any

from attribute_values import UnfitValueError, field_json, further_json, key_text, rescued_json
from change_contract import EVENT_TYPES, SEQUENCE_NUMBER_DIGITS, Contract, stream_label
from contract_file import load_contract

logger = logging.getLogger(__name__)

TTL_PRINCIPAL = "dynamodb.amazonaws.com"
YEAR_10000_EPOCH_SECONDS = 253_402_300_800
RESPONSE_LIMIT_BYTES = 6 * 1024 * 1024 - 1024  # Lambda's, for a synchronous call, less room for the envelope
ANSWER_OVERHEAD_BYTES = len('{"recordId": "", "result": "ProcessingFailed", "data": ""}, ')
LINE_BREAKS_BEYOND_ASCII = {char: f"\\u{ord(char):04x}" for char in "\x85\u2028\u2029"}

Field = tuple[str, str, Callable[[Any], str]]  # the attribute's name, its member, how its value is written

_match_loggable = re.compile(r"[A-Za-z0-9_.:-]{1,256}").fullmatch
_decode_json = JSONDecoder(parse_float=Decimal, parse_constant=str).decode


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
        line = b2a_base64(_line(change), newline=False)
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


def _line(record: Any) -> bytes:
    """The change event of one stream record, with its line end."""
    if type(record) is not dict:
        raise Poison("it is not an object")
    change = _required(record, "dynamodb", dict)
    event_type = record.get("eventName")
    if event_type not in EVENT_TYPES:
        raise Poison("eventName is not INSERT, MODIFY or REMOVE")
    keys = _required(change, "Keys", dict)
    item = keys if event_type == "REMOVE" else _required(change, "NewImage", dict)
    key = _key(keys, item)
    metadata = (
        f',"event_type":"{event_type}","creation_time":"{_creation_time(change)}",'
        f'"event_id":{quote(_required(record, "eventID", str))},"sequence_number":"{_sequence_number(change)}",'
        f'"actor":"{_actor(record)}"'
        f"{_stream(arn) if type(arn := record.get('eventSourceARN')) is str else ''}"
    )
    try:
        fields, absent, further = _layout(tuple(item))
        return _encoded(
            f"{{{key}{''.join([opening + render(item[name]) for name, opening, render in fields])}{absent}{metadata}"
            f"{''.join([opening + further_json(item[name]) for name, opening in further])}}}\n"
        )
    except (UnfitValueError, RecursionError, UnicodeEncodeError):
        return _encoded(_rescuing_line(key, metadata, item))


def _encoded(line: str) -> bytes:
    if not line.isascii():
        for line_break, escape in LINE_BREAKS_BEYOND_ASCII.items():
            line = line.replace(line_break, escape)
    return line.encode()


def _rescuing_line(key: str, metadata: str, item: dict[str, Any]) -> str:
    """The change event of an item with values that fit neither their fields nor, being none of DynamoDB's, a column."""
    rescued: dict[str, Any] = {}

    def written(name: str, render: Callable[[Any], str]) -> str:
        try:
            value = render(item[name])
            value.encode()
        except (UnfitValueError, RecursionError, UnicodeEncodeError):
            rescued[name] = item[name]
            return "null"
        return value

    fields = [f',"{member}":{written(name, render) if name in item else "null"}' for name, member, render in FIELDS]
    further = [opening + written(name, further_json) for name, opening in _layout(tuple(item))[2]]
    return f'{{{key}{"".join(fields)}{metadata},"rescued_data":{quote(rescued_json(rescued))}{"".join(further)}}}\n'


def _required(members: dict[str, Any], name: str, kind: type) -> Any:
    value = members.get(name)
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
    """Streams write the principal with a small letter, their documentation and pipes with a capital one, too."""
    identity = record.get("userIdentity")
    named = (identity.get("principalId"), identity.get("PrincipalId")) if isinstance(identity, dict) else ()
    return "ttl" if TTL_PRINCIPAL in named else "user"


@lru_cache(maxsize=64)
def _stream(arn: str) -> str:
    """The member with the stream's label, and the comma before it; nothing where the record names no stream."""
    label = stream_label(arn)
    return f',"source_stream":{quote(label)}' if label and label.isprintable() else ""


def _key(keys: dict[str, Any], item: dict[str, Any]) -> str:
    """The members of the key."""
    written = []
    for name, kind, opening in KEY_OPENINGS:
        typed = keys.get(name)
        try:
            text = key_text(kind, typed)
        except UnfitValueError:
            raise Poison(f"{name} is missing from Keys, or not one value of DynamoDB's type {kind}") from None
        if item is not keys and item.get(name, typed) != typed:
            raise Poison(f"{name} is not the same in Keys and in NewImage")
        written.append(opening + quote(text))
    return ",".join(written)


@lru_cache(maxsize=128)
def _layout(names: tuple[str, ...]) -> tuple[list[Field], str, list[tuple[str, str]]]:
    """For items of these attributes: their fields, what follows for those absent, their further attributes.

    Each with what opens its member, which includes the absent fields before it.
    """
    fields, opening = [], ""
    for name, member, render in FIELDS:
        opening += f',"{member}":'
        if name in names:
            fields.append((name, opening, render))
            opening = ""
        else:
            opening += "null"
    return fields, opening, [(name, f",{quote(member)}:") for name, member in CONTRACT.further_members(names).items()]


def _declared_contract() -> Contract:
    """The contract beside this file, as in the deployment package; else that of the checkout."""
    beside = Path(__file__).with_name("contract.json")
    return load_contract(beside if beside.exists() else Path(__file__).parents[1] / "contract" / "orders.json")


CONTRACT = _declared_contract()
KEY_OPENINGS = [(each.name, each.type, f'"{each.member}":') for each in CONTRACT.key]
FIELDS: list[Field] = [(each.name, each.member, field_json(each.type)) for each in CONTRACT.fields]
