"""Which contract is proposed for some items: what it would rescue is what the transformer and the job rescue."""

from __future__ import annotations

import base64
import json
import shutil
from collections import Counter
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from raw_lines import LineParser
from sales_cdc.contract.contract_file import load_contract
from sales_cdc.contract.proposal import Proposal, ProposalError, entity_of, most_digits, propose

from tests.shipped import ROOT, load
from tests.unit.include import items as random_items

as_file = load("include/scripts/contract.py").as_file


def proposed_for(*values: Any, name: str = "a") -> Proposal:
    return propose("shop", [("id", "S")], [{"id": {"S": str(n)}, name: value} for n, value in enumerate(values)])


def numbers(*texts: str) -> list[dict[str, str]]:
    return [{"N": text} for text in texts]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([{"BOOL": True}, {"BOOL": False}, {"NULL": True}], "boolean"),
        (numbers("1", "-20", "3.0"), "bigint"),
        (numbers("1", "9223372036854775808"), "decimal(23,0)"),
        (numbers("1.5", "20.25"), "decimal(12,2)"),
        (numbers("1234567890123.125"), "decimal(20,3)"),
        (numbers("1" * 37 + ".5"), "decimal(38,1)"),
        (numbers("0.0000000000000000001", "1"), "double"),
        ([{"S": "2026-11-30T10:00:00Z"}, {"S": "2026-11-30"}], "timestamp"),
        ([{"S": "2026-11-30"}, {"S": "tomorrow"}], "string"),
        ([{"S": "12"}], "string"),
        ([{"M": {"b": {"N": "1"}}}], "json"),
        ([{"L": []}, {"S": "none"}], "json"),
        ([{"SS": ["x"]}], "json"),
        ([{"B": "AAAA"}], "json"),
        ([{"NULL": True}], "string"),
        (numbers("1764496800", "1764496801"), "bigint"),
    ],
)
def test_the_narrowest_type_that_rescues_nothing_is_proposed(values: list[Any], kind: str) -> None:
    ((field,),) = [proposed_for(*values).fields]
    assert (field.type, field.rescued) == (kind, 0)


@pytest.mark.parametrize("name", ["created_at", "timestamp", "updatedAt", "due-date", "ts"])
def test_numbers_are_times_only_under_the_name_of_one(name: str) -> None:
    assert proposed_for(*numbers("1764496800", "1764496800123"), name=name).fields[0].type == "timestamp"
    assert proposed_for(*numbers("1764496800", "5"), name=name).fields[0].type == "bigint"


def test_few_values_that_do_not_fit_are_rescued_and_counted() -> None:
    (field,) = proposed_for(*numbers(*["1"] * 95), *[{"S": "five"}] * 5).fields
    assert (field.type, field.rescued, field.kinds) == ("bigint", 5, {"N": 95, "S": 5})
    (field,) = proposed_for(*numbers(*["1"] * 90), *[{"S": "ten"}] * 10).fields
    assert (field.type, field.rescued) == ("json", 0)


def test_nulls_and_items_that_lack_the_attribute_are_its_share_of_nulls() -> None:
    items = [
        {"id": {"S": str(n)}, **({"a": {"N": "1"}} if n < 5 else {"a": {"NULL": True}} if n < 6 else {})}
        for n in range(10)
    ]
    (field,) = propose("shop", [("id", "S")], items).fields
    assert (field.null_share, field.type, field.digits) == (0.5, "bigint", (1, 0))


def test_a_rare_attribute_and_the_pipeline_s_own_are_not_declared() -> None:
    items: list[dict[str, Any]] = [
        {"id": {"S": str(n)}, "a": {"N": "1"}, "sales_cdc_touch": {"S": "x"}} for n in range(200)
    ]
    items[7]["rare"] = {"S": "once"}
    found = propose("shop", [("id", "S")], items)
    assert [(each.name, each.type) for each in found.fields] == [("a", "bigint"), ("rare", None)]
    assert [each["attribute"] for each in found.contract["fields"]] == ["a"]


