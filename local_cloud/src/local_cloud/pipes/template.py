"""Input templates: the text that a pipe sends instead of an event.

``<$.path>`` is replaced by a value of the event, ``<aws.pipes.…>`` by a reserved variable: as text inside quotes, as JSON
outside. Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-input-transformation.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from local_cloud.pipes.paths import PathError, resolve

_PLACEHOLDER = re.compile(r"<(\$[^<>]*|aws\.pipes\.[a-z.\-]+)>")
_QUOTE = re.compile(r'(?<!\\)"')


def render(template: str, event: Any, variables: Mapping[str, Any]) -> str:
    """Fill the template's placeholders; a path without a value becomes an empty text, or JSON's null."""
    pieces: list[str] = []
    inside_quotes = False
    position = 0
    for match in _PLACEHOLDER.finditer(template):
        literal = template[position : match.start()]
        inside_quotes ^= len(_QUOTE.findall(literal)) % 2 == 1
        pieces.append(literal)
        pieces.append((_as_text if inside_quotes else _as_json)(_value(match.group(1), event, variables)))
        position = match.end()
    return "".join(pieces) + template[position:]


def reserved_variables(arn: str, name: str, source_arn: str, target_arn: str) -> dict[str, Any]:
    """Return the variables that are the same for every event."""
    return {
        "aws.pipes.pipe-arn": arn,
        "aws.pipes.pipe-name": name,
        "aws.pipes.source-arn": source_arn,
        "aws.pipes.enrichment-arn": "",
        "aws.pipes.target-arn": target_arn,
    }


def _value(name: str, event: Any, variables: Mapping[str, Any]) -> Any:
    if name.startswith("$"):
        try:
            return resolve(event, name)
        except PathError:
            return None
    varying: Mapping[str, Callable[[], Any]] = {
        "aws.pipes.event": lambda: event,
        "aws.pipes.event.json": lambda: event,
        "aws.pipes.event.ingestion-time": lambda: datetime.now(UTC).isoformat(timespec="milliseconds"),
    }
    return varying[name]() if name in varying else variables.get(name)


def _as_json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    return json.dumps(value if isinstance(value, str) else _as_json(value), ensure_ascii=False)[1:-1]
