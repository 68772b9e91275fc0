"""Names of S3 objects: prefix expressions, and the name that AWS gives each object.

Times are those of the oldest record in the object, in the stream's time zone (UTC by default). Sources:
https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html and
https://docs.aws.amazon.com/firehose/latest/dev/s3-object-name.html
"""

from __future__ import annotations

import re
import secrets
import string
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

from local_cloud.firehose.settings import S3Destination

PROCESSING_FAILED = "processing-failed"
_ERROR_TYPE = "!{firehose:error-output-type}"
_EXPRESSION = re.compile(r"!\{([^:}]*):([^}]*)\}")
_TOKEN = re.compile(r"''|'(?P<quoted>(?:[^']|'')*)'|(?P<letters>([A-Za-z])\3*)|(?P<other>[^A-Za-z'])")
_DEFAULT_SUFFIX = "%Y/%m/%d/%H/"
_LETTERS = string.ascii_letters + string.digits
_RANDOM_CHARACTERS = 11

# The letters of java.time.format.DateTimeFormatter that object names use, longest first.
_JAVA_TO_STRFTIME = {
    "yyyy": "%Y", "uuuu": "%Y", "YYYY": "%G", "yy": "%y", "MMMM": "%B", "MMM": "%b", "MM": "%m", "dd": "%d", "DDD": "%j",
    "HH": "%H", "hh": "%I", "mm": "%M", "ss": "%S", "EEEE": "%A", "EEE": "%a", "EE": "%a", "E": "%a", "LLLL": "%B", "LLL": "%b",
    "LL": "%m", "ww": "%V", "a": "%p",
}  # fmt: skip
_UNPADDED = {
    "y": "%Y", "u": "%Y", "M": "%m", "L": "%m", "d": "%d", "D": "%j", "H": "%H", "h": "%I", "m": "%M", "s": "%S", "w": "%V",
}  # fmt: skip
_COUNTED: Mapping[str, Callable[[datetime], int]] = {
    "Q": lambda moment: (moment.month + 2) // 3, "k": lambda moment: moment.hour or 24, "K": lambda moment: moment.hour % 12,
}  # fmt: skip


class PrefixError(Exception):
    """A prefix is not of the form that AWS accepts."""


def check_prefixes(prefix: str, error_prefix: str) -> None:
    """Refuse prefixes that AWS refuses at creation.

    Raises:
        PrefixError: an unknown namespace or pattern, an error type in the data's prefix, or an expression in the data's
            prefix without an error prefix that names the error type.
    """
    namespaces = {*_namespaces(prefix)}
    if "firehose:error-output-type" in namespaces:
        raise PrefixError("Prefix cannot contain !{firehose:error-output-type}.")
    if namespaces and not error_prefix:
        raise PrefixError("ErrorOutputPrefix is required when Prefix contains an expression.")
    if error_prefix and "firehose:error-output-type" not in {*_namespaces(error_prefix)} and "!{" in error_prefix:
        raise PrefixError("ErrorOutputPrefix with an expression must contain !{firehose:error-output-type}.")


def _namespaces(prefix: str) -> Iterator[str]:
    if "!{" in _EXPRESSION.sub("", prefix):
        raise PrefixError(f"Prefix {prefix!r} has an expression that is not of the form !{{namespace:value}}.")
    for namespace, value in _EXPRESSION.findall(prefix):
        if namespace == "timestamp":
            _format(value, datetime(2020, 1, 1, tzinfo=UTC))
            yield namespace
        elif namespace == "firehose" and value in {"random-string", "error-output-type"}:
            yield f"{namespace}:{value}"
        else:
            raise PrefixError(f"!{{{namespace}:{value}}} is not supported in a prefix.")


def data_prefix(destination: S3Destination, moment: float) -> str:
    """Return the prefix of an object of delivered records; ``yyyy/MM/dd/HH/`` is added to one without a timestamp."""
    local = datetime.fromtimestamp(moment, destination.time_zone)
    dated = "" if "!{timestamp:" in destination.prefix else local.strftime(_DEFAULT_SUFFIX)
    return _evaluate(destination.prefix, local, error_type="") + dated


def error_prefix(destination: S3Destination, moment: float, error_type: str) -> str:
    """Return the prefix of an object of records that failed.

    A prefix that names the error type is used unchanged. To any other, and to the data's prefix when there is no error
    prefix, the error type and the date are added.
    """
    local = datetime.fromtimestamp(moment, destination.time_zone)
    configured = destination.error_prefix or destination.prefix
    if _ERROR_TYPE in configured:
        return _evaluate(configured, local, error_type=error_type)
    return f"{configured}{error_type}/{local.strftime(_DEFAULT_SUFFIX)}"


def _evaluate(prefix: str, local: datetime, *, error_type: str) -> str:
    def value_of(match: re.Match[str]) -> str:
        namespace, value = match.groups()
        if namespace == "timestamp":
            return _format(value, local)
        return error_type if value == "error-output-type" else _random()

    return _EXPRESSION.sub(value_of, prefix)


def _format(pattern: str, moment: datetime) -> str:
    """Format a moment by a java.time pattern, such as ``yyyy-MM-dd`` or ``'dt='yyyy``."""
    tokens = _TOKEN.finditer(pattern)
    return "".join(_field(one["letters"], moment, pattern) if one["letters"] else _literal(one) for one in tokens)


def _literal(token: re.Match[str]) -> str:
    """Return the text of a literal; two quotes mean one, within quoted text too."""
    if token["quoted"] is not None:
        return token["quoted"].replace("''", "'")
    return token["other"] or "'"


def _field(letters: str, moment: datetime, pattern: str) -> str:
    if letters in _JAVA_TO_STRFTIME:
        return moment.strftime(_JAVA_TO_STRFTIME[letters])
    if letters in _UNPADDED:
        return str(int(moment.strftime(_UNPADDED[letters])))
    if letters in _COUNTED:
        return str(_COUNTED[letters](moment))
    if set(letters) == {"S"}:
        return f"{moment.microsecond:06d}".ljust(len(letters), "0")[: len(letters)]
    raise PrefixError(f"!{{timestamp:{pattern}}}: {letters} is not supported in a timestamp pattern.")


def _random() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(_RANDOM_CHARACTERS))


def object_name(stream: str, version: str, moment: float, destination: S3Destination, *, is_error: bool = False) -> str:
    """Return ``stream-version-yyyy-MM-dd-HH-mm-ss-uuid`` with the configured extension or ``.gz``."""
    stamp = datetime.fromtimestamp(moment, destination.time_zone).strftime("%Y-%m-%d-%H-%M-%S")
    extension = "" if is_error else destination.extension or (".gz" if destination.is_gzip else "")
    return f"{stream}-{version}-{stamp}-{uuid.uuid4()}{extension}"
