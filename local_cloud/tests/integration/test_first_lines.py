"""The first lines of the README do what they say, as a program of their own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import Cloud

pytestmark = pytest.mark.integration
README = Path(__file__).resolve().parents[2] / "README.md"


def test_the_first_lines_print_the_row_that_they_wrote(cloud: Cloud) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    program = program.replace("http://127.0.0.1:4566", cloud.endpoint)
    printed = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60
    ).stdout
    assert "[{'VarCharValue': 'a'}, {'VarCharValue': '9.5'}]" in printed.replace("{'Data': ", "")
