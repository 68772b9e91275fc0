"""What a contract changes of the one that is deployed, as far as the curated tables cannot follow it in place. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from sales_cdc.contract.change_contract import Attribute, Contract
from sales_cdc.contract.column_changes import may_widen


def changes_that_need_a_rebuild(deployed: Contract, declared: Contract) -> list[str]:
    """Name what is neither a new field nor a type that Iceberg promotes; nothing when all can happen in place.

    Changes that the pipeline has delivered already carry the old names and values, so a field that is renamed, removed or typed anew
    is in the tables as it was.
    """
    if deployed.entity != declared.entity:
        own = "one deployment has one entity, and another needs a SALES_CDC_PREFIX of its own"
        return [f"the entity was {deployed.entity} and is {declared.entity}: {own}"]
    changed = [] if deployed.key == declared.key else [f"the key was {_listed(deployed)} and is {_listed(declared)}"]
    return [*changed, *_changed_fields(deployed, declared)]


def _changed_fields(deployed: Contract, declared: Contract) -> Iterator[str]:
    fields = {each.name: each for each in declared.fields}
    for old in deployed.fields:
        new = fields.get(old.name)
        if new is None:
            yield f"the field {old.name} ({old.type}) is declared no more, or was renamed"
        elif new.member != old.member:
            yield f"the field {old.name} was named {old.member} in change events and is named {new.member}"
        elif new.type != old.type and not may_widen(old.type, new.type):
            yield f"the field {old.name} was {old.type} and is {new.type}, which Iceberg does not promote"


def _listed(contract: Contract) -> str:
    return " and ".join(map(_named, contract.key))


def _named(each: Attribute) -> str:
    return f"{each.name} ({each.type})" if each.member == each.name else f"{each.name} ({each.type}, as {each.member})"