def test_names_that_no_column_can_have_get_a_member_that_nothing_else_has() -> None:
    item = {name: {"S": "x"} for name in ("id", "Actor", "actor", "a b", "a_b", "$path", "1st", "ID", "größe")}
    members = {
        each["attribute"]: each.get("member", "") for each in propose("shop", [("id", "S")], [item]).contract["fields"]
    }
    assert members == {
        "$path": "attr__path", "1st": "attr_1st", "Actor": "attr_Actor", "ID": "attr_ID", "a b": "a_b", "a_b": "attr_a_b",
        "actor": "attr_attr_actor", "größe": "gr__e",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("key", "items", "reason"),
    [
        ([("id", "B")], [{"id": {"B": "AA"}, "a": {"S": "x"}}], "The key's attribute id is binary"),
        ([("id", "S")], [], "holds no item"),
        ([("id", "S")], [{"id": {"S": "1"}}], "no attribute beside their key"),
    ],
)
def test_what_no_contract_can_be_made_of_is_said(key: Any, items: Any, reason: str) -> None:
    with pytest.raises(ProposalError, match=reason):
        propose("shop", key, items)


@pytest.mark.parametrize(
    ("table", "entity"),
    [("Prod-Customer.Invoices", "prod_customer_invoices"), ("123", "table_123"), ("pipeline_ledger", "table_pipeline_ledger"), ("___", "table")],
)  # fmt: skip
def test_the_entity_is_named_after_the_table(table: str, entity: str) -> None:
    assert entity_of(table) == entity


@given(st.decimals(allow_nan=False, allow_infinity=False, places=5, min_value=-(10**20), max_value=10**20))
def test_the_most_digits_are_those_of_the_plain_form(number: Decimal) -> None:
    whole, _, fraction = format(abs(number), "f").partition(".")
    assert most_digits([str(number)]) == (len(whole.lstrip("0")), len(fraction.rstrip("0")))


ATTRIBUTES = st.dictionaries(random_items.names, random_items.typed_values, min_size=1, max_size=4)


@settings(max_examples=60, deadline=None)
@given(drawn=st.lists(ATTRIBUTES, min_size=1, max_size=12))
def test_the_proposal_is_a_contract_and_rescues_exactly_what_it_says(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[dict[str, Any]]
) -> None:
    """The judges are the transformer and the job's parser under that contract."""
    items = [{**attributes, "id": {"S": str(number)}} for number, attributes in enumerate(drawn)]
    found = propose("shop", [("id", "S")], items)
    folder = tmp_path_factory.mktemp("package")
    (folder / "contract.json").write_text(as_file(found.contract), encoding="utf-8")
    shutil.copy(ROOT / "include" / "lambda" / "lambda_transformer.py", folder)
    contract, transformer = load_contract(folder / "contract.json"), load(folder / "lambda_transformer.py")
    parser, place = LineParser(contract), list(contract.columns).index("rescued_data")
    rescued: Counter[str] = Counter()
    for item in items:
        columns, _further = parser.change(line_of(transformer, item).encode()) or ([], [])
        rescued.update(set(json.loads(columns[place] or "{}")) & {each.name for each in contract.fields})
    assert rescued == {each.name: each.rescued for each in found.fields if each.type and each.rescued}


def line_of(transformer: ModuleType, item: dict[str, Any]) -> str:
    change = {
        "ApproximateCreationDateTime": 1795354800,
        "Keys": {"id": item["id"]},
        "NewImage": item,
        "SequenceNumber": "1",
    }
    data = base64.b64encode(json.dumps({"eventID": "e", "eventName": "INSERT", "dynamodb": change}).encode()).decode()
    (answer,) = transformer.handler({"records": [{"recordId": "1", "data": data}]}, None)["records"]
    return base64.b64decode(answer["data"]).decode().rstrip("\n")
