"""What the page calls the declared entity, its key and its fields. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sales_cdc.contract.change_contract import Attribute, Contract
from sales_cdc.contract.declared import declared_contract, holds_orders
from sales_cdc.contract.statement_names import SHOWN_FIELDS
from sales_cdc.verdict.words import singular

NUMBERS = ("bigint", "double", "decimal")


class PageEntity:
    """The words and columns of one contract, as the page shows them.

    >>> PageEntity(declared_contract()).one
    'order'
    """

    def __init__(self, contract: Contract) -> None:
        self.many = contract.entity.replace("_", " ")
        self.one = singular(self.many)
        self.title = self.many.capitalize()
        self.shown = [each.column for each in contract.fields[:SHOWN_FIELDS]]
        self.texts = [each for each in contract.fields[:SHOWN_FIELDS] if each.type == "string"][:1]
        self.fields = [each.column for each in contract.fields]
        self._is_pair = len(contract.key) > 1
        self._shown = contract.fields[:SHOWN_FIELDS]

    @property
    def first_text(self) -> str:
        """Return the label of the field by which the orders can be filtered; "" when no shown field is a text."""
        return label(self.texts[0]) if self.texts else ""

    @property
    def search_label(self) -> str:
        named = f", its beginning, or {article(self.texts[0])}" if self.texts else " or its beginning"
        return f"{self.one.capitalize()} id{named}"

    def as_json(self) -> dict[str, Any]:
        """Return what the page's scripts need."""
        fields = [
            {"name": each.column, "label": label(each), "is_number": each.type.startswith(NUMBERS)}
            for each in self._shown
        ]
        return {
            "one": self.one,
            "many": self.many,
            "title": self.title,
            "fields": fields,
            "is_orders": holds_orders(),
            "is_pair": self._is_pair,
        }

    def values(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return the shown fields of a row of Athena's, by column."""
        return {name: row.get(name) for name in self.shown}


def label(field: Attribute) -> str:
    """Head a column of the page.

    >>> label(Attribute("product_name", "string", "product_name"))
    'Product'
    """
    return field.column.removesuffix("_name").replace("_", " ").capitalize()


def article(field: Attribute) -> str:
    """Name a text that can be searched for."""
    noun = label(field).lower()
    owner = f"a{'n' if noun[0] in 'aeiou' else ''} {noun}"
    return f"{owner}'s name" if field.column.endswith("_name") else owner


ENTITY = PageEntity(declared_contract())
