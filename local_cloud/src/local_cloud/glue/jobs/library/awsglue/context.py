"""Lead a Glue script to Spark, without dynamic frames.

Source: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-crawler-pyspark-extensions-glue-context.html"""

from __future__ import annotations

import logging
from typing import Any

from pyspark.sql import SparkSession


class GlueContext:
    """Wraps the Spark context that the script made."""

    def __init__(self, sparkContext: Any) -> None:  # noqa: N803  # Glue's name
        self.sparkContext = sparkContext
        self.spark_session = SparkSession.builder.getOrCreate()

    def get_logger(self) -> logging.Logger:
        return logging.getLogger("glue")
