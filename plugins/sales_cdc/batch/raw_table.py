"""Decide what is wrong with the raw table after a crawl, and how its definition is mended. Pure: no Airflow, no AWS client.

A crawler splits a prefix by format, compression and depth: one foreign object under ``raw/<entity>/`` makes it create a table for each
folder, or object, and leave the raw table as it was, without the new hours.
Source: https://docs.aws.amazon.com/glue/latest/dg/crawler-s3-folder-table-partition.html
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sales_cdc.batch.raw_types import united
from sales_cdc.contract import bucket_keys
from sales_cdc.contract.change_contract import OPTIONAL_METADATA, PARTITION_COLUMNS, Contract
from sales_cdc.deployment.topology import Topology

Document = dict[str, Any]
Hour = tuple[str, str]

PASS_OVER_MALFORMED = ("ignore.malformed.json", "true")
"""A parameter of the SerDe: a line that is no JSON is a row of NULLs, and does not fail the query.

Source: https://docs.aws.amazon.com/athena/latest/ug/openx-json-serde.html
"""
MAX_DAYS_IN_EXPRESSION = 100
MADE_BY = "UPDATED_BY_CRAWLER"
_OPENX = "org.openx.data.jsonserde.JsonSerDe"
_RAW_TYPES = {"bigint": "bigint", "decimal": "double", "double": "double", "boolean": "boolean"}
_TABLE_INPUT = ("Name", "Description", "Owner", "Retention", "StorageDescriptor", "PartitionKeys", "TableType", "Parameters")  # fmt: skip
_HOUR = re.compile(rf"{re.escape(bucket_keys.RAW_PREFIX)}dt=(\d{{4}}-\d\d-\d\d)/hr=(\d\d)/")
_DAY_FOLDER = re.compile(rf"{re.escape(bucket_keys.RAW_PREFIX)}dt=\d{{4}}-\d\d-\d\d/")


@dataclass(frozen=True)
class Survey:
    """Hold what is under ``raw/<entity>/``: the hours that have objects of the pipeline's form, and the keys of all others."""

    hours: set[Hour] = field(default_factory=set)
    foreign: list[str] = field(default_factory=list)

    def note(self, key: str) -> None:
        """Sort one object in: ``dt=<day>/hr=<hour>/<name>.json`` is of the pipeline's form, and nothing else is."""
        hour = _HOUR.match(key)
        if hour and key.endswith(".json") and "/" not in key[hour.end() :]:
            self.hours.add((hour[1], hour[2]))
        else:
            self.foreign.append(key)


def is_day_folder(prefix: str) -> bool:
    """Return whether a folder is one of the pipeline's days: ``raw/<entity>/dt=2026-01-01/``."""
    return _DAY_FOLDER.fullmatch(prefix) is not None


def raw_columns(contract: Contract) -> dict[str, str]:
    """Return the contract's columns of the raw table with the types that a crawler gives the pipeline's own lines."""
    types = {each.column: _RAW_TYPES.get(each.type.partition("(")[0], "string") for each in contract.fields}
    return {member.lower(): types.get(member.lower(), "string") for member in contract.members}


def stray_tables(tables: Iterable[Mapping[str, Any]], location: str, crawler: str) -> list[Mapping[str, Any]]:
    """Return the tables that this crawler made at or below a location (an ``s3://`` URI that ends with a slash), but for the raw table.

    A table that somebody else made there is theirs: it lacks the crawler's mark.
    """
    return [
        table for table in tables
        if table["Name"] != Topology.RAW_TABLE
        and table.get("Parameters", {}).get(MADE_BY) == crawler
        and _folder(table).startswith(location)
    ]  # fmt: skip


