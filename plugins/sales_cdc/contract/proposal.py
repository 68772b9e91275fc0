"""Propose a contract for a table, from some of its items. Pure.

A type is proposed by what the pipeline itself would make of the values: a value that the transformer or the job could not write into a
column of that type would be rescued. The narrowest type that rescues few values wins.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sales_cdc.contract.attribute_values import UnfitValueError, field_json, key_text
from sales_cdc.contract.change_contract import (
    METADATA,
    PARTITION_COLUMNS,
    REST_COLUMN,
    STATE_COLUMNS,
    TOUCH,
    prefixed_until,
)
from sales_cdc.contract.column_texts import decimal_text
from sales_cdc.contract.contract_file import KEY_TYPES, MAX_DIGITS, MAX_FIELDS, TABLES_OF_NO_ENTITY

Item = Mapping[str, Any]

RESCUED_SHARE = 0.05
"""A type that rescues more than this share of an attribute's values is not proposed, as long as JSON text is left."""
LEAST_SHARE = 0.01
"""An attribute that fewer items have stays a further attribute: it reaches the tables as text, under its own name."""
LEAST_DIGITS = 12
SPARE_DIGITS = 4
MAX_SCALE = 18
"""More digits after the point than this are a measurement's: a double."""
_is_time_name = re.compile(
    r"(^|[_A-Za-z-])(at|on|time|date|timestamp|ts|epoch)$|(time|date|stamp)", re.IGNORECASE
).search
_EPOCHS = ((10**9, 10**10), (10**12, 10**13))
"""Seconds and milliseconds of the years 2001 to 2286."""


class ProposalError(ValueError):
    """No contract can be proposed. The message says why."""


@dataclass(frozen=True)
class Proposed:
    """An attribute, what the sample shows of it, and the type that is proposed; None: it is left to the further attributes."""

    name: str
    type: str | None
    member: str
    items: int
    nulls: int
    kinds: Mapping[str, int]
    digits: tuple[int, int] | None
    rescued: int

    @property
    def null_share(self) -> float:
        """The share of items that lack the attribute, or have NULL in it."""
        return self.nulls / self.items


@dataclass(frozen=True)
class Proposal:
    """A contract as its file declares it, and what it was made of."""

    entity: str
    key: Sequence[Proposed]
    fields: Sequence[Proposed]
    items: int

    @property
    def contract(self) -> dict[str, Any]:
        declared = [each for each in self.fields if each.type]
        return {"entity": self.entity, "key": list(map(_declared, self.key)), "fields": list(map(_declared, declared))}


def propose(table: str, key: Sequence[tuple[str, str]], items: Sequence[Item], entity: str = "") -> Proposal:
    """Propose the contract of a table.

    Args:
        table: its name, of which the entity's is made unless ``entity`` names it.
        key: the attributes of its key with DynamoDB's types.
        items: some of its items, as DynamoDB types them; binary values in base64.

    Raises:
        ProposalError: the key is binary, or the items have no attribute beside it.
    """
    if binary := [name for name, kind in key if kind not in KEY_TYPES]:
        raise ProposalError(f"The key's attribute {binary[0]} is binary (B): the pipeline takes keys of type S and N.")
    if not items:
        raise ProposalError(
            f"The table '{table}' holds no item, so there is nothing to propose a contract from. Write one by hand."
        )
    names = Names()
    keys = [_key(name, kind, names, items) for name, kind in key]
    seen = Counter(name for item in items for name in item if name not in dict(key) and name != TOUCH)
    ordered = sorted(seen, key=lambda name: (-seen[name], name))
    often = [name for name in ordered if seen[name] >= LEAST_SHARE * len(items)][:MAX_FIELDS]
    if not often:
        raise ProposalError(
            f"The items of '{table}' have no attribute beside their key: nothing can be declared as a field."
        )
    fields = [_field(name, name in often, names, items) for name in ordered]
    return Proposal(entity or entity_of(table), keys, fields, len(items))


def entity_of(table: str) -> str:
    """Make an entity's name of a table's.

    >>> entity_of("Prod-Customer.Invoices")
    'prod_customer_invoices'
    """
    entity = re.sub(r"[^a-z0-9]+", "_", table.lower()).strip("_")[:100]
    return entity if entity[:1].isalpha() and entity not in TABLES_OF_NO_ENTITY else f"table_{entity}".rstrip("_")[:100]


