"""Follow the path of json_extract in a text, as far as Trino reads it: up to the value, whatever is behind that.

Source: https://trino.io/docs/current/functions/json.html#json_extract
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

from local_cloud.athena.json_text import Number, Pairs
from local_cloud.athena.sql.raising import QueryError

_STEP = re.compile(r"""\.([A-Za-z_][\w-]*)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]""")
_SPACE = re.compile(r"[ \t\r\n]*")
_NUMBER_ENDS = re.compile(r"[ \t\r\n,\]}]|$")
Step = str | int


@lru_cache(maxsize=256)
def steps(path: str) -> tuple[Step, ...]:
    """Return the keys and positions of a path such as ``$.a[0]``.

    Raises:
        QueryError: it is no path.
    """
    if not path.startswith("$"):
        raise QueryError("INVALID_FUNCTION_ARGUMENT", f"Invalid JSON path: '{path}'")
    found: list[Step] = []
    position = 1
    while position < len(path):
        match = _STEP.match(path, position)
        if match is None:
            raise QueryError("INVALID_FUNCTION_ARGUMENT", f"Invalid JSON path: '{path}'")
        key = next(group for group in match.groups() if group is not None)
        found.append(int(key) if match[2] is not None else key)
        position = match.end()
    return tuple(found)


def refused(word: str) -> Any:
    """Refuse NaN and Infinity, which Python accepts as JSON."""
    raise ValueError(word)


_DECODER = json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=refused, object_pairs_hook=Pairs)


def value_before_the_fault(text: str, path: tuple[Step, ...]) -> Any:
    """Return what the path leads to in a text that is malformed, but only behind it.

    Raises:
        ValueError: there is no such value, or the text is malformed before its end.
    """
    position = _behind_space(text, 0)
    for step in path:
        position = _place(text, position, step)
    return _read(text, position)[0]


def _place(text: str, position: int, step: Step) -> int:
    """Return where the value of a key, or at a position of an array, begins."""
    opening, closing = ("[", "]") if text[position : position + 1] == "[" and isinstance(step, int) else ("{", "}")
    if text[position : position + 1] != opening:
        raise ValueError(f"no {opening}")
    position, count = _behind_space(text, position + 1), 0
    while text[position : position + 1] != closing:
        key: Step = count
        if opening == "{":
            key, position = _read(text, position)
            position = _behind(text, position, ":")
        if key == (step if opening == "[" else str(step)):
            return position
        position = _behind_space(text, _read(text, position)[1])
        count += 1
        if text[position : position + 1] != closing:
            position = _behind(text, position, ",")
    raise ValueError(f"no {step}")


def _behind(text: str, position: int, sign: str) -> int:
    position = _behind_space(text, position)
    if text[position : position + 1] != sign:
        raise ValueError(f"no {sign}")
    return _behind_space(text, position + 1)


def _behind_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _read(text: str, position: int) -> tuple[Any, int]:
    value, end = _DECODER.raw_decode(text, position)
    if isinstance(value, Number) and not _NUMBER_ENDS.match(text, end):
        raise ValueError("a number with more behind it")
    return value, end
