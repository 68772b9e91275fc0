"""Check requests against the limits in AWS's published service models: lengths, ranges, patterns, enumerations.

AWS's clients leave these limits to the service, which answers with ``ValidationException``. The models are botocore's.
Source: https://smithy.io/2.0/spec/constraint-traits.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import botocore.session

from local_cloud.wire import ServiceError

SHOWN_CHARACTERS = 80
GROWING = frozenset({"WorkerType"})  # sizes of machines: AWS accepts new ones before its model lists them


def check(service: str, operation: str, params: Mapping[str, Any]) -> None:
    """Refuse a request that breaks a limit of its operation; an operation that the model does not know passes.

    Raises:
        ServiceError: ``ValidationException``, with the first breach.
    """
    model = _model(service)
    if operation not in model.operation_names:
        return
    shape = model.operation_model(operation).input_shape
    breach = next(breaches(shape, params), None) if shape is not None else None
    if breach is not None:
        raise ServiceError("ValidationException", f"1 validation error detected: {breach}")


def breaches(shape: Any, value: Any, path: str = "") -> Iterator[str]:
    """Yield a sentence for each part of a value that breaks a limit of its shape."""
    match shape.type_name:
        case "structure" if isinstance(value, Mapping):
            yield from _of_structure(shape, value, path)
        case "list" if isinstance(value, list):
            yield from _outside(len(value), shape.metadata, f"{path} has {len(value)} members")
            for member in value:
                yield from breaches(shape.member, member, path)
        case "map" if isinstance(value, Mapping):
            for key, member in value.items():
                yield from breaches(shape.key, key, path)
                yield from breaches(shape.value, member, _below(path, key))
        case "string" if isinstance(value, str):
            limits = {name: one for name, one in shape.metadata.items() if name != "enum" or shape.name not in GROWING}
            yield from _of_text(value, limits, path)
        case "integer" | "long" | "float" | "double" if isinstance(value, int | float):
            yield from _outside(value, shape.metadata, f"{path} is {value}")


def _of_structure(shape: Any, value: Mapping[str, Any], path: str) -> Iterator[str]:
    for name in shape.metadata.get("required", []):
        if value.get(name) is None:
            yield f"{_below(path, name)} is required."
    for name, member in shape.members.items():
        if value.get(name) is not None:
            yield from breaches(member, value[name], _below(path, name))


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _of_text(value: str, limits: Mapping[str, Any], path: str) -> Iterator[str]:
    yield from _outside(len(value), limits, f"{path} has {len(value)} characters")
    shown = "the value" if limits.get("sensitive") else repr(value[:SHOWN_CHARACTERS])
    if limits.get("enum") and value not in limits["enum"]:
        yield f"{path}: {shown} is none of {', '.join(limits['enum'])}."
    pattern = _pattern(limits.get("pattern", ""))
    if pattern is not None and not pattern.fullmatch(value):
        yield f"{path}: {shown} does not match {pattern.pattern}."


def _outside(number: float, limits: Mapping[str, Any], what: str) -> Iterator[str]:
    low, high = limits.get("min"), limits.get("max")
    if (low is not None and number < low) or (high is not None and number > high):
        yield f"{what}: allowed is {f'from {low}' if low is not None else ''}{f' to {high}' if high is not None else ' on'}."


@lru_cache(maxsize=1024)
def _pattern(text: str) -> re.Pattern[str] | None:
    """Compile the pattern, written for Java; None when there is none, or Python would read it differently."""
    if not text or r"\p{" in text or r"\uD800" in text:
        return None
    try:
        return re.compile(text, re.DOTALL)
    except re.error:
        return None


@lru_cache(maxsize=8)
def _model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)
