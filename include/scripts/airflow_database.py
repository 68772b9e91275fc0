"""Make Airflow's database of this checkout once, and whole: one that an interruption left half made is made again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

COMMAND = ["airflow", "db", "migrate"]


def is_missing() -> bool:
    """Return whether the database has to be made, being the file of this checkout and not a server's."""
    if "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN" in os.environ:
        return False
    return not _database().exists() or _mark().exists()


@contextmanager
def being_made() -> Iterator[None]:
    """Do the work that makes the database; until it has ended well, the database counts as missing."""
    mark = _mark()
    mark.parent.mkdir(parents=True, exist_ok=True)
    for part in mark.parent.glob("airflow.db*"):
        part.unlink()
    mark.touch()
    yield
    mark.unlink()


def _database() -> Path:
    return Path(os.environ["AIRFLOW_HOME"]) / "airflow.db"


def _mark() -> Path:
    """The Makefile spells it again."""
    return Path(os.environ["AIRFLOW_HOME"]) / "database-half-made"
