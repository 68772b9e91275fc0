"""Describe a found table and its partitions as the catalog does: storage descriptor, SerDe, parameters.

Source: *Parameters set on Data Catalog tables by crawler*, AWS Glue.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from local_cloud.glue.crawler.grouping import Group, Leaf
from local_cloud.glue.schemas.classify import Schema
from local_cloud.glue.schemas.column_types import merge_fields, parsed

Document = dict[str, Any]

MAX_NAME_CHARACTERS = 128

_TEXT_OUTPUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"
_FORMATS = {
    "json": ("org.apache.hadoop.mapred.TextInputFormat", _TEXT_OUTPUT, "org.openx.data.jsonserde.JsonSerDe"),
    "csv": ("org.apache.hadoop.mapred.TextInputFormat", _TEXT_OUTPUT, "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"),
    "parquet": (
        f"{_PARQUET}.MapredParquetInputFormat", f"{_PARQUET}.MapredParquetOutputFormat", f"{_PARQUET}.serde.ParquetHiveSerDe",
    ),
}  # fmt: skip


def table_name(prefix: str, bucket: str, path: str) -> str:
    """Return prefix and last part of the path (or the bucket) in lower case. Other characters become ``_``.

    Source: https://docs.aws.amazon.com/glue/latest/dg/add-crawler.html: at most 128 characters.
    """
    last = path.rstrip("/").rpartition("/")[2] or bucket
    return re.sub(r"[^a-z0-9_]", "_", f"{prefix}{last}".lower())[:MAX_NAME_CHARACTERS]


def name_with_hash(name: str, location: str) -> str:
    """Return the name for a table when another location has taken it. One location gets the same name in every crawl."""
    suffix = f"_{hashlib.md5(location.encode(), usedforsecurity=False).hexdigest()}"
    return f"{name[: MAX_NAME_CHARACTERS - len(suffix)]}{suffix}"


def columns_of(schema: Schema, partition_keys: Sequence[str] = ()) -> list[dict[str, str]]:
    """Return the columns without those that have a partition key's name, because a table cannot have both."""
    return [{"Name": name, "Type": str(kind)} for name, kind in schema.columns.items() if name not in partition_keys]


def table_input(name: str, bucket: str, group: Group, crawler: str, exclusions: Sequence[str]) -> Document:
    parameters = _parameters(group.schema, group.leaves, crawler)
    if exclusions:
        parameters["exclusions"] = str(list(exclusions)).replace("'", '"')
    return {
        "Name": name,
        "Owner": "owner",
        "Retention": 0,
        "TableType": "EXTERNAL_TABLE",
        "PartitionKeys": [{"Name": key, "Type": "string"} for key in group.partition_keys()],
        "StorageDescriptor": _storage(f"s3://{bucket}/{group.path}", group.schema, parameters, group.partition_keys()),
        "Parameters": parameters,
    }


def partition_input(bucket: str, group: Group, leaf: Leaf, crawler: str) -> Document:
    parameters = _parameters(leaf.schema, [leaf], crawler)
    storage = _storage(f"s3://{bucket}/{leaf.path}", leaf.schema, parameters, group.partition_keys())
    return {"Values": group.values(leaf), "StorageDescriptor": storage, "Parameters": parameters}


def inheriting(partition: Mapping[str, Any], table: Mapping[str, Any]) -> Document:
    """Return the partition with its table's columns, formats and SerDe (``InheritFromTable``). Location and counts are its own."""
    storage = {**table["StorageDescriptor"], "Location": partition["StorageDescriptor"]["Location"]}
    storage["Parameters"] = partition["Parameters"]
    return {**partition, "StorageDescriptor": storage}


def with_further_columns(current: Document, found: Mapping[str, Any]) -> Document:
    """Return a table's definition with the columns that a part of its objects adds, and types that hold the values of both.

    The rest stays: counts and formats are those of the whole.
    """
    storage = current["StorageDescriptor"]
    columns = {each["Name"]: parsed(each["Type"]) for each in storage["Columns"]}
    merged = merge_fields(
        columns, {each["Name"]: parsed(each["Type"]) for each in found["StorageDescriptor"]["Columns"]}
    )
    named = [{"Name": name, "Type": str(kind)} for name, kind in merged.items()]
    return {**current, "StorageDescriptor": {**storage, "Columns": named}}


def _parameters(schema: Schema, leaves: Sequence[Leaf], crawler: str) -> dict[str, str]:
    average = schema.average_record_bytes
    return {
        "CrawlerSchemaDeserializerVersion": "1.0",
        "CrawlerSchemaSerializerVersion": "1.0",
        "UPDATED_BY_CRAWLER": crawler,
        "averageRecordSize": str(average),
        "classification": schema.classification,
        "compressionType": schema.compression,
        "objectCount": str(sum(leaf.objects for leaf in leaves)),
        "recordCount": str(sum(leaf.records for leaf in leaves)),
        "sizeKey": str(sum(leaf.size_bytes for leaf in leaves)),
        "typeOfData": "file",
        **(
            {"delimiter": schema.options["field.delim"], "columnsOrdered": "true"}
            if schema.classification == "csv"
            else {}
        ),
        **{name: value for name, value in schema.options.items() if name != "field.delim"},
    }


def _storage(location: str, schema: Schema, parameters: Mapping[str, str], partition_keys: Sequence[str]) -> Document:
    input_format, output_format, library = _FORMATS[schema.classification]
    return {
        "Columns": columns_of(schema, partition_keys),
        "Location": location,
        "InputFormat": input_format,
        "OutputFormat": output_format,
        "Compressed": schema.compression != "none",
        "NumberOfBuckets": -1,
        "SerdeInfo": {"SerializationLibrary": library, "Parameters": _serde_parameters(schema)},
        "BucketColumns": [],
        "SortColumns": [],
        "Parameters": dict(parameters),
        "StoredAsSubDirectories": False,
    }


def _serde_parameters(schema: Schema) -> dict[str, str]:
    if schema.classification == "json":
        return {"paths": ",".join(sorted(schema.fields))}
    if schema.classification == "csv":
        return {"field.delim": schema.options["field.delim"]}
    return {"serialization.format": "1"}
