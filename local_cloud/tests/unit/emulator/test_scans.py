"""The patched scan answers every request as MiniStack's own does, page by page, with writes in between."""

from __future__ import annotations

import copy
import importlib.util
import json
from collections import defaultdict
from itertools import islice
from types import ModuleType
from typing import Any
from unittest import mock

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from local_cloud.emulator import scans
from local_cloud.emulator.scans import KEYS, SortedKeys, keys_of, note_new_keys, patch_scans
from local_cloud.emulator.seams import SeamMovedError

PAGE_BYTES = 300
TABLES = {"hash-only": ["orderid"], "with-sort-key": ["orderid", "line"]}
names = st.sampled_from(["a", "b", "é", "B"])
keys = st.fixed_dictionaries({"orderid": names, "line": names})
written = st.tuples(st.just("put"), keys, st.integers(0, 120))
deleted = st.tuples(st.just("delete"), keys)
filtered = st.fixed_dictionaries(
    {
        "FilterExpression": st.sampled_from(["size(filler) > :n", "nonsense"]),
        "ExpressionAttributeValues": st.just({":n": {"N": "60"}}),
    }
)
segmented = st.integers(-1, 4).flatmap(
    lambda segment: st.fixed_dictionaries({"Segment": st.just(segment), "TotalSegments": st.integers(1, 4)})
)
options = st.tuples(
    st.just({}) | segmented,
    st.just({}) | filtered,
    st.just({}) | st.fixed_dictionaries({"Limit": st.integers(0, 5)}),
    st.just({}) | st.sampled_from([{"ProjectionExpression": "filler"}, {"Select": "COUNT"}, {"IndexName": "none"}]),
    st.just({}) | st.sampled_from([{"ReturnConsumedCapacity": "TOTAL"}, {"ConsistentRead": True}]),
).map(lambda parts: {name: value for part in parts for name, value in part.items()})
scanned = st.tuples(st.just("scan"), options, st.sampled_from(["start", "last"]) | keys)


SCAN = ("scan", {}, "start")


def key(order: str, line: str = "a") -> dict[str, str]:
    return {"orderid": order, "line": line}


def put(order: str, line: str = "a") -> tuple[str, dict[str, str], int]:
    return "put", key(order, line), 0


def dynamodb() -> Any:
    """Load MiniStack's DynamoDB as a separate module with small pages and two tables."""
    spec = importlib.util.find_spec("ministack.services.dynamodb")
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    with mock.patch("threading.Thread.start"):  # the reaper of expired items
        spec.loader.exec_module(module)
    module._DDB_PAGE_SIZE_BYTES = PAGE_BYTES
    return module


@pytest.fixture(scope="module")
def plain() -> Any:
    return dynamodb()


@pytest.fixture(scope="module")
def patched() -> Any:
    module = dynamodb()
    patch_scans(module)
    return module


def key_of(table: str, key: dict[str, str]) -> dict[str, Any]:
    return {name: {"S": key[name]} for name in TABLES[table]}


def create(module: Any, table: str) -> None:
    module._tables.pop(table, None)
    kinds = zip(TABLES[table], ("HASH", "RANGE"), strict=False)
    answered(
        module._create_table,
        TableName=table, BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in kinds],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in TABLES[table]],
    )  # fmt: skip


def answered(call: Any, **request: Any) -> tuple[int, dict[str, Any]]:
    status, _, body = call(request)
    return status, json.loads(body)


class Client:
    """Do steps one after another; remember where the last scan stopped."""

    def __init__(self, module: Any, table: str) -> None:
        self._module, self._table, self._last = module, table, {}
        create(module, table)

    def do(self, kind: str, subject: Any, more: Any = None) -> tuple[int, dict[str, Any]]:
        if kind == "put":
            item = {**key_of(self._table, subject), "filler": {"S": "x" * more}}
            return answered(self._module._put_item, TableName=self._table, Item=item)
        if kind == "delete":
            return answered(self._module._delete_item, TableName=self._table, Key=key_of(self._table, subject))
        start = {"start": {}, "last": self._last}[more] if isinstance(more, str) else key_of(self._table, more)
        request = {**subject, **({"ExclusiveStartKey": start} if start else {})}
        status, answer = answered(self._module._scan, TableName=self._table, **request)
        self._last = answer.get("LastEvaluatedKey", {})
        return status, answer


@pytest.mark.parametrize("table", TABLES)
@given(steps=st.lists(written | deleted | scanned, max_size=40))
@example(steps=[put("a"), SCAN, ("delete", key("a")), put("a"), SCAN])
@example(steps=[put("a", "c"), put("a", "b"), put("a", "a"), ("scan", {"Limit": 1}, "start"), ("scan", {}, "last")])
def test_every_answer_is_the_emulators(plain: Any, patched: Any, table: str, steps: list[Any]) -> None:
    one, other = Client(plain, table), Client(patched, table)
    for step in steps:
        assert one.do(*step) == other.do(*step)


