"""Import cycles between files are found, hidden ones included; imports for type checkers are none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tools.import_cycles import main

Write = Callable[[Mapping[str, str]], str]


@pytest.fixture
def package(tmp_path: Path) -> Write:
    """Write files of the package ``shop``; return its folder."""

    def write(files: Mapping[str, str]) -> str:
        for name, text in {"__init__.py": "", **files}.items():
            path = tmp_path / "shop" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return str(tmp_path / "shop")

    return write


@pytest.mark.parametrize(
    "files",
    [
        {"a.py": "import shop.b", "b.py": "from shop import a"},
        {"a.py": "from . import b", "b.py": "def f():\n    from .a import x"},
        {"a.py": "import shop.b as b", "b.py": "try:\n    import shop.c\nexcept ImportError:\n    pass", "c.py": "from .a import x"},
        {"a/__init__.py": "from .b import x", "a/b.py": "from . import y"},
        {"a.py": "from .b.c import x", "b/__init__.py": "", "b/c.py": "from ..a import y"},
    ],
)  # fmt: skip
def test_a_cycle_is_found_wherever_its_imports_are(package: Write, files: Mapping[str, str]) -> None:
    assert main([package(files)]) == 1


@pytest.mark.parametrize(
    "files",
    [
        {"a.py": "import shop.b\nimport os", "b.py": "import shop.c", "c.py": ""},
        {
            "a.py": "from .b import x",
            "b.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .a import X",
        },
        {"a/__init__.py": "from .b import x", "a/b.py": "from .c import y", "a/c.py": "from ..d import z", "d.py": ""},
        {"a.py": "from shop.a import x"},
    ],
)
def test_a_tree_of_imports_is_no_cycle(package: Write, files: Mapping[str, str]) -> None:
    assert main([package(files)]) == 0


def test_a_cycle_is_printed_file_by_file_with_its_lines(package: Write, capsys: pytest.CaptureFixture[str]) -> None:
    folder = package(
        {"a.py": "import os\nimport shop.b", "b.py": "import shop.c", "c.py": "import shop.a", "d.py": "import shop.a"}
    )
    assert main([folder]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "Import cycle 1:",
        f"  {folder}/a.py:2 imports shop.b",
        f"  {folder}/b.py:1 imports shop.c",
        f"  {folder}/c.py:1 imports shop.a",
    ]


def test_scripts_import_each_other_by_bare_names(tmp_path: Path) -> None:
    (tmp_path / "job.py").write_text("import tables")
    (tmp_path / "tables.py").write_text("from job import X")
    assert main([str(tmp_path)]) == 1


def test_a_cycle_between_two_packages_is_found(tmp_path: Path) -> None:
    for name, other in (("one", "two"), ("two", "one")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("")
        (tmp_path / name / "m.py").write_text(f"from {other}.m import x")
    assert main([str(tmp_path / "one"), str(tmp_path / "two")]) == 1
    assert main([str(tmp_path / "one")]) == 0


def test_nothing_to_check_is_wrong_usage(tmp_path: Path) -> None:
    assert main([]) == 2
    assert main([str(tmp_path)]) == 2
