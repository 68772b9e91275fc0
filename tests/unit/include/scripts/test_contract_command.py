"""``make contract`` without a table: the contract's file is good, or each line that is not is named, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shipped import ROOT

SCRIPT = ROOT / "include" / "scripts" / "contract.py"


def run(contract: Path | None, *arguments: str) -> subprocess.CompletedProcess[str]:
    named = {"SALES_CDC_CONTRACT": str(contract)} if contract else {}
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments],
        env={**os.environ, **named},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_good_contract_is_shown() -> None:
    done = run(None)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{os.environ['SALES_CDC_CONTRACT']} is good." in done.stdout
    assert "  field  price         decimal(12,2)  price" in done.stdout
    assert run(None, "--quiet").stdout == ""


def test_a_broken_contract_is_refused_by_file_line_and_remedy_alone(tmp_path: Path) -> None:
    broken = tmp_path / "mine.json"
    broken.write_text('{\n  "entity": "Bills",\n  "key": [],\n  "fields": [{"attribute": "a", "type": "text"}]\n}\n')
    done = run(broken)
    assert (done.returncode, done.stdout) == (1, "")
    first, second, third = done.stderr.splitlines()
    assert first.startswith(f"The contract {broken}, line 2: entity names the tables")
    assert second.startswith(f"The contract {broken}, line 3: key has to be a list of one attribute")
    assert third == f"The contract {broken}, line 4: fields[0], a: text is no type of a field. Write string."


def test_a_file_that_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    done = run(tmp_path / "none.json")
    assert (
        done.stderr
        == f"The contract {tmp_path / 'none.json'}: there is no such file. Write it, or let SALES_CDC_CONTRACT name another.\n"
    )


@pytest.mark.parametrize("sample", ["0", "many", "100001"])
def test_a_sample_has_a_bound(sample: str) -> None:
    assert "is not a whole number from 1 to 100,000" in run(None, "--table", "shop", "--sample", sample).stderr
