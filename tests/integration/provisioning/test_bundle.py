"""Test that every DAG parses in the bundle of ``make bundle``, unpacked as Amazon MWAA does.

Nothing of the checkout is on the path.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration
ROOT = Path(__file__).resolve().parents[3]
PARSE = """
from airflow import plugins_manager
from airflow.dag_processing.dagbag import DagBag
bag = DagBag()
assert not bag.import_errors, bag.import_errors
assert "sales_cdc" in {plugin.name for plugin in plugins_manager._get_plugins()[0]}
assert not plugins_manager._get_plugins()[1]
print("parsed", *sorted(bag.dags))
"""


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    environment = {**os.environ, "LOCAL_CLOUD_HOME": str(tmp_path / "local")}
    subprocess.run([sys.executable, str(ROOT / "include/scripts/bundle.py")], env=environment, check=True, cwd=tmp_path)
    return tmp_path / "local" / "bundle"


def test_every_dag_parses_from_the_bundle_alone(bundle: Path, tmp_path: Path) -> None:
    home = tmp_path / "mwaa"
    with zipfile.ZipFile(bundle / "plugins.zip") as archive:
        archive.extractall(home / "plugins")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(bundle / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "SALES_CDC_TARGET": "aws",
        "AWS_REGION": "eu-central-1",
    }
    done = subprocess.run(
        [sys.executable, "-c", PARSE], cwd=tmp_path, env=environment, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    dags = {path.stem for path in (ROOT / "dags").glob("*.py")}
    assert set(done.stdout.splitlines()[-1].split()) == {"parsed", *dags}


def test_the_bundle_is_the_same_bytes_each_time_and_holds_what_is_shipped_to_aws(bundle: Path) -> None:
    first = (bundle / "plugins.zip").read_bytes()
    subprocess.run(
        [sys.executable, str(ROOT / "include/scripts/bundle.py")],
        env={**os.environ, "LOCAL_CLOUD_HOME": str(bundle.parent)}, check=True, capture_output=True,
    )  # fmt: skip
    assert (bundle / "plugins.zip").read_bytes() == first
    names = zipfile.ZipFile(bundle / "plugins.zip").namelist()
    assert {
        "include/contract/orders.json",
        "include/lambda/lambda_transformer.py",
        "include/glue/curate_orders.py",
        "include/glue/change_contract.py",
        "include/glue/contract_file.py",
        "sales_cdc/contract/change_contract.py",
        "sales_cdc_plugin.py",
    } <= set(names)
    requirements = (bundle / "requirements.txt").read_text().splitlines()
    pinned = {line.partition("==")[0] for line in requirements if "==" in line}
    assert pinned == {"faker", "plotly"}, "what MWAA's constraints pin has to stay open, all else has to be pinned"
    assert not [line for line in requirements if "--constraint" in line], "MWAA would drop its own constraints"
    assert not [line for line in requirements if line.startswith("apache-airflow==")]
