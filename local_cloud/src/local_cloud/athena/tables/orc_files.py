"""Rewrite ORC objects as Parquet on this machine, from which DuckDB reads them.

Athena reads the columns of ORC by their place, not by their names, unless the SerDe's ``orc.column.index.access`` is false.
Source: https://docs.aws.amazon.com/athena/latest/ug/handling-schema-updates-chapter.html#index-access
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import orc

from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.tables.objects import S3Object


def as_parquet(item: S3Object, path: Path) -> None:
    """Replace the object's file by one of Parquet, with the same columns."""
    _rewrite(item, path, by_place=False)


def as_parquet_by_place(item: S3Object, path: Path) -> None:
    """Replace the object's file by one of Parquet whose columns are ``c0``, ``c1``, … in their order."""
    _rewrite(item, path, by_place=True)


def _rewrite(item: S3Object, path: Path, *, by_place: bool) -> None:
    draft = path.with_name(f"{path.name}.parquet-draft")
    try:
        file = orc.ORCFile(path)
        names = [f"c{index}" if by_place else name for index, name in enumerate(file.schema.names)]
        stripes = (file.read_stripe(number) for number in range(file.nstripes))
        with pq.ParquetWriter(draft, _renamed(file.schema, names)) as writer:
            for stripe in stripes:
                writer.write_table(pa.Table.from_batches([stripe]).rename_columns(names))
    except (pa.ArrowException, OSError) as error:
        draft.unlink(missing_ok=True)
        raise QueryFailedError("HIVE_BAD_DATA", f"Malformed ORC file. {error} [{item.path}]") from error
    draft.replace(path)


def _renamed(schema: pa.Schema, names: list[str]) -> pa.Schema:
    return pa.schema([field.with_name(name) for field, name in zip(schema, names, strict=True)])
