"""Test small parts of setup and teardown: packaging, drift, summary, confirmation, identity."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException
from sales_cdc.aws.identity import AccountUnknownError, FindAccountOperator
from sales_cdc.contract.contract_file import ContractError
from sales_cdc.contract.declared import contract_path
from sales_cdc.provisioning.drift import drift
from sales_cdc.provisioning.operators.confirmation import ConfirmOperator, NotConfirmedError
from sales_cdc.provisioning.operators.summary import SummariseOperator, as_table
from sales_cdc.provisioning.packaging import artifacts, sha256, zipped

from tests.shipped import ROOT
from tests.unit.topologies import topology


def test_a_package_is_the_same_bytes_each_time_and_holds_the_module() -> None:
    package = zipped({"lambda_transformer.py": b"print()\n"})
    assert sha256(package) == "DEeJ65Qfg91tFt92z2egm0uUqEMkmdjknMyxXkZAtCM="
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        assert archive.read("lambda_transformer.py") == b"print()\n"
        assert archive.infolist()[0].external_attr >> 16 == 0o100644


def test_the_transformer_runs_from_its_package_alone(tmp_path: Path) -> None:
    with zipfile.ZipFile(
        io.BytesIO(artifacts(topology(), ROOT / "include", contract_path())["transformer"].content())
    ) as archive:
        archive.extractall(tmp_path)
    program = "import lambda_transformer as t; print(t.__file__, t.CONTRACT.entity, t.handler({'records': []}, None))"
    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        env={"PYTHONPATH": str(tmp_path)}, cwd=tmp_path, text=True, capture_output=True, check=True,
    )  # fmt: skip
    assert done.stdout == f"{tmp_path / 'lambda_transformer.py'} orders {{'records': []}}\n"


def test_nothing_is_packaged_with_a_contract_that_cannot_be_kept(tmp_path: Path) -> None:
    (tmp_path / "contract.json").write_text('{"entity": "orders"}')
    with pytest.raises(
        ContractError, match=r"contract\.json, line 1: a contract is an object with entity, key and fields"
    ):
        artifacts(topology(), ROOT / "include", tmp_path / "contract.json")


def test_the_job_s_parts_are_all_that_its_entry_imports_of_ours() -> None:
    parts, folder = (
        artifacts(topology(), ROOT / "include", contract_path())["job_parts"].files,
        ROOT / "include" / "glue",
    )
    assert set(parts) == {path.name for path in folder.iterdir() if path.suffix == ".py"} - {"curate_orders.py"}
    imported = re.findall(r"^from (\w+) import", (folder / "curate_orders.py").read_text(), re.MULTILINE)
    assert {f"{name}.py" for name in imported if (folder / f"{name}.py").exists()} <= set(parts)
    for shared in ("change_contract.py", "contract_file.py"):
        assert parts[shared].read_bytes() == (ROOT / "include/lambda" / shared).read_bytes()


def test_drift_names_differences_and_ignores_undefined_fields() -> None:
    defined = {"A": 1, "B": {"C": [1, {"D": 2}]}, "E": "x"}
    assert drift(defined, {**defined, "State": "ACTIVE", "B": {"C": [1, {"D": 2, "Default": 3}], "F": 4}}) == []
    assert drift(defined, {"A": 2, "B": {"C": [1, {"D": 3}]}}) == ["A", "B.C[1].D", "E"]
    assert drift(defined, {**defined, "B": {"C": [1]}}) == ["B.C"]


class Outcomes:
    """Stand for a task instance that has other tasks' XComs."""

    def __init__(self, **outcomes: Any) -> None:
        self.outcomes = outcomes

    def xcom_pull(self, task_ids: str) -> Any:
        return self.outcomes.get(task_ids)


def test_a_summary_counts_actions() -> None:
    done = Outcomes(a={"name": "x", "action": "created"}, b={"name": "y", "action": "created"})
    assert SummariseOperator(task_id="s", of_tasks=["a", "b"]).execute({"ti": done}) == {"created": 2}


def test_a_summary_leaves_out_what_had_nothing_to_do() -> None:
    done = {"a": {"name": "x", "action": "created"}, "b": {"name": "y"}}
    assert SummariseOperator(task_id="s", of_tasks=["a", "b"]).execute({"ti": Outcomes(**done)}) == {"created": 1}
    assert len(as_table(done).splitlines()) == 2, "the heading and one task"


def test_a_summary_fails_with_the_names_of_those_that_failed() -> None:
    done = Outcomes(a={"name": "x", "action": "removed"})
    with pytest.raises(AirflowException, match="1 of 2 tasks did not succeed: b"):
        SummariseOperator(task_id="s", of_tasks=["a", "b"]).execute({"ti": done})
    assert as_table({"a": {"name": "x", "action": "removed"}, "b": None}).splitlines()[-1].endswith("FAILED")


@pytest.mark.parametrize("answer", ["", "sales", "sales-cdc "])
def test_an_answer_other_than_the_prefix_is_refused(answer: str) -> None:
    with pytest.raises(NotConfirmedError, match="'sales-cdc'"):
        ConfirmOperator(task_id="c", answer=answer, expected="sales-cdc").execute({})


def test_the_prefix_confirms() -> None:
    ConfirmOperator(task_id="c", answer="sales-cdc", expected="sales-cdc").execute({})


def test_a_missing_connection_is_reported_with_how_to_create_it() -> None:
    with pytest.raises(AccountUnknownError, match="airflow connections add nowhere --conn-type aws"):
        FindAccountOperator(aws_conn_id="nowhere").execute({})


def test_a_cloud_that_does_not_run_is_reported_with_how_to_start_it(monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = {"region_name": "us-east-1", "endpoint_url": "http://127.0.0.1:1"}
    connection = {"conn_type": "aws", "login": "test", "password": "test", "extra": nowhere}
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(connection))
    with pytest.raises(AccountUnknownError, match="make cloud"):
        FindAccountOperator().execute({})
