"""The change event as declared: its members and their order, and the names of columns.

One file for three places, so that they cannot differ: the transformer has it in its zip, the Glue job among its parts,
the plugin as ``sales_cdc.contract.change_contract``. The last two are links to this file. Standard library only.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import Literal, get_args

EventType = Literal["INSERT", "MODIFY", "REMOVE"]
EVENT_TYPES: tuple[EventType, ...] = get_args(EventType)
"""In the order in which one order can meet them."""

OPTIONAL_METADATA = ("source_stream", "rescued_data")
"""Members that a change event may lack: the stream's label, and the values that do not fit their fields."""
METADATA = ("event_type", "creation_time", "event_id", "sequence_number", "actor", *OPTIONAL_METADATA)
"""Members of change events after their key and fields."""
SEQUENCE_NUMBER_DIGITS = 40
PROBE_PATTERN = "^sales-cdc-probe-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
"""The key of every order that the pipeline sends through the chain as a probe, whole; every other key is data."""
PROBE_NUMBER_PATTERN = "^-15730924861[0-9]{27}$"
"""The same where the key has no text: a number of 38 digits, all that DynamoDB keeps, that opens with eleven of ours."""
TOUCH = "sales_cdc_touch"
"""An attribute that is set on an item to make it emit a change. No change event carries it."""
PARTITION_COLUMNS = ("dt", "hr")
"""Of the raw table: Athena could not read an attribute of that name."""
STATE_COLUMNS = ("is_deleted", "valid_from", "valid_to", "is_current")
"""Columns of the curated tables and views that no change event has."""
REST_COLUMN = "further_attributes"
"""Of the curated tables: a JSON object of the further attributes that have no column, since there are too many."""
ATTRIBUTE_PREFIX = "attr_"
MAX_NAME_BYTES = 255
"""Of a column in the Data Catalog."""
MAX_COLUMN_LENGTH = 200
"""What is taken of an attribute's name; the rest is for prefixes."""
_is_probe = {
    "S": re.compile(PROBE_PATTERN[1:-1]).fullmatch,
    "N": re.compile(PROBE_NUMBER_PATTERN[1:-1]).fullmatch,
}
_unreadable = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True)
class Attribute:
    """An attribute of the item that the contract declares.

    ``type`` is DynamoDB's for a key (``S``, ``N``), the column's for a field (``decimal(12,2)``). A key is a text in the
    change event and in its column, a number too: so every number is exact, and equal numbers are equal. ``member`` is the
    attribute's name in the change event; in lower case it is the name of its column.
    """

    name: str
    type: str
    member: str

    @property
    def column(self) -> str:
        return self.member.lower()


