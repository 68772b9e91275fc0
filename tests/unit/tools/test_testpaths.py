"""``make test`` runs the folders that each project's ``testpaths`` names: a folder that is left out would never run."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("project", [ROOT, ROOT / "local_cloud"], ids=lambda project: project.name)
def test_every_test_file_is_in_a_folder_of_testpaths(project: Path) -> None:
    configuration = tomllib.loads((project / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    folders = [project / path for path in configuration["testpaths"]]
    files = list((project / "tests").rglob("test_*.py"))
    assert files
    assert [file for file in files if not any(file.is_relative_to(folder) for folder in folders)] == []
