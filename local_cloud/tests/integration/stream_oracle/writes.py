"""Random writes to a DynamoDB table, as the name of a client's method and its arguments.

DynamoDB Local keeps some numbers as they were written, where DynamoDB's documentation says that zeros are trimmed: those in
lists, maps and updates. There only trimmed ones are drawn. Few keys and few values, so that many writes meet an item that is there, change nothing, or fail on their condition.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

TABLE = "stream-oracle"
FILL = "S of this length"
MAX_ITEM_BYTES = 400 * 1024
Write = tuple[str, dict[str, Any]]
Item = dict[str, Any]

NUMBERS = [
    "0",
    "-0",
    "1",
    "1.0",
    "01",
    "-2.50",
    "1E3",
    "0.001e3",
    "12345678901234567890123456789012345678",
    "1E-130",
    "9E125",
]
KEPT_NUMBERS = ["0", "1", "-2.5", "1000", "12345678901234567890123456789012345678"]
texts = st.sampled_from(["", "x", "é", "日本", "x" * 300])
numbers = st.sampled_from(KEPT_NUMBERS)
scalars = st.one_of(
    st.builds(lambda text: {"S": text}, texts),
    st.builds(lambda text: {"N": text}, numbers),
    st.sampled_from([{"BOOL": True}, {"BOOL": False}, {"NULL": True}, {"B": b"\x00\xff"}, {"B": b""}]),
)
sets = st.one_of(
    st.permutations(["a", "b", "c"]).map(lambda members: {"SS": list(members[:2])}),
    st.permutations(["1", "2.5", "10"]).map(lambda members: {"NS": list(members[:2])}),
    st.permutations([b"a", b"b"]).map(lambda members: {"BS": list(members)}),
)
values = st.recursive(
    scalars | sets,
    lambda inner: st.one_of(
        st.builds(lambda members: {"L": members}, st.lists(inner, max_size=2)),
        st.builds(lambda members: {"M": members}, st.dictionaries(st.sampled_from(["core", "ünter"]), inner, max_size=2)),
    ),
    max_leaves=4,
)  # fmt: skip
kept_attributes: dict[str, st.SearchStrategy[Any]] = {
    "quantity": numbers.map(lambda text: {"N": text}),
    "labels": sets,
    "details": values,
    "remark": scalars,
}
attributes = st.fixed_dictionaries(
    {}, optional={**kept_attributes, "quantity": st.sampled_from(NUMBERS).map(lambda text: {"N": text})}
)
conditions = st.sampled_from(
    [
        {},
        {},
        {"ConditionExpression": "attribute_not_exists(orderid)"},
        {"ConditionExpression": "attribute_exists(orderid)"},
        {"ConditionExpression": "quantity = :expected", "ExpressionAttributeValues": {":expected": {"N": "1"}}},
    ]
)
changes = st.sampled_from(
    [
        {},
        {"UpdateExpression": "REMOVE quantity"},
        {"UpdateExpression": "REMOVE details.core, labels"},
        {"UpdateExpression": "SET quantity = :v", "ExpressionAttributeValues": {":v": {"N": "1"}}},
        {"UpdateExpression": "SET quantity = quantity + :v", "ExpressionAttributeValues": {":v": {"N": "0.1"}}},
        {"UpdateExpression": "ADD quantity :v", "ExpressionAttributeValues": {":v": {"N": "-1"}}},
        {"UpdateExpression": "ADD labels :v", "ExpressionAttributeValues": {":v": {"SS": ["a"]}}},
        {"UpdateExpression": "DELETE labels :v", "ExpressionAttributeValues": {":v": {"SS": ["a", "b"]}}},
        {"UpdateExpression": "SET details.core = :v", "ExpressionAttributeValues": {":v": {"S": "new"}}},
        {
            "UpdateExpression": "SET details = list_append(if_not_exists(details, :empty), :v)",
            "ExpressionAttributeValues": {":empty": {"L": []}, ":v": {"L": [{"N": "7"}]}},
        },
        {"UpdateExpression": "SET remark = quantity REMOVE details"},
    ]
)


assignments = st.one_of(
    st.fixed_dictionaries({}, optional=kept_attributes).map(
        lambda drawn: (" ".join(f'SET "{name}"=?' for name in drawn) + " REMOVE filler", list(drawn.values()))
    ),
    st.sampled_from(
        [
            ("SET quantity=quantity+?", [{"N": "1"}]),
            ("REMOVE quantity REMOVE labels", []),
            ("REMOVE details.core", []),
            ("SET details.core=?", [{"S": "new"}]),
        ]
    ),
)


def keys(sort_key: bool) -> st.SearchStrategy[Item]:
    """Draw the key of one of a few items."""
    lines = {"line": st.sampled_from(["1", "2"]).map(lambda text: {"N": text})} if sort_key else {}
    return st.fixed_dictionaries({"orderid": st.sampled_from(["a", "b", "ç"]).map(lambda text: {"S": text}), **lines})


def items(sort_key: bool) -> st.SearchStrategy[Item]:
    """Draw an item; now and then one that is about as large as DynamoDB allows."""
    small = st.builds(lambda key, more: {**key, **more}, keys(sort_key), attributes)
    return st.integers(0, 19).flatmap(lambda one: large_items(sort_key) if one == 0 else small)


def large_items(sort_key: bool) -> st.SearchStrategy[Item]:
    """Draw an item of the greatest size that DynamoDB allows, or up to two bytes more or less."""

    def filled(key: Item, more: int) -> Item:
        taken = sum(len(name) + (2 if "N" in value else len(value["S"].encode())) for name, value in key.items())
        return {**key, "filler": {FILL: MAX_ITEM_BYTES - taken - len("filler") + more}}

    return st.builds(filled, keys(sort_key), st.integers(-2, 2))


def expanded(value: Any) -> Any:
    """Return arguments with the long texts that a drawn write only gives the length of."""
    if isinstance(value, list):
        return [expanded(member) for member in value]
    if not isinstance(value, dict):
        return value
    return {"S": "x" * value[FILL]} if FILL in value else {name: expanded(inner) for name, inner in value.items()}


def writes(sort_key: bool) -> st.SearchStrategy[Write]:
    """Draw one write of any kind."""
    one = members(sort_key)
    distinct = st.lists(one, min_size=1, max_size=4, unique_by=_target)
    return st.one_of(
        one.map(single), one.map(single), distinct.map(batch), distinct.map(transaction), statements(sort_key),
    )  # fmt: skip


def _target(member: tuple[str, dict[str, Any]]) -> str:
    _, arguments = member
    return str(sorted(key_of(arguments.get("Key") or arguments["Item"]).items()))


def members(sort_key: bool) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    """Draw a Put, Update or Delete with the arguments that calls and transactions share."""
    return st.one_of(
        st.builds(lambda item, when: ("Put", {"Item": item, **when}), items(sort_key), conditions),
        st.builds(lambda key, change, when: ("Update", _update(key, change, when)), keys(sort_key), changes, conditions),
        st.builds(lambda key, when: ("Delete", {"Key": key, **when}), keys(sort_key), conditions),
    )  # fmt: skip


def _update(key: Item, change: dict[str, Any], when: dict[str, Any]) -> dict[str, Any]:
    substituted = {
        **change.get("ExpressionAttributeValues", {}), **when.get("ExpressionAttributeValues", {}),
    }  # fmt: skip
    return {"Key": key, **change, **when, **({"ExpressionAttributeValues": substituted} if substituted else {})}


def key_of(image: Item) -> Item:
    """Return the key of an item, or of the item that a key is of."""
    return {name: image[name] for name in ("orderid", "line") if name in image}


def single(member: tuple[str, dict[str, Any]]) -> Write:
    kind, arguments = member
    return f"{kind.lower()}_item", {"TableName": TABLE, **arguments}


def batch(drawn: list[tuple[str, dict[str, Any]]]) -> Write:
    """Return a batch; it takes whole items and keys, without conditions."""
    requests = [
        {"PutRequest": {"Item": arguments["Item"]}} if kind == "Put" else {"DeleteRequest": {"Key": arguments["Key"]}}
        for kind, arguments in drawn
    ]
    return "batch_write_item", {"RequestItems": {TABLE: requests}}


def transaction(drawn: list[tuple[str, dict[str, Any]]]) -> Write:
    """Return a transaction; an update in it has to change something."""
    return "transact_write_items", {
        "TransactItems": [
            {kind: {"TableName": TABLE, **({"UpdateExpression": "REMOVE nothing"} if kind == "Update" else {}), **arguments}}
            for kind, arguments in drawn
        ]
    }  # fmt: skip


def statements(sort_key: bool) -> st.SearchStrategy[Write]:
    """Draw PartiQL: a statement, a batch or a transaction, of one item each.

    A batch has one statement an item: DynamoDB Local refuses others, and writes them all the same.
    """
    one = st.one_of(
        st.builds(insert, items(sort_key)),
        st.builds(update_statement, keys(sort_key), assignments, st.booleans()),
        st.builds(delete_statement, keys(sort_key), st.booleans()),
    )
    several = st.lists(one, min_size=1, max_size=4)
    distinct = st.lists(one, min_size=1, max_size=4, unique_by=lambda drawn: str(sorted(drawn[0].items())))
    return st.one_of(
        one.map(lambda drawn: ("execute_statement", drawn[1])),
        distinct.map(lambda drawn: ("batch_execute_statement", {"Statements": [each for _, each in drawn]})),
        several.map(lambda drawn: ("execute_transaction", {"TransactStatements": [each for _, each in drawn]})),
    )  # fmt: skip


def insert(item: Item) -> tuple[Item, dict[str, Any]]:
    """Return the key and the statement that inserts an item."""
    fields = ", ".join(f"'{name}': ?" for name in item)
    statement = f'INSERT INTO "{TABLE}" VALUE {{{fields}}}'
    return key_of(item), {"Statement": statement, "Parameters": list(item.values())}


def update_statement(key: Item, change: tuple[str, list[Any]], is_conditional: bool) -> tuple[Item, dict[str, Any]]:
    """Return the key and the statement that changes an item."""
    clauses, values_set = change
    where, parameters = _where(key, is_conditional)
    return key, {"Statement": f'UPDATE "{TABLE}" {clauses} {where}', "Parameters": [*values_set, *parameters]}


def delete_statement(key: Item, is_conditional: bool) -> tuple[Item, dict[str, Any]]:
    """Return the key and the statement that deletes an item."""
    where, parameters = _where(key, is_conditional)
    return key, {"Statement": f'DELETE FROM "{TABLE}" {where}', "Parameters": parameters}


def _where(key: Item, is_conditional: bool) -> tuple[str, list[Any]]:
    conditions, parameters = [f'"{name}"=?' for name in key], list(key.values())
    if is_conditional:
        conditions.append("quantity=?")
        parameters.append({"N": "1"})
    return f"WHERE {' AND '.join(conditions)}", parameters


def _order(name: str, quantity: int = 1) -> Item:
    return {"orderid": {"S": name}, "quantity": {"N": str(quantity)}}


def _put(name: str, quantity: int = 1, **more: Any) -> dict[str, Any]:
    return {"TableName": TABLE, "Item": _order(name, quantity), **more}


def _delete(name: str) -> dict[str, Any]:
    return {"TableName": TABLE, "Key": {"orderid": {"S": name}}}


def _set(name: str, quantity: int) -> dict[str, Any]:
    values_set = {":v": {"N": str(quantity)}}
    return {**_delete(name), "UpdateExpression": "SET quantity = :v", "ExpressionAttributeValues": values_set}


def _statement(name: str, quantity: int) -> dict[str, Any]:
    change = ("SET quantity=?", [{"N": str(quantity)}])
    return update_statement({"orderid": {"S": name}}, change, is_conditional=False)[1]


_NEW = {"ConditionExpression": "attribute_not_exists(orderid)"}
EVERY_KIND: list[Write] = [  # 13 changes: the number is that of the change
    ("put_item", _put("a")),  # 1
    ("put_item", _put("a")),
    ("put_item", _put("a", 2, **_NEW)),
    ("update_item", _set("a", 2)),  # 2
    ("update_item", _set("a", 2)),
    ("delete_item", _delete("absent")),
    ("put_item", {"TableName": TABLE, "Item": {"orderid": {"S": "big"}, "filler": {FILL: MAX_ITEM_BYTES - 16}}}),  # 3
    ("put_item", {"TableName": TABLE, "Item": {"orderid": {"S": "big"}, "filler": {FILL: MAX_ITEM_BYTES - 15}}}),
    ("batch_write_item", {"RequestItems": {TABLE: [
        {"PutRequest": {"Item": _order("b")}},  # 4
        {"DeleteRequest": {"Key": {"orderid": {"S": "big"}}}},  # 5
    ]}}),
    ("transact_write_items", {"TransactItems": [{"Put": _put("c")}, {"Put": _put("a", 3, **_NEW)}]}),
    ("transact_write_items", {"TransactItems": [{"Put": _put("c")}, {"Update": _set("a", 3)}]}),  # 6, 7
    ("execute_statement", insert(_order("d"))[1]),  # 8
    ("execute_statement", _statement("d", 2)),  # 9
    ("execute_statement", _statement("d", 2)),
    ("batch_execute_statement", {"Statements": [insert(_order("a"))[1], insert(_order("e"))[1]]}),  # 10
    ("execute_transaction", {"TransactStatements": [insert(_order("f"))[1], _statement("absent", 2)]}),
    ("execute_transaction", {"TransactStatements": [insert(_order("f"))[1], _statement("e", 2)]}),  # 11, 12
    ("delete_item", _delete("f")),  # 13
]  # fmt: skip
