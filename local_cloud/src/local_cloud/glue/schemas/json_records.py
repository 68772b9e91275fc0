"""Read the records of a JSON object in S3 and their types.

Sources: https://docs.aws.amazon.com/glue/latest/dg/add-classifier.html,
https://docs.aws.amazon.com/glue/latest/dg/custom-classifier.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from local_cloud.glue.schemas.column_types import DOUBLE, Type, integer_type, merge_fields, type_of

_STEP = re.compile(r"\.(?P<name>[A-Za-z_][\w-]*)|\['(?P<quoted>[^']*)'\]|\[(?P<index>\d+)\]|(?P<every>\[\*\]|\.\*)")
_SPACE = re.compile(r"\s*")


def _not_json(text: str) -> Any:
    raise ValueError(f"{text} is no JSON value")


# Numbers are replaced by their types while they are parsed: exact for any number of digits, and no value is needed.
_DECODER = json.JSONDecoder(parse_int=integer_type, parse_float=lambda _: DOUBLE, parse_constant=_not_json)


class PathError(ValueError):
    """The JSON path is outside the subset that AWS Glue supports."""


def parse_path(path: str) -> list[str | int | None]:
    """Return the steps of a JSON path: a field's name, an index, or None for ``*``.

    Raises:
        PathError: the path is not of the subset ``$``, ``.name``, ``['name']``, ``[n]``, ``[*]``. A list of paths is not.
    """
    steps: list[str | int | None] = []
    position = 1
    if not path.startswith("$"):
        raise PathError(f"The JSON path {path!r} does not begin with $.")
    while position < len(path):
        match = _STEP.match(path, position)
        if match is None:
            raise PathError(f"The JSON path {path!r} cannot be read from {path[position:]!r} on.")
        position = match.end()
        name = match["name"] if match["name"] is not None else match["quoted"]
        steps.append(int(match["index"]) if match["index"] else name)
    return steps


def select(document: Any, steps: list[str | int | None]) -> Iterator[Any]:
    """Yield the values that a path leads to; none when it leads nowhere."""
    if not steps:
        yield document
        return
    step, rest = steps[0], steps[1:]
    members: Iterable[Any] = ()
    if step is None:
        members = document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    elif isinstance(step, int):
        members = document[step : step + 1] if isinstance(document, list) else ()
    elif isinstance(document, dict) and step in document:
        members = (document[step],)
    for member in members:
        yield from select(member, rest)


def documents(text: str, *, truncated: bool) -> Iterator[Any]:
    """Yield the JSON documents that follow each other in ``text``. A malformed line is skipped, a cut last one ends the reading."""
    if "\n" in text.rstrip() and _parses(text.split("\n", 1)[0]):
        yield from _lines(text, truncated=truncated)
        return
    position = _SPACE.match(text).end()  # type: ignore[union-attr]  # the pattern matches everywhere
    while position < len(text):
        try:
            document, position = _DECODER.raw_decode(text, position)
        except ValueError:
            return
        yield document
        position = _SPACE.match(text, position).end()  # type: ignore[union-attr]


def _parses(line: str) -> bool:
    return bool(list(_lines(line, truncated=False)))


def _lines(text: str, *, truncated: bool) -> Iterator[Any]:
    lines = text.split("\n")
    for line in map(str.strip, lines[:-1] if truncated else lines):
        try:
            document, end = _DECODER.raw_decode(line)
        except ValueError:
            continue
        if end == len(line):
            yield document


class RecordTypes:
    """The merged types of many records; one whose shape was met before costs only its parsing."""

    def __init__(self) -> None:
        self.fields: dict[str, Type] = {}
        self.count = 0
        self._shapes: set[tuple[Any, ...]] = set()

    def add(self, record: dict[str, Any]) -> None:
        self.count += 1
        kinds = tuple(map(type, record.values()))
        shape = (*record, *(map(_shape, record.values()) if dict in kinds or list in kinds else kinds))
        if shape not in self._shapes:
            self._shapes.add(shape)
            self.fields = merge_fields(self.fields, {name: type_of(value) for name, value in record.items()})


def _shape(value: Any) -> Any:
    """Return what decides a value's type: its class, and the shapes within."""
    kind = type(value)
    if kind is dict:
        return (*value, *map(_shape, value.values()))
    return frozenset(map(_shape, value)) if kind is list else kind


def record_types(text: str, steps: list[str | int | None] | None, *, truncated: bool) -> RecordTypes | None:
    """Return the types of the records at a path, or of the whole documents; None when no record is found.

    Without a path a document that is an array is one record with the column ``array``, as the built-in classifier makes it.
    """
    types = RecordTypes()
    for document in documents(text, truncated=truncated):
        selected = select(document, steps) if steps is not None else (document,)
        for record in selected:
            if isinstance(record, dict):
                types.add(record)
            elif steps is None and isinstance(record, list):
                types.add({"array": record})
    return types if types.count else None
