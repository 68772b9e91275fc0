"""Tables of ORC and Avro, and bucketed ones: read and written as Athena does.

Sources: https://docs.aws.amazon.com/athena/latest/ug/handling-schema-updates-chapter.html#index-access,
https://docs.aws.amazon.com/athena/latest/ug/ctas-partitioning-and-bucketing-bucketing.html
"""

from __future__ import annotations

import io
import re

import pyarrow as pa
import pytest
from pyarrow import orc
from tests.integration.athena.client import Athena

pytestmark = pytest.mark.integration

VALUES = (
    "SELECT 1 AS id, 'tea' AS item, DECIMAL '2.50' AS price, TIMESTAMP '2024-05-06 07:08:09.123' AS at, ARRAY[1, NULL] AS "
    "list, CAST(ROW(7, 'x') AS ROW(n INTEGER, s VARCHAR)) AS pair, DATE '1969-12-31' AS day, true AS ok, 1.5e0 AS weight"
)
ROW = ["1", "tea", "2.50", "2024-05-06 07:08:09.123", "[1, null]", "{n=7, s=x}", "1969-12-31", "true", "1.5"]


@pytest.fixture(scope="module")
def athena(cloud: object) -> Athena:
    """One database for the module: no two tests share a table."""
    return Athena(cloud, "athenaorc")


def keys(athena: Athena, prefix: str) -> list[str]:
    return [item["Key"] for item in athena.s3.list_objects_v2(Bucket=athena.bucket, Prefix=prefix).get("Contents", [])]


@pytest.mark.parametrize(("asked", "codec"), [("", "zlib"), (", write_compression = 'SNAPPY'", "snappy")])
def test_a_table_of_orc_is_written_and_read(athena: Athena, asked: str, codec: str) -> None:
    """AWS: ORC is compressed by ZLIB unless another is named: https://docs.aws.amazon.com/athena/latest/ug/compression-formats.html"""
    place = f"external_location = 's3://{athena.bucket}/{codec}/'"
    athena.rows(f"CREATE TABLE {codec} WITH (format = 'ORC', {place}{asked}) AS {VALUES}")
    athena.rows(f"INSERT INTO {codec} (id) VALUES 2")
    assert athena.rows(f"SELECT * FROM {codec} ORDER BY id") == [ROW, ["2", *[None] * 8]]
    written = [athena.s3.get_object(Bucket=athena.bucket, Key=key)["Body"].read() for key in keys(athena, f"{codec}/")]
    assert [orc.ORCFile(io.BytesIO(body)).compression.lower() for body in written] == [codec, codec]


@pytest.mark.parametrize(("asked", "codec"), [("", "deflate"), (", write_compression = 'SNAPPY'", "snappy")])
def test_a_table_of_avro_is_written_and_read(athena: Athena, asked: str, codec: str) -> None:
    """AWS: DEFLATE is Avro's alone: https://docs.aws.amazon.com/athena/latest/ug/compression-formats.html"""
    name = f"avro_{codec}"
    place = f"external_location = 's3://{athena.bucket}/{name}/', partitioned_by = ARRAY['day']"
    values = VALUES.replace(
        "SELECT 1 AS id", "SELECT CAST(MAP(ARRAY['k'], ARRAY[2]) AS MAP(VARCHAR, INTEGER)) AS map, 1 AS id"
    ).replace(
        ", DATE '1969-12-31' AS day, true AS ok, 1.5e0 AS weight",
        ", true AS ok, 1.5e0 AS weight, DATE '1969-12-31' AS day",
    )
    athena.rows(f"CREATE TABLE {name} WITH (format = 'AVRO', {place}{asked}) AS {values}")
    athena.rows(f"INSERT INTO {name} (id, day) VALUES (2, DATE '2026-11-30')")
    row = ["{k=2}", *ROW[:6], *ROW[7:], ROW[6]]
    assert athena.rows(f"SELECT * FROM {name} ORDER BY id") == [row, [None, "2", *[None] * 7, "2026-11-30"]]
    written = [athena.s3.get_object(Bucket=athena.bucket, Key=key)["Body"].read() for key in keys(athena, f"{name}/")]
    assert [codec.encode() in body[:2000] for body in written] == [True, True]
    assert (
        athena.run(f"UNLOAD (SELECT 1 AS a) TO 's3://{athena.bucket}/u{name}/' WITH (format = 'AVRO')").state
        == "SUCCEEDED"
    )


