"""Files that ship or run alone, and so belong to no package, as modules."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent
CONTRACT = ROOT / "tests" / "fixtures" / "contract.json"
"""The brief's contract. All tests use this copy, so that a field which a deployment declares makes none of them fail."""


def load(path: str | Path) -> ModuleType:
    """Execute the file at a path from the project's root, and return its module: a new one at each call."""
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def transformer(contract: Path = CONTRACT) -> ModuleType:
    """Execute the transformer as its package holds it, beside a contract, and return its module."""
    with TemporaryDirectory() as package:
        shutil.copy(ROOT / "include" / "lambda" / "lambda_transformer.py", package)
        shutil.copy(contract, Path(package) / "contract.json")
        return load(Path(package) / "lambda_transformer.py")
