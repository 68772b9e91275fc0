"""The version of MiniStack is written once, and a missing name stops the start with a message that helps."""

from __future__ import annotations

import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from local_cloud.emulator.seams import VERSION, SeamMovedError, require

PROJECT = Path(__file__).resolve().parents[3]
SOURCES = PROJECT / "src" / "local_cloud"


def test_the_pinned_version_is_the_one_that_the_patches_were_written_for() -> None:
    dependencies = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert [one for one in dependencies if one.startswith("ministack")] == [f"ministack[full]=={VERSION}"]


def test_the_version_is_written_in_one_file_only() -> None:
    files = [path.relative_to(SOURCES).as_posix() for path in SOURCES.rglob("*.py") if VERSION in path.read_text()]
    assert files == ["emulator/seams.py"]


def test_only_the_emulator_room_imports_ministack() -> None:
    importing = {path.relative_to(SOURCES).parts[0] for path in SOURCES.rglob("*.py") if _imports(path)}
    assert importing == {"emulator"}


def _imports(path: Path) -> bool:
    return any(
        line.strip().startswith(("import ministack", "from ministack")) for line in path.read_text().splitlines()
    )


def test_a_missing_name_is_reported_with_the_module_and_the_version_to_install() -> None:
    module = ModuleType("ministack.services.kinesis")
    module._streams = {}  # type: ignore[attr-defined]
    require(module, "_streams")
    with pytest.raises(SeamMovedError) as raised:
        require(module, "_streams", "_split_shard", "_merge_shards")
    message = str(raised.value)
    assert "ministack.services.kinesis has no _split_shard, _merge_shards" in message
    assert f"pip install 'ministack[full]=={VERSION}'" in message
