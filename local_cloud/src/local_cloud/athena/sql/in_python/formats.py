"""Format values by Java's format strings.

Source: https://docs.oracle.com/en/java/javase/17/docs/api/java.base/java/util/Formatter.html
"""

from __future__ import annotations

import decimal
import re
from datetime import datetime

from local_cloud.athena.sql.raising import QueryError
from local_cloud.athena.sql.values.display import floating

_SPECIFIER = re.compile(r"%(?:(\d+)\$)?([-+ 0,(#]*)(\d+)?(?:\.(\d+))?([tT]?[a-zA-Z%])")
_DATES = {
    "Y": "%Y", "y": "%y", "m": "%m", "d": "%d", "B": "%B", "b": "%b", "h": "%b", "A": "%A", "a": "%a", "j": "%j", "H": "%H", "I": "%I", "M": "%M",
    "S": "%S", "p": "%p", "F": "%Y-%m-%d", "T": "%H:%M:%S", "R": "%H:%M", "D": "%m/%d/%y", "r": "%I:%M:%S %p",
}  # fmt: skip


def format_text(form: str, values: list[str | None]) -> str:
    """Format values, each a letter for its kind and its text: d integer, n decimal, f floating, s text, b boolean, t moment."""
    position, end, parts = 0, 0, []
    for match in _SPECIFIER.finditer(form):
        parts.append(_literal(form, form[end : match.start()]))
        end = match.end()
        letter = match[5]
        if letter in "hH":
            raise _unsupported(match)
        if "-" in match[2] and ("0" in match[2] or not match[3]):
            raise _wrong(form, f"IllegalFormatFlags: Flags = '{match[2]}'")
        if letter in "%n":
            parts.append("%" if letter == "%" else "\n")
            continue
        index = int(match[1]) - 1 if match[1] else position
        position += not match[1]
        if not 0 <= index < len(values):
            raise _wrong(form, f"Format specifier '{match[0]}'")
        parts.append(_sized(_shown(form, match, values[index]), match))
    return "".join([*parts, _literal(form, form[end:])])


def _literal(form: str, text: str) -> str:
    if "%" in text and "<" in text:
        raise QueryError("NOT_SUPPORTED", f"The format string {form} is not supported by the local cloud's Athena.")
    if "%" in text:
        raise _wrong(form, "Conversion = '%'")
    return text


def _wrong(form: str, reason: str) -> QueryError:
    return QueryError("INVALID_FUNCTION_ARGUMENT", f"Invalid format string: {form} ({reason})")


def _unsupported(match: re.Match[str]) -> QueryError:
    message = f"The format specifier '{match[0]}' for this type is not supported by the local cloud's Athena."
    return QueryError("NOT_SUPPORTED", message)


def _sized(text: str, match: re.Match[str]) -> str:
    flags, width = match[2], int(match[3] or 0)
    return text.ljust(width) if "-" in flags else text.rjust(width)


def _shown(form: str, match: re.Match[str], value: str | None) -> str:
    letter = match[5]
    if value is None:
        return _of_precision("false" if letter in "bB" else "null", match)
    kind, text = value[0], value[1:]
    if letter in "sS":
        shown = _of_precision(_as_java(kind, text, match), match)
        return shown.upper() if letter == "S" else shown
    if letter in "bB":
        return _of_precision(text if kind == "b" else "true", match)
    if letter[0] in "tT" and len(letter) == 2 and kind == "t":
        return _moment(match, text)
    if letter in "dxXo" and kind == "d":
        return _integer(match, int(text))
    if letter in "feE" and kind in "nf":
        return _number(match, text)
    if letter in "gGaA" and kind in "nf":
        raise _unsupported(match)
    raise _wrong(form, f"IllegalFormatConversion: {letter}")


def _of_precision(text: str, match: re.Match[str]) -> str:
    return text[: int(match[4])] if match[4] else text


def _as_java(kind: str, text: str, match: re.Match[str]) -> str:
    """Return the text of a value's toString()."""
    if kind == "f":
        return floating(text)
    if kind == "n":
        return str(decimal.Decimal(text))
    if kind != "t" or " " not in text:
        return text
    day, _, clock = text.partition(" ")
    if " " in clock:
        raise _unsupported(match)
    whole, _, fraction = clock.partition(".")
    fraction = fraction.rstrip("0").ljust(-(-len(fraction.rstrip("0")) // 3) * 3, "0")
    shown = f"{whole}.{fraction}" if fraction else whole.removesuffix(":00")
    return f"{day}T{shown}"


def _moment(match: re.Match[str], text: str) -> str:
    form = _DATES.get(match[5][1])
    parts = text.split(" ")
    clock = parts[1] if len(parts) > 1 else "00:00:00"
    if match[5][1] in "HIMSpTRr" and len(parts) == 1:
        raise _wrong(match[0], "UnsupportedTemporalType")
    if form is None or not parts[0][:4].isdigit():
        raise _unsupported(match)
    shown = datetime.fromisoformat(f"{parts[0]}T{clock}").strftime(form)
    return shown.upper() if match[5][0] == "T" else shown


def _integer(match: re.Match[str], number: int) -> str:
    letter = match[5]
    if letter != "d":
        number = number & 0xFFFFFFFFFFFFFFFF if number < 0 else number
        return format(number, ("0" + (match[3] or "") if "0" in match[2] else "") + letter)
    return _signed(match, format(abs(number), ",d" if "," in match[2] else "d"), negative=number < 0)


def _number(match: re.Match[str], text: str) -> str:
    value = decimal.Decimal(text)
    if not value.is_finite():
        return floating(text)
    digits = int(match[4] or 6)
    if match[5] in "eE":
        shown = re.sub(r"e([+-])(\d)$", r"e\g<1>0\2", format(abs(value), f".{digits}e"))
        return _signed(match, shown.upper() if match[5] == "E" else shown, negative=value < 0)
    rounded = abs(value).quantize(decimal.Decimal(1).scaleb(-digits), decimal.ROUND_HALF_UP)
    return _signed(match, format(rounded, f"{',' if ',' in match[2] else ''}.{digits}f"), negative=value < 0)


def _signed(match: re.Match[str], digits: str, *, negative: bool) -> str:
    flags = match[2]
    if negative and "(" in flags:
        return f"({digits})"
    sign = "-" if negative else "+" if "+" in flags else " " if " " in flags else ""
    missing = int(match[3] or 0) - len(sign) - len(digits) if "0" in flags else 0
    return sign + "0" * missing + digits
