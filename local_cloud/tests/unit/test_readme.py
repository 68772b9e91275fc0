"""The local cloud's README names a test for what it says, and every test that it names is there."""

from __future__ import annotations

import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
README = (PROJECT / "README.md").read_text()


def test_every_test_that_the_readme_names_exists() -> None:
    named = set(re.findall(r"`(tests/[\w/.]+)`", README))
    assert named
    assert [name for name in sorted(named) if not (PROJECT / name).exists()] == []


def test_every_row_of_the_service_table_names_a_test() -> None:
    services = README.partition("\n## Services\n")[2].partition("\n## ")[0]
    rows = [line for line in services.splitlines() if line.startswith("| ")][2:]
    assert rows
    assert [row for row in rows if not re.search(r"`tests/[\w/]+\.py`", row.rsplit("|", 2)[1])] == []
