"""The local cloud's README names a test for what it says, and every test that it names exists."""

from __future__ import annotations

import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
README = (PROJECT / "README.md").read_text()
TEST = r"`((?:\.\./)?tests/[\w/.]+)`"


def test_every_test_that_the_readme_names_exists() -> None:
    named = set(re.findall(TEST, README))
    assert any(name.startswith("tests/") for name in named)
    if not _is_in_the_repository_of_the_pipeline():
        named = {name for name in named if not name.startswith("../")}
    assert [name for name in sorted(named) if not (PROJECT / name).exists()] == []


def _is_in_the_repository_of_the_pipeline() -> bool:
    """Tell whether the project is where ``../tests`` are the pipeline's, not a copy of its folder alone."""
    outer = PROJECT.parent / "pyproject.toml"
    return outer.exists() and 'name = "sales-cdc"' in outer.read_text()


def test_every_row_of_the_service_table_names_a_test() -> None:
    services = README.partition("\n## Services\n")[2].partition("\n## ")[0]
    rows = [line for line in services.splitlines() if line.startswith("| ")][2:]
    assert rows
    assert [row for row in rows if not re.search(TEST, row.rsplit("|", 2)[1])] == []


def test_every_file_and_room_that_the_readme_names_exists() -> None:
    built = README.partition("\n## How it is built\n")[2].partition("\n## ")[0]
    named = set(re.findall(r"`([\w/]+(?:\.py|/))`", built)) - {
        "definition.py",
        "registry.py",
        "settings.py",
        "states.py",
    }
    sources = PROJECT / "src" / "local_cloud"
    assert named
    assert [name for name in sorted(named) if not _found(name, sources)] == []


def _found(name: str, sources: Path) -> bool:
    """Tell whether a path exists from the project or its sources; a bare file name may be in any room."""
    return (sources / name).exists() or (PROJECT / name).exists() or ("/" not in name and any(sources.rglob(name)))
