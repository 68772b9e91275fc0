"""Lead a Glue script to Spark, and its dynamic frames to tables and to S3.

Source: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-crawler-pyspark-extensions-glue-context.html"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from pyspark.sql import SparkSession

from awsglue.dynamicframe import DynamicFrame
from awsglue.tables import UnsupportedError, read_objects, table_frame, write_objects


class GlueContext:
    """Wraps the Spark context that the script made."""

    def __init__(self, sparkContext: Any) -> None:  # noqa: N803  # Glue's name
        self.sparkContext = sparkContext
        self.spark_session = SparkSession.builder.getOrCreate()
        self.create_dynamic_frame = DynamicFrameReader(self)
        self.write_dynamic_frame = DynamicFrameWriter()

    def get_logger(self) -> logging.Logger:
        return logging.getLogger("glue")

    def create_dynamic_frame_from_catalog(self, database: str, table_name: str, **options: Any) -> DynamicFrame:
        return self.create_dynamic_frame.from_catalog(database, table_name, **options)

    def create_dynamic_frame_from_options(self, connection_type: str, **options: Any) -> DynamicFrame:
        return self.create_dynamic_frame.from_options(connection_type, **options)

    def write_dynamic_frame_from_options(self, frame: DynamicFrame, connection_type: str, **options: Any) -> None:
        self.write_dynamic_frame.from_options(frame, connection_type, **options)


class DynamicFrameReader:
    """Reads tables of the catalog and objects of S3. There are no bookmarks: ``transformation_ctx`` names nothing."""

    def __init__(self, glue_context: GlueContext) -> None:
        self._context = glue_context

    def from_catalog(
        self, database: str, table_name: str, push_down_predicate: str = "", transformation_ctx: str = "", **_: Any
    ) -> DynamicFrame:
        frame = table_frame(self._context.spark_session, database, table_name, push_down_predicate)
        return DynamicFrame(frame, self._context, transformation_ctx)

    def from_options(
        self,
        connection_type: str,
        connection_options: Mapping[str, Any],
        format: str = "",  # noqa: A002  # Glue's name
        format_options: Mapping[str, Any] | None = None,
        transformation_ctx: str = "",
        **_: Any,
    ) -> DynamicFrame:
        _require_s3(connection_type)
        paths = list(connection_options["paths"])
        frame = read_objects(self._context.spark_session, paths, format, format_options or {})
        return DynamicFrame(frame, self._context, transformation_ctx)


class DynamicFrameWriter:
    """Writes objects of S3."""

    def from_options(
        self,
        frame: DynamicFrame,
        connection_type: str,
        connection_options: Mapping[str, Any],
        format: str = "",  # noqa: A002  # Glue's name
        format_options: Mapping[str, Any] | None = None,
        **_: Any,
    ) -> None:
        _require_s3(connection_type)
        keys = list(connection_options.get("partitionKeys", []))
        write_objects(frame.toDF(), connection_options["path"], keys, format, format_options or {})


def _require_s3(connection_type: str) -> None:
    if connection_type != "s3":
        raise UnsupportedError(f"The local cloud's awsglue reads and writes s3, not {connection_type}.")
