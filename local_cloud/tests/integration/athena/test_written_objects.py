"""Objects that CREATE TABLE AS and INSERT INTO write: formats, compressions and partitions."""

from __future__ import annotations

import bz2
import gzip
import io
import re
import uuid
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.integration.athena.client import Athena

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def athena(cloud: object) -> Athena:
    """One database for the module: no two tests share a table."""
    return Athena(cloud, "athenawrites")


@pytest.mark.parametrize("digits", [0, 6])
def test_files_hold_timestamps_of_milliseconds(athena: Athena, digits: int) -> None:
    """Trino's Hive connector, whose precision Athena leaves at milliseconds."""
    moment = f"CAST(TIMESTAMP '2020-01-01 10:00:00.1234' AS TIMESTAMP({digits}))"
    said = f"NOT_SUPPORTED: Incorrect timestamp precision for timestamp({digits}); the configured precision is MILLISECONDS; column name: t"
    assert athena.run(f"CREATE TABLE fine AS SELECT {moment} AS t").reason == said
    unloaded = f"UNLOAD (SELECT ARRAY[{moment}] AS t) TO 's3://{athena.bucket}/fine/' WITH (format = 'JSON')"
    assert athena.run(unloaded).reason == said


def test_an_empty_text_is_the_default_partition(athena: Athena) -> None:
    """Hive: a partition of no name is __HIVE_DEFAULT_PARTITION__."""
    place = f"external_location = 's3://{athena.bucket}/nameless/'"
    athena.rows(f"CREATE TABLE nameless WITH ({place}, partitioned_by = ARRAY['k']) AS SELECT 1 AS a, '' AS k")
    athena.rows("INSERT INTO nameless VALUES (2, NULL)")
    assert athena.rows("SELECT a, k FROM nameless ORDER BY a") == [["1", None], ["2", None]]
    assert athena.rows("SHOW PARTITIONS nameless") == [["k=__HIVE_DEFAULT_PARTITION__"]]


@pytest.mark.parametrize(
    ("properties", "extension", "codec"),
    [
        ("format = 'JSON'", ".gz", "gzip"),
        ("format = 'JSON', compression = 'none'", "", None),
        ("format = 'JSON', compression = 'BZIP2'", ".bz2", "bz2"),
        ("format = 'PARQUET'", "", "GZIP"),
        ("format = 'PARQUET', compression = 'SNAPPY'", "", "SNAPPY"),
    ],
)
def test_objects_are_compressed_as_asked_for(
    athena: Athena, properties: str, extension: str, codec: str | None
) -> None:
    """AWS: Use compression in Athena: GZIP unless another is named.

    Source: https://docs.aws.amazon.com/athena/latest/ug/compression-formats.html
    """
    folder = f"packed-{uuid.uuid4()}"
    athena.rows(f"UNLOAD (SELECT 1 AS a) TO 's3://{athena.bucket}/{folder}/' WITH ({properties})")
    (item,) = athena.s3.list_objects_v2(Bucket=athena.bucket, Prefix=folder)["Contents"]
    assert re.fullmatch(folder + r"/[0-9a-f-]+_[0-9a-f-]+" + re.escape(extension), item["Key"])
    body = athena.s3.get_object(Bucket=athena.bucket, Key=item["Key"])["Body"].read()
    if "PARQUET" in properties:
        assert pq.ParquetFile(io.BytesIO(body)).metadata.row_group(0).column(0).compression == codec
        return
    unpacked = {"gzip": gzip.decompress, "bz2": bz2.decompress}.get(codec or "", bytes)(body)
    assert unpacked == b'{"a":1}\n'


def test_a_table_keeps_the_compression_that_it_was_made_with(athena: Athena) -> None:
    place = f"external_location = 's3://{athena.bucket}/kept/', format = 'JSON', write_compression = 'NONE'"
    athena.rows(f"CREATE TABLE compressed WITH ({place}) AS SELECT 1 AS a")
    athena.rows("INSERT INTO compressed VALUES (2)")
    keys = [item["Key"] for item in athena.s3.list_objects_v2(Bucket=athena.bucket, Prefix="kept/")["Contents"]]
    assert [Path(key).suffix for key in keys] == ["", ""]
    assert athena.rows("SELECT a FROM compressed ORDER BY a") == [["1"], ["2"]]


def test_a_compression_that_is_not_written_is_refused(athena: Athena) -> None:
    for properties in ("format = 'PARQUET', compression = 'LZ4'", "format = 'JSON', compression = 'ZLIB'"):
        outcome = athena.run(f"UNLOAD (SELECT 1 AS a) TO 's3://{athena.bucket}/none/' WITH ({properties})")
        assert outcome.reason.startswith("NOT_SUPPORTED")


