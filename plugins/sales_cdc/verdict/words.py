"""Name the declared entity in sentences. Pure."""

from __future__ import annotations

from datetime import datetime

from sales_cdc.contract.declared import declared_contract


def singular(many: str) -> str:
    """Name one of an entity's items; a word that is no plural as English makes them stays.

    >>> singular("orders"), singular("deliveries"), singular("boxes"), singular("stock")
    ('order', 'delivery', 'box', 'stock')
    """
    if many.endswith("ies"):
        return f"{many[:-3]}y"
    if many.endswith(("sses", "shes", "ches", "xes")):
        return many[:-2]
    return many[:-1] if many.endswith("s") and not many.endswith(("ss", "us")) else many


MANY = declared_contract().entity.replace("_", " ")
ONE = singular(MANY)


def counted(count: int, one: str = ONE, many: str = "") -> str:
    """Return a count with its noun.

    >>> counted(1, "record"), counted(5_001, "change")
    ('1 record', '5,001 changes')
    """
    plural = many or (MANY if one == ONE else f"{one}s")
    return f"{count:,} {one if count == 1 else plural}"


def moment(at: datetime | None) -> str:
    """Return a time for people, in UTC; "–" when there is none."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else "–"
