"""Read records by a JSON classifier whose path is a list of paths, such as ``$.orderid,$.price``.

No page of AWS documents what Glue does with such a path: its subset of JSON paths points at one object. The local cloud can do
each of what may happen there, so that a pipeline can be tried under all. Source of the subset:
https://docs.aws.amazon.com/glue/latest/dg/custom-classifier.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from local_cloud.glue.schemas.json_records import RecordTypes, documents, parse_path, select

_SEPARATOR = re.compile(r"\s*,\s*(?=\$)")


class CommaPath(StrEnum):
    """Name what a classifier with a list of paths does."""

    IGNORED = "ignored"
    """It recognises nothing, so that the built-in classifier decides: every field becomes a column."""
    COLUMNS = "columns"
    """The table is reduced to the fields that the paths name."""
    FIRST = "first"
    """The table is reduced to one column, the first path's field."""


def split(path: str) -> list[str]:
    """Return the paths of a list; a path that is no list is returned alone."""
    return _SEPARATOR.split(path.strip())


def record_types(text: str, paths: list[str], mode: CommaPath, *, truncated: bool) -> RecordTypes | None:
    """Return the types of the fields that the paths name; None when the mode ignores them, or no field is found.

    Raises:
        local_cloud.glue.schemas.json_records.PathError: a path is outside the subset that Glue supports.
    """
    if mode is CommaPath.IGNORED:
        return None
    steps = [parse_path(path) for path in (paths if mode is CommaPath.COLUMNS else paths[:1])]
    types = RecordTypes()
    for document in documents(text, truncated=truncated):
        if isinstance(document, dict) and (record := _record(document, steps)):
            types.add(record)
    return types if types.count else None


def _record(document: Mapping[str, Any], paths: list[list[str | int | None]]) -> dict[str, Any]:
    """Return the first value of each path, by the name of the field that the path ends at."""
    record = {}
    for steps in paths:
        names = [step for step in steps if isinstance(step, str)]
        for value in select(document, steps):
            record[names[-1] if names else "array"] = value
            break
    return record
