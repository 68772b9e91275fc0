"""The pipeline installs the versions that the local cloud pins."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def pins(requirements: list[str]) -> dict[str, str]:
    """Return the pinned versions by package; extras and unpinned packages are left out."""
    found = (re.match(r"([\w.-]+)(?:\[[\w,-]+\])?==([\w.]+)", one) for one in requirements)
    return {match[1]: match[2] for match in found if match}


def test_the_requirements_pin_what_the_local_cloud_pins() -> None:
    project = tomllib.loads((ROOT / "local_cloud" / "pyproject.toml").read_text())["project"]
    required = pins((ROOT / "requirements" / "local.in").read_text().splitlines())
    pinned = pins(project["dependencies"])
    assert "ministack" in pinned
    assert {name: required.get(name) for name in pinned} == pinned