@dataclass
class Names:
    """The columns that are taken."""

    taken: set[str] = field(default_factory=lambda: {*METADATA, *STATE_COLUMNS, *PARTITION_COLUMNS, REST_COLUMN})

    def member(self, attribute: str) -> str:
        """Name an attribute's member of the change event, which no other has: its own name wherever that can be a column."""
        plain = re.sub("[^A-Za-z0-9_]", "_", attribute)[:150]
        member = prefixed_until(lambda name: name.lower() not in self.taken and name[:1].isalpha(), plain)
        self.taken.add(member.lower())
        return member


def _declared(each: Proposed) -> dict[str, str]:
    declared = {"attribute": each.name, "type": str(each.type)}
    return declared if each.member == each.name else {**declared, "member": each.member}


def _key(name: str, kind: str, names: Names, items: Sequence[Item]) -> Proposed:
    values = [item[name] for item in items if name in item]
    rescued = sum(not _fits_key(kind, value) for value in values)
    return Proposed(
        name, kind, names.member(name), len(items), len(items) - len(values), {kind: len(values)}, None, rescued
    )


def _fits_key(kind: str, value: Any) -> bool:
    try:
        key_text(kind, value)
    except UnfitValueError:
        return False
    return True


def _field(name: str, is_declared: bool, names: Names, items: Sequence[Item]) -> Proposed:
    values = [item[name] for item in items if name in item and item[name] != {"NULL": True}]
    kinds = Counter(next(iter(value)) for value in values)
    digits = most_digits(value["N"] for value in values if "N" in value)
    kind, rescued = best_type(name, values, digits) if is_declared else (None, 0)
    member = names.member(name) if kind else name
    return Proposed(name, kind, member, len(items), len(items) - len(values), dict(kinds), digits, rescued)


def best_type(name: str, values: Sequence[Mapping[str, Any]], digits: tuple[int, int] | None) -> tuple[str, int]:
    """Return the narrowest type that rescues few of an attribute's values, and how many it does."""
    rescued = {kind: sum(not fits(kind, value) for value in values) for kind in _candidates(name, values, digits)}
    few = [kind for kind, count in rescued.items() if count <= RESCUED_SHARE * len(values)]
    best = few[0] if few else min(rescued, key=rescued.__getitem__)
    return best, rescued[best]


def _candidates(name: str, values: Sequence[Mapping[str, Any]], digits: tuple[int, int] | None) -> list[str]:
    """The types that may be proposed, the narrowest first; text for an attribute that is always null."""
    if not values:
        return ["string"]
    times = ["timestamp"] if _may_be_times(name, values) else []
    decimal = [_decimal(*digits)] if digits and digits[1] <= MAX_SCALE else []
    return ["boolean", *times, "bigint", *decimal, "double", "string", "json"]


def _may_be_times(name: str, values: Sequence[Mapping[str, Any]]) -> bool:
    """Whether texts in ISO's form are times, which they are under any name; numbers are only under the name of a time."""
    numbers = [Decimal(value["N"]) for value in values if "N" in value]
    in_range = all(any(least <= number < most for least, most in _EPOCHS) for number in numbers)
    return not numbers or (in_range and _is_time_name(name) is not None)


def _decimal(whole: int, scale: int) -> str:
    """A decimal with room for four more digits before the point, and 12 digits at least."""
    return f"decimal({min(MAX_DIGITS, max(LEAST_DIGITS, whole + scale + SPARE_DIGITS))},{scale})"


def most_digits(numbers: Iterable[str]) -> tuple[int, int] | None:
    """Return the most digits before the point and the most after it; None without numbers.

    >>> most_digits(["12.50", "1E+3", "0.125"])
    (4, 3)
    """
    most = None
    for number in numbers:
        _, digits, exponent = Decimal(number).as_tuple()
        text = "".join(map(str, digits)).lstrip("0")
        significant = text.rstrip("0")
        point = int(exponent) + len(text) - len(significant) if significant else 0
        whole, scale = most or (0, 0)
        most = max(whole, len(significant) + point), max(scale, -point)
    return most


def fits(kind: str, value: Mapping[str, Any]) -> bool:
    """Whether a value would stand in a column of this type; else it would be rescued.

    >>> fits("decimal(4,2)", {"N": "12.5"}), fits("decimal(4,2)", {"N": "123.5"})
    (True, False)
    """
    try:
        written = field_json(kind)(value)
    except (UnfitValueError, RecursionError, UnicodeEncodeError):
        return False
    return not kind.startswith("decimal") or decimal_text(kind, Decimal(written)) is not None