def test_columns_of_orc_are_found_by_their_place_unless_the_table_says_by_name(athena: Athena) -> None:
    body = io.BytesIO()
    orc.write_table(pa.table({"a": [1], "b": ["x"]}), body)
    athena.s3.put_object(Bucket=athena.bucket, Key="places/part-0.orc", Body=body.getvalue())
    place = f"LOCATION 's3://{athena.bucket}/places/'"
    serde = "ROW FORMAT SERDE 'org.apache.hadoop.hive.ql.io.orc.OrcSerde' WITH SERDEPROPERTIES ('orc.column.index.access' = 'false')"
    athena.rows(f"CREATE EXTERNAL TABLE by_place (renamed int, b string, more int) STORED AS ORC {place}")
    athena.rows(f"CREATE EXTERNAL TABLE by_name (b string, renamed int) {serde} STORED AS ORC {place}")
    assert athena.rows("SELECT * FROM by_place") == [["1", "x", None]]
    assert athena.rows("SELECT * FROM by_name") == [["x", None]]


def test_a_bucketed_table_has_a_file_for_each_bucket(athena: Athena) -> None:
    place = f"external_location = 's3://{athena.bucket}/bucketed/'"
    properties = f"bucketed_by = ARRAY['item'], bucket_count = 4, partitioned_by = ARRAY['day'], {place}"
    rows = "VALUES (1, 'tea', 'mon'), (2, 'jam', 'mon'), (3, NULL, 'tue'), (4, 'tea', 'tue')"
    athena.rows(f"CREATE TABLE bucketed WITH ({properties}) AS SELECT * FROM ({rows}) t(id, item, day)")
    descriptor = athena.glue.get_table(DatabaseName=athena.database, Name="bucketed")["Table"]["StorageDescriptor"]
    assert (descriptor["BucketColumns"], descriptor["NumberOfBuckets"]) == (["item"], 4)
    names = [key.rpartition("/")[2] for key in keys(athena, "bucketed/")]
    assert all(re.fullmatch(r"\d{8}_\d{6}_\d{5}_[a-z0-9]{5}_bucket-0000\d", name) for name in names)  # Trino's pattern
    assert athena.rows("SELECT id FROM bucketed ORDER BY id") == [["1"], ["2"], ["3"], ["4"]]
    assert athena.rows("SELECT id FROM bucketed WHERE item = 'tea' AND day = 'tue'") == [["4"]]
    assert athena.rows("SELECT id FROM bucketed WHERE item IS NULL OR id = 2 ORDER BY id") == [["2"], ["3"]]


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ("bucketed_by = ARRAY['a']", "bucketed_by and bucket_count must be specified together"),
        ("bucket_count = 2", "bucketed_by and bucket_count must be specified together"),
        ("bucketed_by = ARRAY['nope'], bucket_count = 2", "not present in schema"),
    ],
)
def test_buckets_that_cannot_be_made_are_refused(athena: Athena, properties: str, said: str) -> None:
    reason = athena.run(f"CREATE TABLE refused WITH ({properties}) AS SELECT 1 AS a").reason
    assert reason.startswith("INVALID_TABLE_PROPERTY")
    assert said in reason


def test_nothing_is_inserted_into_a_bucketed_table(athena: Athena) -> None:
    """AWS: INSERT INTO is not supported on bucketed tables. Source: https://docs.aws.amazon.com/athena/latest/ug/insert-into.html"""
    place = f"LOCATION 's3://{athena.bucket}/closed/'"
    athena.rows(f"CREATE EXTERNAL TABLE closed (a int) CLUSTERED BY (a) INTO 2 BUCKETS STORED AS PARQUET {place}")
    assert athena.run("INSERT INTO closed VALUES 1").reason.startswith("NOT_SUPPORTED: INSERT INTO bucketed table")


def test_a_query_with_constants_reads_their_buckets_alone(athena: Athena) -> None:
    """As awswrangler's ``test_bucketing_csv_saving`` measures it on AWS.

    Source: https://github.com/aws/aws-sdk-pandas/blob/main/tests/unit/test_athena.py
    """
    place = f"LOCATION 's3://{athena.bucket}/pruned/'"
    athena.rows(
        f"CREATE EXTERNAL TABLE pruned (a int, b string) CLUSTERED BY (a) INTO 2 BUCKETS STORED AS TEXTFILE {place}"
    )
    for number in range(2):
        lines = "".join(f"{value}\x01text\n" for value in range(number, 20, 2))
        athena.put(f"pruned/x_bucket-0000{number}.txt", lines)
    scanned = {}
    for condition in ("a = 4", "a IN (4, 5)", "a = 4 OR b = 'text'", "a = 4.0"):
        outcome = athena.run(f"SELECT count(*) FROM pruned WHERE {condition}")
        scanned[condition] = outcome.rows[0][0], outcome.execution["Statistics"]["DataScannedInBytes"]
    sizes = [athena.s3.head_object(Bucket=athena.bucket, Key=key)["ContentLength"] for key in keys(athena, "pruned/")]
    whole = sum(sizes)
    assert scanned == {
        "a = 4": ("1", sizes[0]),
        "a IN (4, 5)": ("2", whole),
        "a = 4 OR b = 'text'": ("20", whole),
        "a = 4.0": ("1", whole),
    }
