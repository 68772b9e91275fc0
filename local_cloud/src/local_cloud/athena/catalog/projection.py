"""Compute partitions from table properties instead of reading them from the catalog: partition projection.

Sources: https://docs.aws.amazon.com/athena/latest/ug/partition-projection-setting-up.html,
https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html
"""

from __future__ import annotations

import calendar
import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from local_cloud.athena.catalog.glue import GlueTable, Partition
from local_cloud.athena.errors import QueryFailedError, not_supported

MAX_PARTITIONS = 100_000
_STEPS = {
    "DAYS": timedelta(days=1),
    "HOURS": timedelta(hours=1),
    "MINUTES": timedelta(minutes=1),
    "SECONDS": timedelta(seconds=1),
    "WEEKS": timedelta(weeks=1),
}
_JAVA = [("yyyy", "%Y"), ("MM", "%m"), ("dd", "%d"), ("HH", "%H"), ("mm", "%M"), ("ss", "%S")]


@dataclass(frozen=True, slots=True)
class PartitionFilter:
    """Which partitions the query can need.

    ``keep``: says so of the text values of partitions; ``values``: those that the query gives a column, None when it gives none.
    ``expression``: what Glue is asked for; it may give more.
    """

    keep: Callable[[list[tuple[str, ...]]], list[bool]]
    values: Callable[[str], list[str] | None] = lambda _: None
    expression: str = ""


def projected_partitions(table: GlueTable, wanted: PartitionFilter) -> list[Partition]:
    """Return the projected partitions that the query can need; the catalog's own are not read.

    Raises:
        QueryFailedError: a property is missing or wrong, the projection has too many partitions to try, or a value is not given.
    """
    names = [column.name for column in table.partition_keys]
    ranges = [_values(table, name, wanted.values) for name in names]
    count = 1
    for values in ranges:
        count *= len(values)
    if count > MAX_PARTITIONS:
        raise not_supported(
            f"Partition projection over {count} partitions (more than {MAX_PARTITIONS}) of {table.database}.{table.name}"
        )
    combinations = list(itertools.product(*ranges))
    return [
        Partition(values, _location(table, names, values), table.descriptor)
        for values in itertools.compress(combinations, wanted.keep(combinations))
    ]


def _location(table: GlueTable, names: list[str], values: tuple[str, ...]) -> str:
    template = table.parameters.get("storage.location.template")
    if template is None:
        return (
            table.location.rstrip("/")
            + "/"
            + "/".join(f"{name}={value}" for name, value in zip(names, values, strict=True))
            + "/"
        )
    for name, value in zip(names, values, strict=True):
        template = template.replace("${" + name + "}", value)
    return template


def _values(table: GlueTable, name: str, injected: Callable[[str], list[str] | None]) -> list[str]:
    def option(key: str, default: str | None = None) -> str:
        value = table.parameters.get(f"projection.{name}.{key}", default)
        if value is None:
            raise _invalid(
                f"Table {table.database}.{table.name} is configured for partition projection, but the following partition columns are missing projection configuration: [{name}] ({key})"
            )
        return value

    kind = option("type").strip().lower()
    if kind == "enum":
        return option("values").split(",")  # white space is part of a value
    if kind == "integer":
        first, last = (int(part) for part in option("range").split(","))
        digits = int(option("digits", "0"))
        return [str(value).zfill(digits) for value in range(first, last + 1, int(option("interval", "1")))]
    if kind == "date":
        return _dates(option)
    if kind == "injected":
        return _injected(name, injected(name))
    raise _invalid(f"Invalid partition projection type '{kind}' of column {name}")


def _injected(name: str, values: list[str] | None) -> list[str]:
    """Source: https://docs.aws.amazon.com/athena/latest/ug/partition-projection-dynamic-id-partitioning.html."""
    if values is None:
        raise QueryFailedError(
            "CONSTRAINT_VIOLATION",
            f"For the injected projected partition column {name}, the WHERE clause must contain only static equality conditions, and at least one such condition must be present.",
        )
    return values


def _dates(option: Callable[..., str]) -> list[str]:
    form = option("format")
    unit = option("interval.unit", _unit_of(form)).upper()
    step = int(option("interval", "1" if _unit_of(form) else None))
    python_form = _python_format(form)
    first, last = (_moment(part.strip(), python_form) for part in option("range").split(","))
    moments = (_later(first, unit, step * number) for number in itertools.count())
    until_last = itertools.takewhile(lambda moment: moment <= last, moments)
    return list(
        dict.fromkeys(moment.strftime(python_form) for moment in itertools.islice(until_last, MAX_PARTITIONS + 1))
    )


def _unit_of(form: str) -> str | None:
    """Return the step of dates that are precise to the month or the day; all others have to declare it."""
    text = re.sub(r"'[^']*'", "", form)
    if re.search("[HhmsS]", text):
        return None
    return "DAYS" if "d" in text else "MONTHS" if "M" in text else None


def _later(moment: datetime, unit: str, step: int) -> datetime:
    """Return the moment so many units later, or the last day of a month that is too short."""
    if unit in {"MONTHS", "YEARS"}:
        months = moment.year * 12 + moment.month - 1 + step * (12 if unit == "YEARS" else 1)
        year, month = months // 12, months % 12 + 1
        return moment.replace(year=year, month=month, day=min(moment.day, calendar.monthrange(year, month)[1]))
    if unit not in _STEPS:
        raise _invalid(f"Invalid projection interval unit '{unit}'")
    return moment + _STEPS[unit] * step


def _moment(text: str, form: str) -> datetime:
    """Return a date of the range: in the column's own format, or ``NOW`` with a distance such as ``NOW-3YEARS``."""
    match = re.fullmatch(r"NOW\s*(?:([+-])\s*(\d+)\s*([A-Z]+))?", text)
    if match is None:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError as error:
            raise _invalid(f"Invalid projection range value '{text}'") from error
    now = datetime.now(UTC)
    if match[1] is None:
        return now
    unit = match[3] if match[3].endswith("S") else f"{match[3]}S"
    return _later(now, unit, int(match[1] + match[2]))


def _python_format(form: str) -> str:
    text = re.sub(r"'([^']*)'", r"\1", form)
    for java, python in _JAVA:
        text = text.replace(java, python)
    if re.search(r"[A-Za-z]", re.sub(r"%[A-Za-z]", "", text).replace("T", "").replace("Z", "")):
        raise not_supported(f"The projection date format '{form}'")
    return text


def _invalid(message: str) -> QueryFailedError:
    return QueryFailedError("INVALID_TABLE_PROPERTY", message)