def foreign_locations(strays: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return where the crawler found another format than plain JSON, whatever the objects are called; keys in the bucket."""
    found = [
        table["StorageDescriptor"]["Location"] for table in strays
        if (table["Parameters"].get("classification"), table["Parameters"].get("compressionType")) != ("json", "none")
    ]  # fmt: skip
    return [location.removeprefix("s3://").partition("/")[2] for location in found]


def is_raw_table(table: Mapping[str, Any]) -> bool:
    """Return whether a table can hold the raw zone: JSON lines in partitions by day and hour."""
    keys = tuple(key["Name"] for key in table.get("PartitionKeys", []))
    library = table["StorageDescriptor"].get("SerdeInfo", {}).get("SerializationLibrary")
    return keys == PARTITION_COLUMNS and library == _OPENX


def new_table(location: str, crawler: str) -> Document:
    """Define the raw table without columns, as the crawler does, which takes it for its own from then on."""
    parameters = {"classification": "json", "compressionType": "none", "typeOfData": "file", MADE_BY: crawler}
    return {
        "Name": Topology.RAW_TABLE,
        "TableType": "EXTERNAL_TABLE",
        "PartitionKeys": [{"Name": name, "Type": "string"} for name in PARTITION_COLUMNS],
        "Parameters": parameters,
        "StorageDescriptor": {
            "Columns": [],
            "Location": location,
            "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
            "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
            "SerdeInfo": {"SerializationLibrary": _OPENX, "Parameters": {}},
            "Parameters": parameters,
        },
    }


def mended_table(
    table: Mapping[str, Any],
    contract: Contract,
    strays: Iterable[Mapping[str, Any]],
    kept: Mapping[str, str] | None = None,
) -> Document:
    """Return the table's input with every column of the contract and of the strays' lines, and a SerDe that passes over bad lines.

    ``kept`` are the columns of the last check, by name: a crawl of some folders says nothing of the others, so that no column of
    these may vanish or get a narrower type. A column has one type that reads the values of all hours, as a crawl of one table gives it: a value that is none of its column's
    type would fail every query (HIVE_BAD_DATA).
    """
    storage = lenient(table["StorageDescriptor"])
    columns = {**types_of(storage["Columns"])}
    for name, kind in (kept or {}).items():
        columns[name] = united(columns.get(name, kind), kind)
    for name, kind in raw_columns(contract).items():
        columns.setdefault(name, kind)
    for stray in strays:
        if _DAY_FOLDER.search(_folder(stray)) and stray["Parameters"].get("classification") == "json":
            for name, kind in types_of(stray["StorageDescriptor"]["Columns"]).items():
                columns[name] = united(columns.get(name, kind), kind)
    kept = {name: table[name] for name in _TABLE_INPUT if table.get(name) is not None}
    named = [{"Name": name, "Type": kind} for name, kind in columns.items() if name not in PARTITION_COLUMNS]
    return {**kept, "StorageDescriptor": {**storage, "Columns": named}}


def _folder(table: Mapping[str, Any]) -> str:
    return f"{table.get('StorageDescriptor', {}).get('Location', '').rstrip('/')}/"


def missing_columns(table: Mapping[str, Any], contract: Contract) -> list[str]:
    """Return the columns that a table lacks of those that every change event has."""
    known = {column["Name"] for column in table["StorageDescriptor"]["Columns"]}
    return [name for name in raw_columns(contract) if name not in known and name not in OPTIONAL_METADATA]


def lenient(storage: Mapping[str, Any]) -> Document:
    """Return a storage descriptor whose SerDe passes over malformed lines."""
    serde = storage.get("SerdeInfo", {})
    name, value = PASS_OVER_MALFORMED
    return {**storage, "SerdeInfo": {**serde, "Parameters": {**serde.get("Parameters", {}), name: value}}}


def is_lenient(storage: Mapping[str, Any]) -> bool:
    """Return whether a storage descriptor's SerDe passes over malformed lines."""
    name, value = PASS_OVER_MALFORMED
    parameters: Mapping[str, str] = storage.get("SerdeInfo", {}).get("Parameters", {})
    return parameters.get(name) == value


def new_partition(table: Mapping[str, Any], hour: Hour) -> Document:
    """Define an hour's partition with its table's columns, formats and SerDe."""
    folders = "/".join(f"{name}={value}" for name, value in zip(PARTITION_COLUMNS, hour, strict=True))
    location = f"{table['StorageDescriptor']['Location'].rstrip('/')}/{folders}/"
    return {"Values": list(hour), "StorageDescriptor": {**table["StorageDescriptor"], "Location": location}}


def mended_partition(table: Mapping[str, Any], partition: Mapping[str, Any]) -> Document | None:
    """Return a partition's input with its table's columns and a SerDe that passes over malformed lines; None when it has both."""
    storage, columns = partition["StorageDescriptor"], table["StorageDescriptor"]["Columns"]
    if is_lenient(storage) and types_of(storage["Columns"]) == types_of(columns):
        return None
    kept = {name: partition[name] for name in ("Values", "Parameters") if name in partition}
    return {**kept, "StorageDescriptor": {**lenient(storage), "Columns": columns}}


def days_expression(days: Sequence[str]) -> str:
    """Return Glue's expression for the partitions of days; they are sorted.

    An expression has at most 2,048 characters. Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetPartitions.html
    """
    if len(days) <= MAX_DAYS_IN_EXPRESSION:
        return "dt IN ({})".format(", ".join(f"'{day}'" for day in days))
    return f"dt >= '{days[0]}' AND dt <= '{days[-1]}'"


def digest_of(columns: Iterable[Mapping[str, str]]) -> str:
    """Return a digest of columns and their types."""
    named = ",".join(f"{name} {kind}" for name, kind in sorted(types_of(columns).items()))
    return hashlib.sha256(named.encode()).hexdigest()


def types_of(columns: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return columns as the type of each name."""
    return {column["Name"]: column["Type"] for column in columns}
