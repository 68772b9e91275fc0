"""Say how the objects of a table of Parquet, ORC or Avro are read."""

from __future__ import annotations

from pathlib import Path

from local_cloud.athena.catalog.glue import GlueTable
from local_cloud.athena.tables import avro_files, orc_files, serde
from local_cloud.athena.tables.objects import S3Object
from local_cloud.athena.tables.parquet_files import PARQUET, Columnar, scanned_bytes

_AVRO = Columnar("avro", avro_files.as_parquet)
_ORC = Columnar("orc", orc_files.as_parquet)
_ORC_BY_PLACE = Columnar("orc by place", orc_files.as_parquet_by_place)


def form_of(table: GlueTable) -> Columnar | None:
    """Return the form of a table of Parquet, ORC or Avro; None for others."""
    if table.serde == serde.PARQUET:
        return PARQUET
    if table.serde == serde.AVRO:
        return _AVRO
    if table.serde != serde.ORC:
        return None
    return _ORC_BY_PLACE if by_place(table) else _ORC


def by_place(table: GlueTable) -> bool:
    """Say whether the columns of files are found by their place, and not by their names."""
    return table.serde == serde.ORC and serde.is_true(table.serde_parameters, "orc.column.index.access", default=True)


def scanned(table: GlueTable, item: S3Object, file: Path, names: set[str]) -> int:
    """Count the bytes that a query reads of an object: of Parquet, of the named columns alone; of ORC and Avro, all."""
    return scanned_bytes(file, names) if table.serde == serde.PARQUET else item.size
