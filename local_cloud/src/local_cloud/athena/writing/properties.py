"""Read from the WITH of a statement, or a table's properties, how to write.

Source: https://docs.aws.amazon.com/athena/latest/ug/create-table-as.html
"""

from __future__ import annotations

import re

from local_cloud.athena.errors import QueryFailedError, not_supported
from local_cloud.athena.writing.files import COMPRESSIONS, Target

COMPRESSION = "write.compression"
_PROPERTY = re.compile(r"(\w+)\s*=\s*('(?:[^']|'')*'|ARRAY\s*\[[^\]]*\]|true|false|\d+)", re.IGNORECASE)


def properties_of(text: str) -> dict[str, str]:
    return {match[1].lower(): match[2].strip("'").replace("''", "'") for match in _PROPERTY.finditer(text)}


def texts_of(text: str) -> list[str]:
    return re.findall(r"'([^']*)'", text)


def target_of(location: str, properties: dict[str, str], columns: list[str]) -> Target:
    form = properties.get("format", "PARQUET").upper()
    if form not in COMPRESSIONS:
        raise not_supported(f"Writing the format {form}")
    partitioned = tuple(name.lower() for name in texts_of(properties.get("partitioned_by", "")))
    if partitioned and tuple(columns[-len(partitioned) :]) != partitioned:
        raise QueryFailedError(
            "HIVE_COLUMN_ORDER_MISMATCH",
            "Partition keys must be the last columns in the table and in the same order as the table properties: "
            + str(list(partitioned)),
        )
    bucketed, buckets = _buckets(properties, [column for column in columns if column not in partitioned])
    separators = _separators(form, properties)
    return Target(location, form, partitioned, compression_of(form, properties), separators, bucketed, buckets)


def _buckets(properties: dict[str, str], columns: list[str]) -> tuple[tuple[str, ...], int]:
    """Return the columns to bucket by and the number of buckets, or none.

    Raises:
        QueryFailedError: INVALID_TABLE_PROPERTY.
    """
    names = tuple(name.lower() for name in texts_of(properties.get("bucketed_by", "")))
    count = int(properties.get("bucket_count", "0"))
    if bool(names) != bool(count):
        message = "bucketed_by and bucket_count must be specified together"
    elif missing := [name for name in names if name not in columns]:
        message = f"Bucketing columns {missing} not present in schema"
    else:
        return names, count
    raise QueryFailedError("INVALID_TABLE_PROPERTY", message)


def _separators(form: str, properties: dict[str, str]) -> dict[str, str]:
    """Return the SerDe's parameters for the separator that is asked for.

    Raises:
        QueryFailedError: it is asked for a format that has none.
    """
    given = properties.get("field_delimiter")
    if given is None:
        return {}
    if form != "TEXTFILE":
        message = f"Cannot specify field_delimiter table property for storage format: {form}"
        raise QueryFailedError("INVALID_TABLE_PROPERTY", message)
    separator = {"\\t": "\t", "\\001": "\x01"}.get(given, given)
    return {"field.delim": separator, "serialization.format": separator}


def compression_of(form: str, properties: dict[str, str]) -> str:
    """Return the compression that the properties of a statement or a table ask for; the first of its format by default.

    Raises:
        QueryFailedError: the format cannot be written so.
    """
    names = (
        "compression",
        "write_compression",
        COMPRESSION,
        f"{form.lower()}_compression",
        f"{form.lower()}.compression",
        f"{form.lower()}.compress",
    )
    asked = next((properties[name].upper() for name in names if name in properties), COMPRESSIONS[form][0])
    found = "NONE" if asked == "UNCOMPRESSED" else asked
    if found not in COMPRESSIONS[form]:
        raise not_supported(f"Writing {form} with the compression {asked}")
    return found
