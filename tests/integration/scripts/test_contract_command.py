"""``make contract TABLE=…`` on tables of the local cloud: what is read, what is proposed, what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pytest
from moto import mock_aws
from sales_cdc.aws.table_sample import plan_sample, read_sample
from sales_cdc.contract.contract_file import load_contract

from tests import shipped
from tests.conftest import Cloud

pytestmark = pytest.mark.integration
KEY = {"customer": ("HASH", "S"), "line": ("RANGE", "N")}


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("SALES_CDC_CONTRACT", raising=False)
    return shipped.load("include/scripts/contract.py")


def make_invoices(dynamodb: Any, name: str, items: int) -> None:
    """Make a table of lines of invoices; each tenth has a text for its amount, each fifth no date."""
    dynamodb.create_table(
        TableName=name, BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": key, "KeyType": role} for key, (role, _) in KEY.items()],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": kind} for key, (_, kind) in KEY.items()],
    )  # fmt: skip
    for number in range(items):
        item: dict[str, Any] = {"customer": {"S": f"c{number // 3}"}, "line": {"N": str(number % 3)}}
        item["amount"] = {"N": f"{number}.25"} if number % 25 else {"S": "none"}
        item["paid"], item["scan"] = {"BOOL": number % 2 == 0}, {"B": b"\x00\x01"}
        if number % 5:
            item["due"] = {"S": "2026-11-30"}
        dynamodb.put_item(TableName=name, Item=item)


@pytest.fixture
def invoices(cloud: Cloud, prefix: str) -> str:
    name = f"{prefix}.Invoices"
    make_invoices(cloud.client("dynamodb"), name, 100)
    return name


@pytest.fixture
def ask(command: ModuleType, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def asked(*arguments: str) -> tuple[int, str, str]:
        code = command.main(list(arguments))
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return asked


def test_the_contract_goes_to_standard_output_and_the_findings_beside_it(ask: Any, invoices: str) -> None:
    code, out, said = ask("--table", invoices)
    assert code == 0
    declared = json.loads(out)
    assert declared["entity"] == invoices.lower().replace(".", "_")
    assert declared["key"] == [{"attribute": "customer", "type": "S"}, {"attribute": "line", "type": "N"}]
    assert declared["fields"] == [
        {"attribute": "amount", "type": "decimal(12,2)"}, {"attribute": "paid", "type": "boolean"},
        {"attribute": "scan", "type": "json"}, {"attribute": "due", "type": "timestamp"},
    ]  # fmt: skip
    reading, *table = said.splitlines()
    assert reading.startswith("Reading up to 1,000 of ")
    assert "read units, 12,800 at most. Nothing is written." in reading
    assert "Read 100 items for " in table[0]
    amount, due = (
        " ".join(next(line for line in table if line.strip().startswith(name)).split()) for name in ("amount", "due")
    )
    assert amount == "amount N 96, S 4 0.0% 2.2 decimal(12,2) amount 4 of 100"
    assert due == "due S 20.0% timestamp due"
    assert "The table's stream: none; setup enables one" in said


def test_a_file_is_written_that_every_reader_takes_and_none_is_overwritten(
    ask: Any, invoices: str, tmp_path: Path
) -> None:
    file = tmp_path / "new" / "mine.json"
    assert ask("--table", invoices, "--entity", "bills", "--out", str(file))[:2] == (0, "")
    assert load_contract(file).entity == "bills"
    before = file.read_bytes()
    code, _, said = ask("--table", invoices, "--out", str(file))
    assert (code, "is there already, and was not overwritten" in said) == (1, True)
    assert file.read_bytes() == before


def test_a_table_that_is_not_there_is_named_with_its_region(ask: Any, cloud: Cloud, prefix: str) -> None:
    code, out, said = ask("--table", f"{prefix}-none")
    assert (code, out) == (1, "")
    assert f"There is no DynamoDB table '{prefix}-none' in us-east-1 for this account." in " ".join(said.split())


def test_a_sample_is_spread_over_the_table_and_bounded_on_another_emulator_too() -> None:
    """The judge is moto, which knows nothing of ours: each page obeys its limit, and no item comes twice."""
    with mock_aws():
        dynamodb = boto3.client("dynamodb", region_name="us-east-1")
        make_invoices(dynamodb, "shop", 60)
        plan = plan_sample(dynamodb.describe_table(TableName="shop")["Table"], 20)
        items, units = read_sample(dynamodb, plan)
        assert len(items) <= 20
        assert units <= plan.most_read_units
        assert len({(item["customer"]["S"], item["line"]["N"]) for item in items}) == len(items)
        assert items[0]["scan"] == {"B": "AAE="}
