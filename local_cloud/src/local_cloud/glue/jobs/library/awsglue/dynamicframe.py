"""Hold a Spark frame under the names of Glue's dynamic frames. Every value has one type here: a table's own.

Source: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-crawler-pyspark-extensions-dynamic-frame.html"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql.types import StructType


class DynamicFrame:
    """Wraps a Spark frame. What Glue's own frame has beyond these methods is reached by ``toDF``."""

    def __init__(self, frame: DataFrame, glue_ctx: Any, name: str = "") -> None:
        self._frame, self.glue_ctx, self.name = frame, glue_ctx, name

    @classmethod
    def fromDF(cls, dataframe: DataFrame, glue_ctx: Any, name: str) -> DynamicFrame:  # noqa: N802  # Glue's name
        return cls(dataframe, glue_ctx, name)

    def toDF(self) -> DataFrame:  # noqa: N802  # Glue's name
        return self._frame

    def count(self) -> int:
        return int(self._frame.count())

    def schema(self) -> StructType:
        return self._frame.schema

    def printSchema(self) -> None:  # noqa: N802  # Glue's name
        self._frame.printSchema()

    def show(self, num_rows: int = 20) -> None:
        for line in self._frame.limit(num_rows).toJSON().collect():
            print(line)

    def getNumPartitions(self) -> int:  # noqa: N802  # Glue's name
        return int(self._frame.rdd.getNumPartitions())

    def repartition(self, num_partitions: int) -> DynamicFrame:
        return self._with(self._frame.repartition(num_partitions))

    def coalesce(self, num_partitions: int) -> DynamicFrame:
        return self._with(self._frame.coalesce(num_partitions))

    def select_fields(self, paths: list[str]) -> DynamicFrame:
        return self._with(self._frame.select(*[path for path in paths if path in self._frame.columns]))

    def drop_fields(self, paths: list[str]) -> DynamicFrame:
        return self._with(self._frame.drop(*paths))

    def rename_field(self, oldName: str, newName: str) -> DynamicFrame:  # noqa: N803  # Glue's names
        return self._with(self._frame.withColumnRenamed(oldName, newName))

    def apply_mapping(self, mappings: list[tuple[str, str, str, str]]) -> DynamicFrame:
        """Select, rename and cast: (source, its type, target, its type), or (source, target, type)."""
        chosen = [(mapping[0], mapping[-2], mapping[-1]) for mapping in mappings]
        columns = [self._frame[source].cast(_SPARK.get(kind, kind)).alias(target) for source, target, kind in chosen]
        return self._with(self._frame.select(*columns))

    def map(self, f: Callable[[dict[str, Any]], dict[str, Any]]) -> DynamicFrame:
        rows = self._frame.rdd.map(lambda row: f(row.asDict(recursive=True)))
        return self._with(self._frame.sparkSession.createDataFrame(rows))

    def filter(self, f: Callable[[Any], bool]) -> DynamicFrame:
        rows = self._frame.rdd.filter(f)
        return self._with(self._frame.sparkSession.createDataFrame(rows, self._frame.schema))

    def _with(self, frame: DataFrame) -> DynamicFrame:
        return DynamicFrame(frame, self.glue_ctx, self.name)


_SPARK = {"long": "bigint", "short": "smallint", "byte": "tinyint"}  # Glue's names of types that are not Spark's
