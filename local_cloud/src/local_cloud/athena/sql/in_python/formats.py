"""Format values by Java's format strings.

Source: https://docs.oracle.com/en/java/javase/17/docs/api/java.base/java/util/Formatter.html
"""

from __future__ import annotations

import decimal
import re

from local_cloud.athena.sql.raising import QueryError

# The flags, width and precision that Java and Python both have and mean the same by.
_FLAGS = {
    "s": r"(-?[1-9]\d*)?(\.\d+)?",
    "d": r"[+ ]?(,?([1-9]\d*)?|0[1-9]\d*)|-[+ ]?,?[1-9]\d*",
    "x": r"(-?[1-9]\d*|0[1-9]\d*)?",
    "f": r"([+ ]?(,?([1-9]\d*)?|0[1-9]\d*)|-[+ ]?,?[1-9]\d*)(\.\d+)?",
}


def format_text(form: str, values: list[str | None]) -> str:
    """Format by Java's ``%s``, ``%d``, ``%x``, ``%.2f`` and ``%,d``; anything else is refused."""
    position = 0

    def shown(match: re.Match[str]) -> str:
        nonlocal position
        flags, letter = match[1], match[2]
        if letter == "%":
            return "%"
        if position >= len(values):
            raise QueryError("INVALID_FUNCTION_ARGUMENT", f"Format specifier '{match[0]}'")
        value = values[position]
        position += 1
        return _shown(flags, letter, value, match[0])

    return re.sub(r"%([-+ 0,(#\d.$<]*)([a-zA-Z%])", shown, form)


def _shown(flags: str, letter: str, value: str | None, specifier: str) -> str:
    if value is None:
        return "null"
    kind, text = value[0], value[1:]
    fitting = {"s": "sdn", "d": "d", "x": "d", "f": "nf"}.get(letter, "")
    if kind not in fitting or re.fullmatch(_FLAGS.get(letter, ""), flags) is None:
        raise QueryError(
            "NOT_SUPPORTED",
            f"The format specifier '{specifier}' for this type is not supported by the local cloud's Athena.",
        )
    if letter == "s":
        return f"%{flags}s" % (str(decimal.Decimal(text)) if kind == "n" else text)
    if letter == "d":
        return format(int(text), _python_flags(flags) + "d")
    if letter == "x":
        return format(int(text) & 0xFFFFFFFFFFFFFFFF if text.startswith("-") else int(text), _python_flags(flags) + "x")
    digits = int(flags.partition(".")[2] or 6)
    rounded = decimal.Decimal(text).quantize(decimal.Decimal(1).scaleb(-digits), decimal.ROUND_HALF_UP)
    return format(rounded, _python_flags(flags.partition(".")[0]) + f".{digits}f")


def _python_flags(flags: str) -> str:
    comma = "," if "," in flags else ""
    rest = flags.replace(",", "")
    if rest.startswith("-"):
        rest = "<" + rest[1:]
    return rest + comma
