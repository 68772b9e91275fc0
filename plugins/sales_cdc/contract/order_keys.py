"""The key of an order, in each form in which the pipeline meets it. Pure: no Airflow, no AWS client.

Reports, ledgers, parameters and addresses name an order by one text, its id. With a key of one attribute that is the key's text. With
two it is a JSON array of both texts: ``["ACME","17"]``. A number is in its plain decimal form, so that equal numbers are one id.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from sales_cdc.contract.attribute_values import UnfitValueError, key_text
from sales_cdc.contract.change_contract import Contract, is_probe, probe_key
from sales_cdc.contract.declared import declared_contract

Typed = Mapping[str, Any]


class NoOrderKeyError(ValueError):
    """Raised when something names no order; the message says what would."""


class OrderKeys:
    """Turns the key of one contract from form to form.

    >>> OrderKeys(declared_contract()).typed("order-1")
    {'orderid': {'S': 'order-1'}}
    """

    def __init__(self, contract: Contract) -> None:
        self._key = contract.key
        self._probed = contract.probed
        self._only_text = self._key[0].name if [each.type for each in self._key] == ["S"] else None
        self.names = tuple(each.name for each in contract.key)
        self.columns = tuple(each.column for each in contract.key)
        self.members = tuple(each.member for each in contract.key)

    @property
    def aliases(self) -> dict[str, str]:
        """Return the placeholders of the key's attributes in an expression of DynamoDB: ``{"#key": "orderid"}``."""
        return {f"#key{place or ''}": name for place, name in enumerate(self.names)}

    def of_item(self, item: Mapping[str, Typed]) -> str:
        """Return the id of an item, or of the ``Keys`` of a stream record.

        Raises:
            KeyError, UnfitValueError: it has no such key.
        """
        if self._only_text:
            text: str = item[self._only_text]["S"]
            return text
        return self.of_texts([key_text(each.type, item[each.name]) for each in self._key])

    def of_event(self, event: Mapping[str, Any]) -> str:
        """Return the id of a change event's order; its members are texts."""
        return self.of_texts([event[member] for member in self.members])

    def names_event(self, event: Mapping[str, Any]) -> bool:
        """Return whether a line of the raw zone names an order."""
        return all(isinstance(event.get(member), str) for member in self.members)

    def of_texts(self, texts: Sequence[Any]) -> str:
        """Return the id by the values of the key's columns, which a row begins with; more values are passed over."""
        if len(self._key) == 1:
            return str(texts[0])
        return json.dumps([str(text) for text in texts[: len(self._key)]], ensure_ascii=False, separators=(",", ":"))

    def named(self, value: Any) -> str:
        """Return the id that somebody wrote by hand: an id, or a list of the key's values.

        >>> OrderKeys(declared_contract()).named(["order-1"])
        'order-1'

        Raises:
            NoOrderKeyError: it names no order.
        """
        values = value if isinstance(value, list) else self.texts(value) if isinstance(value, str) else [value]
        try:
            if len(values) != len(self._key) or any(isinstance(each, bool) for each in values):
                raise NoOrderKeyError
            pairs = zip(self._key, map(str, values), strict=True)
            return self.of_texts([key_text(each.type, {each.type: text}) for each, text in pairs])
        except (NoOrderKeyError, UnfitValueError):
            raise NoOrderKeyError(f"{json.dumps(value)} names no order: the key is {self.described}.") from None

    def texts(self, order_id: str) -> tuple[str, ...]:
        """Return the texts of the key's columns.

        Raises:
            NoOrderKeyError: it is no id of this contract.
        """
        if len(self._key) == 1:
            return (order_id,)
        try:
            texts = json.loads(order_id)
        except ValueError:
            texts = None
        if not isinstance(texts, list) or [type(each) for each in texts] != [str] * len(self._key):
            raise NoOrderKeyError(f"{order_id} names no order: the key is {self.described}.")
        return tuple(texts)

    def typed(self, order_id: str) -> dict[str, Typed]:
        """Return the key as DynamoDB takes it.

        Raises:
            NoOrderKeyError: it is no id of this contract.
        """
        texts = self.texts(order_id)
        return {each.name: {each.type: text} for each, text in zip(self._key, texts, strict=True)}

    def is_probe(self, order_id: str) -> bool:
        """Return whether the pipeline wrote the order to prove its chain."""
        text = order_id if len(self._key) == 1 else self.texts(order_id)[self._key.index(self._probed)]
        return is_probe(text, self._probed.type)

    def new_probe(self) -> str:
        """Return the text by which a new probe is known wherever it passes: the value of one of the key's attributes."""
        return probe_key(self._probed.type)

    def of_probe(self, probe: str) -> dict[str, Typed]:
        """Return the key of a probe as DynamoDB takes it; what else the key has follows from the probe's own text."""
        other = str(int(sha256(probe.encode()).hexdigest()[:12], 16))
        return {each.name: {each.type: probe if each is self._probed else other} for each in self._key}

    @property
    def described(self) -> str:
        """Say what the key is, for people: ``supplier (S) and number (N), as in ["…","…"]``."""
        named = " and ".join(f"{each.name} ({each.type})" for each in self._key)
        return f'{named}, as in ["…","…"]' if len(self._key) > 1 else named


KEYS = OrderKeys(declared_contract())
"""Of the contract that this project declares."""
