"""The package's docstring leads to every module."""

from __future__ import annotations

import re
from pathlib import Path

import sales_cdc

PACKAGE = Path(sales_cdc.__file__).parent


def test_the_map_names_every_module_and_folder_once_and_nothing_else() -> None:
    table = (sales_cdc.__doc__ or "").split("\n\n")[1]
    entries = re.sub(r"\([^)]*\)", "", "\n".join(line[21:] for line in table.splitlines()))
    named = re.findall(r"[a-z_]+", entries)
    there = [
        path.stem
        for path in PACKAGE.iterdir()
        if path.suffix == ".py" or (path.is_dir() and path.stem != "__pycache__")
    ]
    assert sorted(named) == sorted(name for name in there if name != "__init__")
