"""The change event as declared: its members and their order, the names of columns, the contract's file.

One file for three places, so that they cannot differ: the transformer has it in its zip, the Glue job among its parts,
the plugin as ``sales_cdc.contract.change_contract``. The last two are links to this file. Standard library only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

EventType = Literal["INSERT", "MODIFY", "REMOVE"]
EVENT_TYPES: tuple[EventType, ...] = get_args(EventType)
"""In the order in which one order can meet them."""

METADATA = ("event_type", "creation_time", "event_id", "sequence_number", "actor")
"""Members of every change event, after its key and its fields."""
SEQUENCE_NUMBER_DIGITS = 40
PROBE = "probe"
"""In the key of every order that setup sends through the chain, and of no other: probes stay out of every count."""
TOUCH = "sales_cdc_touch"
"""An attribute that is set on an item to make it emit a change. No change event carries it."""
PARTITION_COLUMNS = ("dt", "hr")
"""Of the raw table: Athena could not read an attribute of that name."""
STATE_COLUMNS = ("is_deleted", "valid_from", "valid_to", "is_current")
"""Columns of the curated tables and views that no change event has."""
ATTRIBUTE_PREFIX = "attr_"
MAX_COLUMN_LENGTH = 200
"""Athena and the Data Catalog take 255 characters; the rest is for prefixes."""
KEY_TYPES = ("S",)
FIELD_TYPES = re.compile(r"string|bigint|decimal\((?P<precision>[0-9]+),(?P<scale>[0-9]+)\)")

_is_member_name = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,199}").fullmatch
_is_struct_field = re.compile(r"[A-Za-z_][A-Za-z0-9_]*").fullmatch


class ContractError(ValueError):
    """A file declares no contract that the pipeline can keep. The message says where, and what to write."""


@dataclass(frozen=True)
class Attribute:
    """An attribute of the item that the contract declares.

    ``type`` is DynamoDB's for a key (``S``), the column's for a field (``decimal(12,2)``). ``member`` is its name in the
    change event; in lower case it is the name of its column.
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
        fields = {each.column: each.type for each in self.fields}
        times = {name: "timestamp" if name == "creation_time" else "string" for name in METADATA}
        return key | fields | times

    def further_attributes(self, names: Iterable[str]) -> list[str]:
        """Return the names of an item's attributes that the contract does not declare, sorted."""
        return sorted(set(names).difference(self.attributes, [TOUCH]))

    def further_members(self, names: Iterable[str]) -> dict[str, str]:
        """Name the members that a change event has for an item's further attributes.

        Athena compares names without case. An attribute whose name is a declared member's or a partition column's, or
        that of an attribute sorted before it, gets ``attr_`` in front until no other attribute and no member has it.
        """
        further = self.further_attributes(names)
        reserved = {*(member.lower() for member in self.members), *PARTITION_COLUMNS}
        first_of_its_name = {name.lower(): name for name in reversed(further)}
        taken = reserved | first_of_its_name.keys()
        members = {}
        for name in further:
            member = name
            if name.lower() in reserved or first_of_its_name[name.lower()] != name:
                member = prefixed_until(lambda candidate: candidate.lower() not in taken, name)
                taken.add(member.lower())
            members[name] = member
        return members

    def further_columns(self, members: Iterable[str]) -> dict[str, str]:
        """Name the curated columns of a change event's further members.

        A column has lower-case letters, digits and ``_`` (Athena knows no others), and no two are the same. A name that
        is taken, or opens with no letter, gets ``attr_`` in front; names that stay as they are go first.
        """
        reserved = {*self.columns, *STATE_COLUMNS}
        plain = {member: re.sub("[^a-z0-9_]", "_", member.lower())[:MAX_COLUMN_LENGTH] for member in members}
        columns: dict[str, str] = {}
        taken = set(reserved)
        for member in sorted(plain, key=lambda member: (plain[member] != member, member)):
            columns[member] = prefixed_until(lambda name: name not in taken and name[:1].isalpha(), plain[member])
            taken.add(columns[member])
        return columns


