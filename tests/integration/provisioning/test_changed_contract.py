"""Test that setup refuses a contract that the curated tables cannot follow, by the catalog and bucket of the local cloud."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from sales_cdc.contract import declared
from sales_cdc.contract.declared import contract_path, declared_contract
from sales_cdc.deployment.settings import Settings
from sales_cdc.deployment.topology import Topology

from tests.conftest import Cloud
from tests.integration.dag_runs import DagRun

pytestmark = pytest.mark.integration
FIRST = ("find_account", "expect_contract_fits")


@pytest.fixture
def deployed(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Topology:
    """Make what a deployment leaves for the comparison: bucket, uploaded contract, database."""
    monkeypatch.setenv("SALES_CDC_PREFIX", f"t{uuid.uuid4().hex[:8]}")
    topology = Topology(Settings.from_environment(), "000000000000")
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=topology.bucket.name)
    s3.put_object(Bucket=topology.bucket.name, Key=topology.CONTRACT_KEY, Body=contract_path().read_bytes())
    cloud.client("glue").create_database(DatabaseInput={"Name": topology.database.name})
    return topology


def make_tables(cloud: Cloud, topology: Topology) -> None:
    """Make the curated tables in the catalog, one with a column that Iceberg has dropped and the catalog keeps."""
    contract = declared_contract()
    columns = [{"Name": name, "Type": kind} for name, kind in contract.columns.items()]
    dropped = {"Name": "was", "Type": "bigint", "Parameters": {"iceberg.field.current": "false"}}
    for part in ("changes", "current"):
        described = {"Columns": [*columns, dropped], "Location": topology.s3_uri("curated/x/")}
        cloud.client("glue").create_table(
            DatabaseName=topology.database.name,
            TableInput={"Name": contract.table(part), "StorageDescriptor": described},
        )


def declare(monkeypatch: pytest.MonkeyPatch, folder: Path, **types: str | None) -> None:
    """Declare the project's contract with these types of fields; None takes a field out."""
    document: dict[str, Any] = json.loads(declared.include_folder().joinpath("contract", "orders.json").read_text())
    fields = {each["attribute"]: each["type"] for each in document["fields"]} | types
    document["fields"] = [{"attribute": name, "type": kind} for name, kind in fields.items() if kind]
    (folder / "changed.json").write_text(json.dumps(document))
    monkeypatch.setenv("SALES_CDC_CONTRACT", str(folder / "changed.json"))
    declared_contract.cache_clear()


@pytest.fixture(autouse=True)
def contract_of_the_test(monkeypatch: pytest.MonkeyPatch) -> Any:
    yield
    monkeypatch.undo()
    declared_contract.cache_clear()


def test_a_change_that_needs_a_rebuild_is_refused_until_it_is_allowed(
    cloud: Cloud, deployed: Topology, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    make_tables(cloud, deployed)
    DagRun("sales_cdc_setup.py").run(*FIRST)
    declare(monkeypatch, tmp_path, price="decimal(20,2)", paid="boolean")
    DagRun("sales_cdc_setup.py").run(*FIRST)
    declare(monkeypatch, tmp_path, price="decimal(10,2)", product_name=None, paid="boolean")
    with pytest.raises(AirflowFailException) as refused:
        DagRun("sales_cdc_setup.py").run(*FIRST)
    said = str(refused.value)
    assert f"The contract {tmp_path / 'changed.json'} cannot be taken" in said
    assert "the field product_name (string) is declared no more, or was renamed" in said
    assert "the field price was decimal(12,2) and is decimal(10,2), which Iceberg does not promote" in said
    assert 'Nothing was changed. Put the contract back, or trigger setup with {"rebuild_follows": true}' in said
    DagRun("sales_cdc_setup.py", rebuild_follows="True").run(*FIRST)


def test_without_curated_tables_any_contract_is_taken(
    cloud: Cloud, deployed: Topology, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    declare(monkeypatch, tmp_path, price="decimal(10,2)", product_name=None)
    DagRun("sales_cdc_setup.py").run(*FIRST)
