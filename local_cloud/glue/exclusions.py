"""The exclude patterns of an S3 target: globs relative to its include path (*Include and exclude patterns*, AWS Glue)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

_PART = re.compile(
    r"(?P<any>\*\*)|(?P<name>\*)|(?P<one>\?)|\\(?P<escaped>.)|\[(?P<negated>!?)(?P<set>[^\]]+)\]|\{(?P<group>[^}]*)\}|(?P<literal>.)",
    re.DOTALL,
)


def excluder(patterns: Sequence[str]) -> Callable[[str], bool]:
    """A test of whether the object at a path below the include path is left out."""
    compiled = [re.compile(_expression(pattern.strip()), re.DOTALL) for pattern in patterns]
    return lambda path: any(pattern.fullmatch(path) for pattern in compiled)


def _expression(pattern: str) -> str:
    return "".join(_translate(match) for match in _PART.finditer(pattern))


def _translate(match: re.Match[str]) -> str:
    kind, text = match.lastgroup, match.group()
    if kind == "any":
        return ".*"
    if kind == "name":
        return "[^/]*"
    if kind == "one":
        return "[^/]"
    if kind == "set":
        characters = match["set"].replace("\\", "\\\\").replace("^", "\\^").replace("[", "\\[")
        return f"(?!/)[{'^' if match['negated'] else ''}{characters}]"
    if kind == "group":
        return f"(?:{'|'.join(_expression(member) for member in match['group'].split(','))})"
    return re.escape(match["escaped"] if kind == "escaped" else text)
