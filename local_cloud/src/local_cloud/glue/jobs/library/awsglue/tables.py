"""Read a table of the Glue catalog, and objects of S3, into a Spark frame, and write one there.

Sources: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-crawler-pyspark-extensions-dynamic-frame-reader.html,
https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-format.html"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any

import boto3
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import lit


class UnsupportedError(Exception):
    """Raised for what AWS's awsglue does and the local cloud's does not."""


_JSON = ("org.openx.data.jsonserde.JsonSerDe", "org.apache.hive.hcatalog.data.JsonSerDe")
_PARQUET = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
_LAZY_SIMPLE = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
_OPEN_CSV = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
_FORMATS = {"csv": "csv", "json": "json", "parquet": "parquet", "glueparquet": "parquet", "orc": "orc"}


def table_frame(spark: SparkSession, database: str, name: str, predicate: str = "") -> DataFrame:
    """Return the rows of a table with its partition keys as columns, those that the predicate on the keys leaves."""
    glue = boto3.client("glue")
    table = glue.get_table(DatabaseName=database, Name=name)["Table"]
    keys = table.get("PartitionKeys") or []
    if not keys:
        return _located(spark, table, table["StorageDescriptor"]["Location"])
    pages = glue.get_paginator("get_partitions").paginate(DatabaseName=database, TableName=name)
    frames = [_partition(spark, table, keys, partition) for page in pages for partition in page["Partitions"]]
    columns = [*table["StorageDescriptor"]["Columns"], *keys]
    frame = reduce(DataFrame.unionByName, frames, spark.createDataFrame([], _schema(columns)))
    return frame.where(predicate) if predicate else frame


def _partition(
    spark: SparkSession, table: Mapping[str, Any], keys: list[dict[str, str]], partition: Mapping[str, Any]
) -> DataFrame:
    frame = _located(spark, table, partition["StorageDescriptor"]["Location"])
    for key, value in zip(keys, partition["Values"], strict=True):
        frame = frame.withColumn(key["Name"], lit(value).cast(key["Type"]))
    return frame


def _located(spark: SparkSession, table: Mapping[str, Any], location: str) -> DataFrame:
    descriptor = table["StorageDescriptor"]
    serde = descriptor.get("SerdeInfo") or {}
    given = {**(table.get("Parameters") or {}), **(serde.get("Parameters") or {})}
    reader = spark.read.schema(_schema(descriptor["Columns"])).option("recursiveFileLookup", "true")
    library = serde.get("SerializationLibrary")
    if library in _JSON:
        return reader.json(location)
    if library == _PARQUET:
        return reader.parquet(location)
    if library not in {_LAZY_SIMPLE, _OPEN_CSV}:
        raise UnsupportedError(f"The local cloud's awsglue does not read tables of the SerDe {library}.")
    separator = given.get("separatorChar", ",") if library == _OPEN_CSV else given.get("field.delim", "\x01")
    header = given.get("skip.header.line.count", "0") != "0"
    return reader.csv(location, sep=separator, quote=given.get("quoteChar", '"'), header=header, enforceSchema=True)


def _schema(columns: list[dict[str, str]]) -> str:
    return ", ".join(f"`{column['Name']}` {column['Type']}" for column in columns)


def read_objects(spark: SparkSession, paths: list[str], form: str, options: Mapping[str, Any]) -> DataFrame:
    reader = spark.read.option("recursiveFileLookup", "true")
    if _spark_format(form) == "csv":
        header = str(options.get("withHeader", False)).lower()
        reader = reader.option("header", header).option("sep", options.get("separator", ","))
    return reader.format(_spark_format(form)).load(paths)


def write_objects(frame: DataFrame, path: str, keys: list[str], form: str, options: Mapping[str, Any]) -> None:
    """Add the frame's rows to a folder, below it by the keys, as Glue's writer does; its CSV has a header by default."""
    writer = frame.write.mode("append").partitionBy(*keys)
    if _spark_format(form) == "csv":
        header = str(options.get("writeHeader", True)).lower()
        writer = writer.option("header", header).option("sep", options.get("separator", ","))
    writer.format(_spark_format(form)).save(path)


def _spark_format(form: str) -> str:
    if form not in _FORMATS:
        raise UnsupportedError(f"The local cloud's awsglue does not know the format {form}: {', '.join(_FORMATS)}.")
    return _FORMATS[form]