def test_a_created_table_names_each_column_once(athena: Athena) -> None:
    reason = athena.run("CREATE TABLE same AS SELECT 1 AS a, 2 AS A").reason
    assert reason.startswith("DUPLICATE_COLUMN_NAME: line 1:1: Column name 'a' specified more than once")


def test_other_formats_are_not_written(athena: Athena) -> None:
    place = f"external_location = 's3://{athena.bucket}/ion/'"
    created = athena.run(f"CREATE TABLE ion WITH (format = 'ION', {place}) AS SELECT 1 AS a")
    unloaded = athena.run(f"UNLOAD (SELECT 1 AS a) TO 's3://{athena.bucket}/uion/' WITH (format = 'ION')")
    assert created.reason.startswith("NOT_SUPPORTED")
    assert unloaded.reason.startswith("NOT_SUPPORTED")


def test_more_than_a_hundred_partitions_at_once_are_refused(athena: Athena) -> None:
    """AWS: Use CTAS and INSERT INTO to work around the 100 partition limit.

    Sources: https://docs.aws.amazon.com/athena/latest/ug/insert-into.html,
    https://docs.aws.amazon.com/athena/latest/ug/ctas-insert-into.html
    """
    properties = f"partitioned_by = ARRAY['x'], external_location = 's3://{athena.bucket}/many/'"
    sql = f"CREATE TABLE many WITH ({properties}) AS SELECT 1 AS a, x FROM UNNEST(sequence(1, 101)) t(x)"
    assert athena.run(sql).reason.startswith("HIVE_TOO_MANY_OPEN_PARTITIONS")


def test_timestamps_of_parquet_are_int96_and_come_back(athena: Athena) -> None:
    """PyAthena's ``test_complex_unload_as_arrow`` reads those of AWS by the nanosecond, which Arrow does for INT96 alone.

    Source: https://github.com/pyathena-dev/PyAthena/blob/master/tests/pyathena/arrow/test_cursor.py
    """
    moments = "TIMESTAMP '2020-01-02 03:04:05.678' AS t, ARRAY[TIMESTAMP '9999-12-31 00:00:00.000'] AS a"
    place = f"external_location = 's3://{athena.bucket}/moments/'"
    athena.rows(f"CREATE TABLE moments WITH ({place}) AS SELECT {moments}")
    (item,) = athena.s3.list_objects_v2(Bucket=athena.bucket, Prefix="moments/")["Contents"]
    body = athena.s3.get_object(Bucket=athena.bucket, Key=item["Key"])["Body"].read()
    schema = pq.ParquetFile(io.BytesIO(body)).schema
    assert [schema.column(number).physical_type for number in range(2)] == ["INT96", "INT96"]
    expected = [["2020-01-02 03:04:05.678", "[9999-12-31 00:00:00.000]"]]
    assert athena.rows("SELECT * FROM moments") == expected
    assert athena.rows("SELECT typeof(t), t = TIMESTAMP '2020-01-02 03:04:05.678' FROM moments") == [
        ["timestamp(3)", "true"]
    ]


def test_a_statement_that_writes_rows_has_no_row_and_its_metadata(athena: Athena) -> None:
    """As PyAthena's ``test_ctas`` and ``test_iceberg_table`` expect it, and as it was measured against Athena.

    Sources: https://github.com/pyathena-dev/PyAthena/blob/master/tests/pyathena/test_cursor.py,
    https://github.com/aoyagikouhei/athena-local/blob/main/docs/result-files.md
    """
    place = f"external_location = 's3://{athena.bucket}/counted/'"
    for sql in (f"CREATE TABLE counted WITH ({place}) AS SELECT 1 AS a", "INSERT INTO counted VALUES 2, 3"):
        outcome = athena.run(sql)
        named = ([], []) if "INSERT" in sql else (["rows"], ["bigint"])
        assert (outcome.names, outcome.types, outcome.rows) == (*named, [])
        found = athena.client.get_query_results(QueryExecutionId=outcome.execution["QueryExecutionId"])
        assert found["UpdateCount"] == (2 if "INSERT" in sql else 1)
        location = outcome.execution["ResultConfiguration"]["OutputLocation"]
        folder = "" if "INSERT" in sql else "tables/"
        assert location == f"{athena.output}{folder}{outcome.execution['QueryExecutionId']}"
        key = location.removeprefix(f"s3://{athena.bucket}/")
        beside = athena.s3.list_objects_v2(Bucket=athena.bucket, Prefix=f"{key}.metadata")["KeyCount"]
        assert beside == (0 if "INSERT" in sql else 1)
