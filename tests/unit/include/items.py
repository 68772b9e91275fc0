"""Random items as DynamoDB types them, and the line that the transformer makes of one."""

from __future__ import annotations

import base64
import json
import string
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tests import shipped

OWN_NAMES = {"orderid", "product_name", "quantity", "price"}

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
numbers = st.one_of(
    st.integers(-(10**37), 10**37).map(str),
    st.decimals(-(10**6), 10**6, places=2).map(str),
    st.builds("{}.{}E{:+d}".format, st.integers(-9, 9).filter(bool), st.integers(0, 10**9), st.integers(-130, 120)),
)
names = st.one_of(
    st.text(string.ascii_letters, min_size=1, max_size=3),
    texts.filter(bool),
    st.sampled_from(["Price", "event_id", "Actor", "attr_price", "ATTR_Price", "dt", "is_current", "Valid_From", "orderID"]),
)  # fmt: skip
_base64 = st.binary(max_size=9).map(lambda raw: base64.b64encode(raw).decode())
_scalars = st.one_of(
    texts.map(lambda text: {"S": text}),
    numbers.map(lambda text: {"N": text}),
    _base64.map(lambda text: {"B": text}),
    st.booleans().map(lambda flag: {"BOOL": flag}),
    st.just({"NULL": True}),
    st.lists(texts, max_size=3, unique=True).map(lambda values: {"SS": values}),
    st.lists(numbers, max_size=3, unique_by=Decimal).map(lambda values: {"NS": values}),
    st.lists(_base64, max_size=3, unique=True).map(lambda values: {"BS": values}),
)
typed_values = st.recursive(
    _scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda values: {"L": values}),
        st.dictionaries(names, inner, max_size=3).map(lambda members: {"M": members}),
    ),
    max_leaves=8,
)


_transformer = shipped.transformer()


def line_of(item: dict[str, Any], sequence_number: int = 1, event_type: str = "INSERT") -> str | None:
    """The line of the change that leaves this item; None when the transformer refuses it."""
    key = {"orderid": item["orderid"]}
    change = {"ApproximateCreationDateTime": 1795354800, "Keys": key, "SequenceNumber": str(sequence_number).zfill(21)}
    if event_type != "REMOVE":
        change["NewImage"] = item
    record = {"eventID": f"e{sequence_number}", "eventName": event_type, "dynamodb": change}
    data = base64.b64encode(json.dumps(record).encode()).decode()
    (answer,) = _transformer.handler({"records": [{"recordId": "1", "data": data}]}, None)["records"]
    return base64.b64decode(answer["data"]).decode() if answer["result"] == "Ok" else None