def test_items_are_found_whichever_call_wrote_them(patched: Any) -> None:
    create(patched, "hash-only")
    assert answered(patched._scan, TableName="hash-only")[1]["Count"] == 0
    items = [{"orderid": {"S": name}} for name in "abc"]
    answered(patched._batch_write_item, RequestItems={"hash-only": [{"PutRequest": {"Item": items[0]}}]})
    answered(patched._transact_write_items, TransactItems=[{"Put": {"TableName": "hash-only", "Item": items[1]}}])
    answered(patched._update_item, TableName="hash-only", Key=items[2])
    assert answered(patched._scan, TableName="hash-only")[1]["Items"] == items


def test_a_query_and_an_index_are_left_to_the_emulator(patched: Any) -> None:
    create(patched, "with-sort-key")
    for line in "cab":
        item = {"orderid": {"S": "a"}, "line": {"S": line}}
        answered(patched._put_item, TableName="with-sort-key", Item=item)
    found = answered(
        patched._query, TableName="with-sort-key", KeyConditionExpression="orderid = :o",
        ExpressionAttributeValues={":o": {"S": "a"}}, ScanIndexForward=False,
    )[1]["Items"]  # fmt: skip
    assert [item["line"]["S"] for item in found] == ["c", "b", "a"]


class Reads(dict[str, dict[str, Any]]):
    """Hold items and count how often they are read."""

    count = 0

    def get(self, *args: Any) -> Any:
        self.count += 1
        return super().get(*args)


def test_a_page_reads_its_own_items_alone() -> None:
    items = Reads({f"{number:04d}": {"": {"n": number}} for number in range(1000)})
    read = list(islice(SortedKeys(items).items_after("0499", None, segment=0, total=1), 3))
    assert (read, items.count) == ([{"n": 500}, {"n": 501}, {"n": 502}], 3)


def table_of(*keys: str) -> dict[str, Any]:
    return {"items": defaultdict(dict, {key: {"": {"key": key}} for key in keys})}


def all_keys(table: dict[str, Any]) -> list[str]:
    return [item["key"] for item in keys_of(table).items_after("", None, segment=0, total=1)]


def test_items_that_replace_all_others_have_keys_of_their_own() -> None:
    table = table_of("b", "a")
    assert all_keys(table) == ["a", "b"]
    table["items"] = table_of("c")["items"]
    assert all_keys(table) == ["c"]


def test_a_copy_of_a_table_has_no_sorted_keys() -> None:
    table = table_of("b", "a")
    assert all_keys(table) == ["a", "b"]
    copied = copy.deepcopy(table)
    assert copied[KEYS] is None
    assert json.loads(json.dumps(copied)) == copied
    assert all_keys(copied) == ["a", "b"]


def set_item(table: dict[str, Any], key: str, sort_key: str, item: Any) -> None:
    table["items"][key][sort_key] = item


def test_keys_that_nobody_reads_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scans, "MAX_UNSORTED", 10)
    table, note = table_of(), note_new_keys(set_item)
    assert all_keys(table) == []
    for number in range(11):
        assert KEYS in table
        note(table, str(number), "", {"key": str(number)})
        table["items"].pop(str(number))
    assert KEYS not in table


def test_keys_of_deleted_items_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scans, "MAX_UNSORTED", 10)
    table, note = table_of("z"), note_new_keys(set_item)
    first = keys_of(table)
    for number in range(13):
        note(table, f"{number:02d}", "", {"key": f"{number:02d}"})
        assert all_keys(table) == [f"{number:02d}", "z"]
        table["items"].pop(f"{number:02d}")
    assert keys_of(table) is not first
    assert all_keys(table) == ["z"]


def test_only_a_few_numbers_of_segments_are_kept_sorted() -> None:
    sorted_keys = SortedKeys(table_of("a", "b", "c")["items"])
    for total in range(1, 3 * scans.MAX_SEGMENTATIONS):
        found = [
            item for segment in range(total) for item in sorted_keys.items_after("", None, segment=segment, total=total)
        ]
        assert sorted(item["key"] for item in found) == ["a", "b", "c"]
    assert len(sorted_keys._segmentations) == scans.MAX_SEGMENTATIONS


def test_a_missing_function_is_an_error() -> None:
    with pytest.raises(SeamMovedError, match="_paginate_evaluated_items"):
        patch_scans(ModuleType("dynamodb"))
