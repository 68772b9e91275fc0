"""Compare a resource with its definition. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def drift(defined: Mapping[str, Any], actual: Mapping[str, Any]) -> list[str]:
    """Return the dotted paths at which ``actual`` differs from ``defined``, sorted.

    Fields that the definition does not name (defaults, states, dates) never count. Lists are compared whole and in order; the
    mappings in them only by the fields that the definition names.

    Example::

        drift({"Timeout": 60}, {"Timeout": 3, "State": "Active"})  # ["Timeout"]
    """
    return sorted(_differences(defined, actual, ""))


def _differences(defined: Any, actual: Any, path: str) -> Iterator[str]:
    if isinstance(defined, Mapping) and isinstance(actual, Mapping):
        for name, value in defined.items():
            yield from _differences(value, actual.get(name), f"{path}.{name}".lstrip("."))
    elif isinstance(defined, list) and isinstance(actual, list) and len(defined) == len(actual):
        for number, (value, found) in enumerate(zip(defined, actual, strict=True)):
            yield from _differences(value, found, f"{path}[{number}]")
    elif defined != actual:
        yield path