def is_probe(key: str) -> bool:
    """Whether setup wrote the order of this key to prove the chain, so that no count may include it."""
    return PROBE in key


def prefixed_until(is_free: Callable[[str], bool], name: str) -> str:
    """Put ``attr_`` in front of a name until it is free.

    >>> prefixed_until(lambda name: name != "price", "price")
    'attr_price'
    """
    while not is_free(name):
        name = f"{ATTRIBUTE_PREFIX}{name}"
    return name


def names_struct(members: Collection[str]) -> bool:
    """Whether Glue's struct types can name a map's keys: one type that cannot fails every query of the table."""
    return all(map(_is_struct_field, members)) and len({name.lower() for name in members}) == len(members)


def load_contract(path: Path) -> Contract:
    """Read the contract that a file declares.

    Raises:
        ContractError: the file declares none.
        OSError: the file cannot be read.
    """
    try:
        declared = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ContractError(f"Cannot read the contract {path.name}: it is no JSON document ({error}).") from error
    try:
        return _contract(declared)
    except ContractError as error:
        raise ContractError(f"Cannot use the contract {path.name}: {error}") from None


def _contract(declared: Any) -> Contract:
    if not isinstance(declared, dict) or declared.keys() != {"entity", "key", "fields"}:
        raise ContractError("it has to be an object with the members entity, key and fields, and no other.")
    if not isinstance(declared["entity"], str) or not _is_member_name(declared["entity"]):
        raise ContractError("entity has to be a name of letters, digits and _, such as orders.")
    contract = Contract(
        entity=declared["entity"],
        key=_attributes(declared, "key", KEY_TYPES.__contains__, "S"),
        fields=_attributes(declared, "fields", _is_field_type, "string, bigint or decimal(12,2)"),
    )
    if len(contract.key) != 1:
        raise ContractError("key has to declare one attribute.")
    _check_names(contract)
    return contract


def _attributes(
    declared: Mapping[str, Any], part: str, is_type: Callable[[str], Any], types: str
) -> tuple[Attribute, ...]:
    entries = declared[part]
    if not isinstance(entries, list):
        raise ContractError(f"{part} has to be a list of attributes.")
    return tuple(_attribute(f"{part}[{place}]", entry, is_type, types) for place, entry in enumerate(entries))


def _attribute(where: str, entry: Any, is_type: Callable[[str], Any], types: str) -> Attribute:
    known = isinstance(entry, dict) and {"attribute", "type"} <= entry.keys() <= {"attribute", "type", "member"}
    if not known or not all(isinstance(value, str) and value for value in entry.values()):
        raise ContractError(f'{where} has to be {{"attribute": …, "type": …}}, with "member" if that has another name.')
    if not is_type(entry["type"]):
        raise ContractError(f"{where}: {entry['type']} is no type of this pipeline. Write {types}.")
    member = entry.get("member", entry["attribute"])
    if not _is_member_name(member):
        raise ContractError(
            f'{where}: {member} is no name of a column. Give it a "member" of letters, digits and _ that opens with a letter.'
        )
    return Attribute(entry["attribute"], entry["type"], member)


def _is_field_type(text: str) -> bool:
    match = FIELD_TYPES.fullmatch(text)
    if match is None or match["precision"] is None:
        return match is not None
    return int(match["scale"]) <= int(match["precision"]) <= 38 and int(match["precision"]) > 0


def _check_names(contract: Contract) -> None:
    taken = {*METADATA, *STATE_COLUMNS, *PARTITION_COLUMNS}
    names: set[str] = set()
    for each in (*contract.key, *contract.fields):
        if each.column in taken or each.name in names or each.name == TOUCH:
            raise ContractError(f'the name {each.member} is taken. Give {each.name} a "member" that nothing else has.')
        taken.add(each.column)
        names.add(each.name)
