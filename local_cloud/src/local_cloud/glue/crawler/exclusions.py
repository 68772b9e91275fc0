"""Match the exclude patterns of an S3 target: globs relative to its include path.

Source: https://docs.aws.amazon.com/glue/latest/dg/define-crawler.html"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

_PART = re.compile(
    r"(?P<any>\*\*)|(?P<name>\*)|(?P<one>\?)|\\(?P<escaped>.)|\[(?P<negated>!?)(?P<set>[^\]]+)\]|\{(?P<group>[^}]*)\}|(?P<literal>.)",
    re.DOTALL,
)
_MEMBER = re.compile(r"(.)-(.)|(.)", re.DOTALL)


class ExclusionError(ValueError):
    """The pattern is no glob."""


def excluder(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Return a test of whether the object at a path below the include path is left out.

    Raises:
        ExclusionError: a range of characters runs backwards.
    """
    compiled = [_compiled(pattern.strip()) for pattern in patterns]
    return lambda path: any(pattern.fullmatch(path) for pattern in compiled)


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(_expression(pattern), re.DOTALL)
    except re.error as error:
        raise ExclusionError(f"The exclude pattern {pattern!r} cannot be read: {error}.") from error


def _expression(pattern: str) -> str:
    return "".join(_translate(match) for match in _PART.finditer(pattern))


def _member(match: re.Match[str]) -> str:
    """Return a range of characters, or one that stands for itself."""
    first, last, one = match.groups()
    return re.escape(one) if one else f"{re.escape(first)}-{re.escape(last)}"


def _translate(match: re.Match[str]) -> str:
    kind, text = match.lastgroup, match.group()
    if kind == "any":
        return ".*"
    if kind == "name":
        return "[^/]*"
    if kind == "one":
        return "[^/]"
    if kind == "set":
        characters = "".join(map(_member, _MEMBER.finditer(match["set"])))
        return f"(?!/)[{'^' if match['negated'] else ''}{characters}]"
    if kind == "group":
        return f"(?:{'|'.join(_expression(member) for member in match['group'].split(','))})"
    return re.escape(match["escaped"] if kind == "escaped" else text)
