"""Test that names and definitions follow the contract of the example of invoices, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sales_cdc.contract.declared import declared_contract
from sales_cdc.deployment.settings import partition_key_of

from tests.unit.contract.invoices import contract_of

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = """
import json
from sales_cdc.batch import statements
from sales_cdc.deployment.settings import Settings
from sales_cdc.deployment.topology import Topology
from sales_cdc.provisioning.definitions import flow, lake
topology = Topology(Settings.from_environment(), "123456789012")
print(json.dumps({
    "table": flow.table(topology), "delivery": flow.delivery(topology), "pipe": flow.pipe(topology, "arn"),
    "classifier": lake.classifier(topology), "crawler": lake.crawler(topology), "job_role": flow.role(topology, "job"),
    "raw_table": topology.RAW_TABLE, "insights": statements.INSIGHTS, "seed_queries": statements.SEED_QUERIES,
    "remedies": [check.remedy for check in statements.CURATED_CHECKS.values()],
}))
"""


@pytest.fixture(scope="module")
def defined() -> dict[str, Any]:
    environment = {**os.environ, "SALES_CDC_CONTRACT": "examples/invoices/contract.json", "SALES_CDC_TARGET": "local"}
    ended = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def test_the_table_has_the_contract_s_key(defined: dict[str, Any]) -> None:
    table = defined["table"]
    assert table["TableName"] == "sales-cdc-invoices"
    assert table["KeySchema"] == [
        {"AttributeName": "supplier", "KeyType": "HASH"}, {"AttributeName": "number", "KeyType": "RANGE"},
    ]  # fmt: skip
    assert {each["AttributeName"]: each["AttributeType"] for each in table["AttributeDefinitions"]} == {"supplier": "S", "number": "N"}  # fmt: skip


def test_prefixes_tables_and_permissions_are_the_entity_s(defined: dict[str, Any]) -> None:
    assert defined["delivery"]["ExtendedS3DestinationConfiguration"]["Prefix"].startswith("raw/invoices/dt=")
    assert defined["crawler"]["Targets"]["S3Targets"][0]["Path"].endswith("/raw/invoices/")
    assert (defined["raw_table"], defined["pipe"]["Name"]) == ("raw_invoices", "sales-cdc-invoices-pipe")
    kinesis = defined["pipe"]["TargetParameters"]["KinesisStreamParameters"]
    assert kinesis["PartitionKey"] == "$.dynamodb.Keys.supplier.S"
    assert defined["classifier"]["JsonClassifier"]["JsonPath"].startswith("$.supplier,$.number,$.customer,$.gross,")
    written = json.dumps(defined["job_role"])
    assert "/invoices_*" in written
    assert "orders" not in json.dumps({name: value for name, value in defined.items() if name != "remedies"})
    assert "sales_cdc_rebuild" in json.dumps(defined["remedies"]), "which names no table, and so suits every entity"
    assert "orders_" not in json.dumps(defined["remedies"])


def test_what_asks_of_orders_is_absent(defined: dict[str, Any]) -> None:
    assert (defined["insights"], defined["seed_queries"]) == ([], [])


def test_the_partition_key_is_the_key_s_first_attribute_if_a_path_takes_it(tmp_path: Path) -> None:
    assert partition_key_of(declared_contract()) == "$.dynamodb.Keys.orderid.S"
    number = contract_of(tmp_path, key=[{"attribute": "no", "type": "N"}])
    blank = contract_of(tmp_path, key=[{"attribute": "line no", "type": "N", "member": "line"}])
    assert [partition_key_of(number), partition_key_of(blank)] == ["$.dynamodb.Keys.no.N", "$.eventID"]
