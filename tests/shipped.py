"""Files that ship or run alone, and so belong to no package, as modules."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent


def load(path: str | Path, *, importable: bool = False) -> ModuleType:
    """The module of a file, by its path from the project's root; executed anew at each call.

    ``importable``: under its own name, for what looks a module up by its name (dataclasses, pickle).
    """
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    if importable:
        sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def load_spark_job() -> ModuleType:
    """The curate job. Spark's workers get it by value, as they get a script that Glue runs."""
    from pyspark import cloudpickle

    module = load("include/glue/curate_orders.py", importable=True)
    cloudpickle.register_pickle_by_value(module)
    return module