@dataclass(frozen=True)
class Contract:
    """What a change event of one entity holds, beside the further attributes of its item."""

    entity: str
    key: tuple[Attribute, ...]
    fields: tuple[Attribute, ...]

    @property
    def view(self) -> str:
        """Name the view of the entity's rows that are not deleted."""
        return self.entity

    @property
    def raw_table(self) -> str:
        """Name the table that the crawler makes of ``raw/<entity>/``."""
        return f"raw_{self.entity}"

    def table(self, part: str) -> str:
        """Name a curated table, or the view ``history``: ``orders_changes``."""
        return f"{self.entity}_{part}"

    @cached_property
    def probed(self) -> Attribute:
        """Return the key's attribute by which a probe is known: its first text, else its first number."""
        return next((each for each in self.key if each.type == "S"), self.key[0])

    @property
    def probe_pattern(self) -> str:
        """Return the pattern of that attribute's value in a probe."""
        return PROBE_PATTERN if self.probed.type == "S" else PROBE_NUMBER_PATTERN

    @cached_property
    def attributes(self) -> tuple[str, ...]:
        """Names of the declared attributes of an item: the key's, then the fields'."""
        return tuple(each.name for each in (*self.key, *self.fields))

    @cached_property
    def members(self) -> tuple[str, ...]:
        """Names of a change event's declared members, in their order."""
        return (*(each.member for each in (*self.key, *self.fields)), *METADATA)

    @cached_property
    def columns(self) -> dict[str, str]:
        """Column of the curated change log to its type, in their order; the types are Athena's, and Iceberg's."""
        key = dict.fromkeys((each.column for each in self.key), "string")
        fields = {each.column: "string" if each.type == "json" else each.type for each in self.fields}
        times = {name: "timestamp" if name == "creation_time" else "string" for name in METADATA}
        return key | fields | times

    def further_attributes(self, names: Iterable[str]) -> list[str]:
        """Return the names of an item's attributes that the contract does not declare, sorted."""
        return sorted(set(names).difference(self.attributes, [TOUCH]))

    def further_members(self, names: Iterable[str]) -> dict[str, str]:
        """Name the members that a change event has for an item's further attributes.

        Athena compares names without case, and has hidden columns that open with ``$``. An attribute whose name is a
        declared member's or a partition column's, or that of an attribute sorted before it, gets ``attr_`` in front until
        no other attribute and no member has it; so does one that Athena or the Data Catalog cannot take.
        """
        further = self.further_attributes(names)
        reserved = {*(member.lower() for member in self.members), *PARTITION_COLUMNS}
        first_of_its_name = {name.lower(): name for name in reversed(further)}
        taken = reserved | first_of_its_name.keys()
        members = {}
        for name in further:
            member = _unreadable.sub("_", name)
            is_taken = member.lower() in reserved or first_of_its_name.get(member.lower()) != name
            if is_taken or member.startswith("$") or len(member.encode()) > MAX_NAME_BYTES:
                member = prefixed_until(lambda candidate: candidate.lower() not in taken, ATTRIBUTE_PREFIX + member)
                taken.add(member.lower())
            members[name] = member
        return members

    def further_columns(self, members: Iterable[str]) -> dict[str, str]:
        """Name the curated columns of a change event's further members.

        A column has lower-case letters, digits and ``_`` (Athena knows no others), and no two are the same. A name that
        is taken, or opens with no letter, gets ``attr_`` in front; names that stay as they are go first.
        """
        reserved = {*self.columns, *STATE_COLUMNS, REST_COLUMN}
        plain = {member: re.sub("[^a-z0-9_]", "_", member.lower())[:MAX_COLUMN_LENGTH] for member in members}
        columns: dict[str, str] = {}
        taken = set(reserved)
        for member in sorted(plain, key=lambda member: (plain[member] != member, member)):
            columns[member] = prefixed_until(lambda name: name not in taken and name[:1].isalpha(), plain[member])
            taken.add(columns[member])
        return columns


def is_probe(key: str, kind: str = "S") -> bool:
    """Whether the pipeline wrote the order of this key to prove its chain, so that no count may include it.

    >>> is_probe("sales-cdc-probe-0b0a8d2e-9d2c-4f0e-8a7e-0d2f4c1b7a55"), is_probe("microprobe-1")
    (True, False)
    """
    return _is_probe[kind](key) is not None


def probe_key(kind: str = "S") -> str:
    """Return the key of a new probe: a text, or a number as DynamoDB writes it."""
    return f"sales-cdc-probe-{uuid.uuid4()}" if kind == "S" else f"-15730924861{uuid.uuid4().int % 10**27:027d}"


def prefixed_until(is_free: Callable[[str], bool], name: str) -> str:
    """Put ``attr_`` in front of a name until it is free; one that is too long then is cut, and ends in its hash.

    >>> prefixed_until(lambda name: name != "price", "price")
    'attr_price'
    """
    candidate = name
    while not is_free(candidate) or len(candidate.encode()) > MAX_NAME_BYTES:
        candidate = f"{ATTRIBUTE_PREFIX}{candidate}"
        if len(candidate.encode()) > MAX_NAME_BYTES:
            digest = sha256(name.encode()).hexdigest()
            return f"{ATTRIBUTE_PREFIX}{name.encode()[: MAX_COLUMN_LENGTH - 40].decode(errors='ignore')}_{digest[:32]}"
    return candidate


@lru_cache(maxsize=64)
def stream_label(arn: object) -> str | None:
    """Return what tells a table's streams apart, and orders them: the time at which the stream began; None when unknown.

    >>> stream_label("arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/2026-11-22T13:40:00.000")
    '2026-11-22T13:40:00.000'
    """
    return arn.rpartition("/")[2] or None if isinstance(arn, str) else None
