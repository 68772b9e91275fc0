"""A classifier with a list of paths does what it is asked to do; AWS documents none of it."""

from __future__ import annotations

import pytest

from local_cloud.glue.schemas.classify import classify
from local_cloud.glue.schemas.json_records import PathError
from local_cloud.glue.schemas.path_lists import CommaPath, record_types, split

LINES = b'{"orderID": "a", "price": 1, "by": {"actor": "user"}}\n{"orderID": "b", "price": 1.5}\n'
PATH = "$.price, $.orderID,$.by.actor"


def columns(mode: CommaPath, path: str = PATH) -> dict[str, str]:
    custom = [{"JsonClassifier": {"Name": "orders", "JsonPath": path}}]
    found = classify(LINES, truncated=False, custom=custom, comma_path=mode)
    assert found.classification == "json"
    return {name: str(kind) for name, kind in found.columns.items()}


def test_an_ignored_list_leaves_the_table_to_the_built_in_classifier() -> None:
    assert columns(CommaPath.IGNORED) == {"orderid": "string", "price": "double", "by": "struct<actor:string>"}


def test_the_table_is_reduced_to_the_fields_that_the_paths_name() -> None:
    assert columns(CommaPath.COLUMNS) == {"price": "double", "orderid": "string", "actor": "string"}


def test_the_table_is_reduced_to_the_first_paths_field() -> None:
    assert columns(CommaPath.FIRST) == {"price": "double"}


def test_fields_that_no_record_has_leave_the_table_to_the_built_in_classifier() -> None:
    assert set(columns(CommaPath.COLUMNS, "$.nothing,$.nowhere")) == {"orderid", "price", "by"}


@pytest.mark.parametrize("mode", CommaPath)
def test_one_path_is_no_list(mode: CommaPath) -> None:
    assert columns(mode, "$.by") == {"actor": "string"}


def test_a_list_is_separated_by_commas_before_a_new_path() -> None:
    assert split("$.a , $['b,c'],$.d") == ["$.a", "$['b,c']", "$.d"]


def test_a_path_outside_the_subset_makes_the_list_unreadable() -> None:
    with pytest.raises(PathError, match="cannot be read"):
        record_types("{}", ["$.a", "$..b"], CommaPath.COLUMNS, truncated=False)
