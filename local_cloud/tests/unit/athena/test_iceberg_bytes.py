"""What a query reads of an Iceberg table's files, from the sizes in its manifests."""

from __future__ import annotations

from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.table import FileScanTask
from pyiceberg.types import LongType, NestedField, StringType, StructType

from local_cloud.athena.iceberg.tables import scanned_bytes

A = NestedField(1, "a", LongType(), required=False)
R = NestedField(2, "r", StructType(NestedField(3, "s", StringType(), required=False)), required=False)
CHUNKS = {1: 100, 3: 30, 9: 7}  # 9: a column that the table has no more


def file(size: int, content: DataFileContent, chunks: dict[int, int] | None = None) -> DataFile:
    return DataFile.from_args(
        content=content, file_path=f"s3://b/{size}", file_format=FileFormat.PARQUET, file_size_in_bytes=size, column_sizes=chunks
    )  # fmt: skip


def test_columns_that_are_not_needed_are_not_read() -> None:
    task = FileScanTask(file(150, DataFileContent.DATA, CHUNKS))
    assert [scanned_bytes(task, fields) for fields in ([], [A], [R], [A, R])] == [13, 113, 43, 143]


def test_delete_files_are_read_whole() -> None:
    deletes = {file(20, DataFileContent.POSITION_DELETES, {1: 5}), file(1, DataFileContent.POSITION_DELETES)}
    assert scanned_bytes(FileScanTask(file(150, DataFileContent.DATA, CHUNKS), deletes), [A]) == 113 + 21


def test_a_file_without_sizes_counts_whole() -> None:
    assert scanned_bytes(FileScanTask(file(150, DataFileContent.DATA)), [A]) == 150
