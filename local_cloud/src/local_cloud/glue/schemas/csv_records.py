"""Read the columns of a CSV object.

Sources, AWS Glue: *Built-in CSV classifier* (delimiters, header heuristics, at least two columns and two rows), *Writing CSV custom
classifiers*; *How does the AWS Glue crawler detect the schema?* (the first 1,000 records at most).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local_cloud.glue.schemas.column_types import BIGINT, BOOLEAN, DOUBLE, NULL, STRING, Type, merge_all

DELIMITERS = (",", "|", "\t", ";", "\x01")
MAX_RECORDS = 1000
MAX_HEADER_CHARACTERS = 150
_NAME = re.compile(r"[\w \-./]+")
_INTEGER = re.compile(r"[+-]?\d{1,18}")
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


@dataclass(frozen=True, slots=True)
class CsvTable:
    """``options`` are the SerDe's and the table's parameters that follow from what was read."""

    columns: Mapping[str, Type]
    records: int
    options: Mapping[str, str]


def read(text: str, classifier: Mapping[str, Any], *, truncated: bool) -> CsvTable | None:
    """Return the table that the text holds; None when it is no CSV.

    Args:
        classifier: a custom CSV classifier's settings; empty for the built-in one.
    """
    quote = classifier.get("QuoteSymbol", '"')
    candidates = [classifier["Delimiter"]] if classifier.get("Delimiter") else DELIMITERS
    minimum_columns = 1 if classifier.get("AllowSingleColumn") else 2
    for delimiter in candidates:
        rows = _rows(text, delimiter, quote, truncated=truncated)
        if len(rows) >= (1 if classifier else 2) and len(rows[0]) >= minimum_columns and _regular(rows):
            return _table(rows, delimiter, quote in text, classifier)
    return None


def _rows(text: str, delimiter: str, quote: str, *, truncated: bool) -> list[list[str]]:
    lines = text.splitlines()[: MAX_RECORDS + 2]
    if truncated and len(lines) <= MAX_RECORDS + 1:
        lines = lines[:-1]
    return [row for row in csv.reader(lines, delimiter=delimiter, quotechar=quote) if row][: MAX_RECORDS + 1]


def _regular(rows: Sequence[Sequence[str]]) -> bool:
    """Say whether every row has as many values as the first, but for a delimiter at the end."""
    width = len(rows[0])
    return all(len(row) in (width, width + 1) for row in rows)


def _table(rows: list[list[str]], delimiter: str, quoted: bool, classifier: Mapping[str, Any]) -> CsvTable | None:
    header = _header(rows, classifier)
    if header is None:
        return None
    skipped = _has_header_line(rows, classifier)
    records = rows[1:] if skipped else rows
    types = [merge_all(_type(row[i]) for row in records if i < len(row)) for i in range(len(header))]
    options = {"field.delim": delimiter, "areColumnsQuoted": str(quoted).lower()}
    if skipped:
        options["skip.header.line.count"] = "1"
    return CsvTable(dict(zip(header, types, strict=True)), len(records), options)


def _has_header_line(rows: list[list[str]], classifier: Mapping[str, Any]) -> bool:
    contains = classifier.get("ContainsHeader", "UNKNOWN")
    if contains in ("PRESENT", "ABSENT"):
        return bool(contains == "PRESENT")
    return _looks_like_header(rows)


def _looks_like_header(rows: list[list[str]]) -> bool:
    first, others = rows[0], rows[1:]
    if any(_type(value) is not STRING or not _NAME.fullmatch(value) for value in first):
        return False
    if any(len(value) >= MAX_HEADER_CHARACTERS for value in first[:-1]):
        return False
    return any(_type(value) not in (STRING, NULL) for row in others for value in row)


def _header(rows: list[list[str]], classifier: Mapping[str, Any]) -> list[str] | None:
    """Return the column names: the classifier's, the first line's, or ``col0`` and so on."""
    named = classifier.get("Header")
    if named:
        return list(named) if len(named) == len(rows[0]) else None
    if _has_header_line(rows, classifier):
        return [value.strip() or f"col{i}" for i, value in enumerate(rows[0])]
    return [f"col{i}" for i in range(len(rows[0]))]


def _type(text: str) -> Type:
    value = text.strip()
    if not value:
        return NULL
    if _INTEGER.fullmatch(value):
        return BIGINT
    if _DECIMAL.fullmatch(value):
        return DOUBLE
    return BOOLEAN if value.lower() in ("true", "false") else STRING
