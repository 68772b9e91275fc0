"""Iceberg tables: what local_cloud/README.md says of them works, or is refused."""

from __future__ import annotations

import io

import pyarrow.parquet as pq
import pytest
from tests.integration.athena.client import Athena, external

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def athena(cloud: object) -> Athena:
    """One database for the module: no two tests share a table."""
    return Athena(cloud, "athenaiceberg")


def iceberg(athena: Athena, name: str, columns: str) -> str:
    return f"CREATE TABLE {name} ({columns}) LOCATION 's3://{athena.bucket}/{name}/' TBLPROPERTIES ('table_type' = 'ICEBERG')"


def test_iceberg_tables_hold_maps_and_take_more_columns(athena: Athena) -> None:
    """AWS: ALTER TABLE ADD COLUMNS of Iceberg tables.

    Source: https://docs.aws.amazon.com/athena/latest/ug/alter-table-add-columns.html
    """
    athena.rows(iceberg(athena, "held", "id int, m map<string,int>, a array<string>"))
    assert athena.rows('SELECT * FROM "held$files"') == []
    athena.rows("INSERT INTO held VALUES (1, MAP(ARRAY['k', 'l'], ARRAY[1, NULL]), ARRAY['x']), (2, NULL, NULL)")
    athena.rows("ALTER TABLE held ADD COLUMNS (more struct<b:string>)")
    assert athena.rows("SELECT * FROM held ORDER BY id") == [
        ["1", "{k=1, l=null}", "[x]", None],
        ["2", None, None, None],
    ]
    athena.rows("INSERT INTO held (id, more) VALUES (3, CAST(ROW('y') AS ROW(b VARCHAR)))")
    assert athena.rows("SELECT more FROM held WHERE id = 3") == [["{b=y}"]]
    assert "already exists" in athena.run("ALTER TABLE held ADD COLUMNS (ID int)").reason
    assert athena.run("ALTER TABLE held SET TBLPROPERTIES ('a' = 'b')").reason == "Unsupported table property key: a"


@pytest.mark.parametrize("form", ["parquet", "iceberg"])
def test_rows_inside_maps_keep_their_fields(athena: Athena, form: str) -> None:
    value = "MAP(ARRAY['k'], ARRAY[ARRAY[CAST(ROW(1, 'a') AS ROW(x INTEGER, y VARCHAR))]]) AS m"
    place = f"s3://{athena.bucket}/mapped-{form}/"
    properties = (
        f"format = 'PARQUET', external_location = '{place}'"
        if form == "parquet"
        else f"table_type = 'ICEBERG', is_external = false, location = '{place}'"
    )
    athena.rows(f"CREATE TABLE mapped_{form} WITH ({properties}) AS SELECT {value}")
    assert athena.rows(f"SELECT m, m['k'][1].y FROM mapped_{form}") == [["{k=[{x=1, y=a}]}", "a"]]
    listed = athena.s3.list_objects_v2(Bucket=athena.bucket, Prefix=f"mapped-{form}/")["Contents"]
    (key,) = [item["Key"] for item in listed if "metadata" not in item["Key"]]
    body = athena.s3.get_object(Bucket=athena.bucket, Key=key)["Body"].read()
    names = [column.rpartition(".")[2] for column in pq.read_metadata(io.BytesIO(body)).schema.names]
    assert names == ["key", "x", "y"]


def test_an_update_takes_no_value_of_another_type(athena: Athena) -> None:
    athena.rows(iceberg(athena, "typed", "id int, name string"))
    athena.rows("INSERT INTO typed VALUES (1, NULL)")
    assert athena.run("UPDATE typed SET id = name").reason.startswith(
        "TYPE_MISMATCH: line 1:1: UPDATE table column types don't match SET expressions: Table: ['integer'], Expressions: ['varchar']"
    )
    assert "Multiple assignments" in athena.run("UPDATE typed SET id = 1, ID = 2").reason


def test_no_text_is_cut_off_by_an_insert(athena: Athena) -> None:
    """Trino: INSERT; a created table's column is as long as the query's text."""
    location = f"external_location = 's3://{athena.bucket}/short/'"
    athena.rows(f"CREATE TABLE short WITH ({location}) AS SELECT 'abc' AS s")
    athena.rows("INSERT INTO short VALUES 'd   '")
    assert athena.run("INSERT INTO short VALUES 'efgh'").reason.startswith(
        "INVALID_CAST_ARGUMENT: Cannot truncate non-space characters when casting from varchar(4) to varchar(3) on INSERT"
    )
    assert athena.rows("SELECT s FROM short ORDER BY s") == [["abc"], ["d  "]]


def test_columns_are_named_once(athena: Athena) -> None:
    assert (
        "Duplicate column name: a"
        in athena.run(external(athena, "repeated_name", "a int, A string", "repeated_name")).reason
    )
    repeated = external(athena, "repeated_name", "a int", "repeated_name", rest="PARTITIONED BY (a string)")
    assert "Column repeated in partitioning columns" in athena.run(repeated).reason
    athena.rows(external(athena, "single", "a int, b int", "single"))
    assert athena.run("INSERT INTO single (a, A) VALUES (1, 2)").reason.startswith("DUPLICATE_COLUMN_NAME")


def test_iceberg_files_are_listed(athena: Athena) -> None:
    athena.rows(
        f"CREATE TABLE ice (a int) LOCATION 's3://{athena.bucket}/ice/' TBLPROPERTIES ('table_type' = 'ICEBERG')"
    )
    athena.rows("INSERT INTO ice VALUES 1")
    assert athena.rows('SELECT record_count FROM "ice$files"') == [["1"]]


def test_rows_go_into_the_partitions_of_transforms(athena: Athena) -> None:
    """AWS: Create Iceberg tables: partitioning; CREATE TABLE AS: the order of bucket's arguments is another one.

    Sources: https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-creating-tables.html,
    https://docs.aws.amazon.com/athena/latest/ug/create-table-as.html. A real Trino 476 answered "t$partitions" in the same way.
    """
    place = f"LOCATION 's3://{athena.bucket}/days/' TBLPROPERTIES ('table_type' = 'ICEBERG')"
    athena.rows(f"CREATE TABLE days (t timestamp, s string) PARTITIONED BY (day(t), bucket(16, s)) {place}")
    athena.rows(
        "INSERT INTO days VALUES (TIMESTAMP '2020-01-01 10:00:00', 'iceberg'), (TIMESTAMP '2020-01-02 11:00:00', NULL)"
    )
    assert athena.rows('SELECT partition, record_count, data.t.min FROM "days$partitions" ORDER BY 3') == [
        ["{t_day=2020-01-01, s_bucket=9}", "1", "2020-01-01 10:00:00.000000"],
        ["{t_day=2020-01-02, s_bucket=null}", "1", "2020-01-02 11:00:00.000000"],
    ]
    properties = f"table_type = 'ICEBERG', is_external = false, location = 's3://{athena.bucket}/weeks/'"
    partitioning = "partitioning = ARRAY['MONTH(t)', 'bucket(s, 16)']"
    athena.rows(f"CREATE TABLE weeks WITH ({properties}, {partitioning}) AS SELECT * FROM days")
    assert athena.rows("SELECT count(*) FROM weeks WHERE t < TIMESTAMP '2020-01-02'") == [["1"]]
    assert athena.rows("DESCRIBE weeks")[-2:] == [["t_month\tmonth\tt"], ["s_bucket\tbucket[16]\ts"]]
    athena.rows("DELETE FROM weeks WHERE s IS NULL")
    assert athena.rows("SELECT s FROM weeks") == [["iceberg"]]


def test_metadata_tables_of_files_have_the_columns_that_aws_shows(athena: Athena) -> None:
    """Columns of AWS, and values of a real Trino 476 over the same tables.

    Sources: https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-table-metadata.html and, for the columns of ``$files``,
    https://dev.classmethod.jp/articles/amazon-athena-iceberg-table-metadata-usecase.
    """
    place = f"LOCATION 's3://{athena.bucket}/shown/' TBLPROPERTIES ('table_type' = 'ICEBERG')"
    athena.rows(f"CREATE TABLE shown (id int, day date, price decimal(6,2), note string) PARTITIONED BY (day) {place}")
    for table in ("files", "manifests", "refs"):
        assert athena.rows(f'SELECT * FROM "shown${table}"') == []
    athena.rows("INSERT INTO shown VALUES (1, DATE '2024-01-02', 1.50, 'b'), (2, DATE '2024-01-02', NULL, 'a')")
    files = athena.run('SELECT * FROM "shown$files"')
    assert files.names == [
        "content", "file_path", "file_format", "record_count", "file_size_in_bytes", "column_sizes", "value_counts", "null_value_counts",
        "nan_value_counts", "lower_bounds", "upper_bounds", "key_metadata", "split_offsets", "equality_ids",
    ]  # fmt: skip
    found = dict(zip(files.names, files.rows[0], strict=True))
    assert (found["content"], found["file_format"], found["record_count"]) == ("0", "PARQUET", "2")
    assert found["value_counts"] == "{1=2, 2=2, 3=2, 4=2}"
    assert found["null_value_counts"] == "{1=0, 2=0, 3=1, 4=0}"
    assert found["lower_bounds"] == "{1=1, 2=2024-01-02, 3=1.50, 4=a}"
    assert found["upper_bounds"] == "{1=2, 2=2024-01-02, 3=1.50, 4=b}"
    ((snapshot,),) = athena.rows('SELECT snapshot_id FROM "shown$snapshots"')
    manifests = "added_snapshot_id, added_data_files_count, added_rows_count, partition_summaries"
    assert athena.rows(f'SELECT {manifests} FROM "shown$manifests"') == [
        [
            snapshot,
            "1",
            "2",
            "[{contains_null=false, contains_nan=false, lower_bound=2024-01-02, upper_bound=2024-01-02}]",
        ]
    ]
    assert athena.rows('SELECT * FROM "shown$refs"') == [["main", "BRANCH", snapshot, None, None, None]]
    athena.rows("INSERT INTO shown VALUES (3, DATE '2024-01-02', NULL, NULL)")
    ((bounds,),) = athena.rows('SELECT data.price FROM "shown$partitions"')
    assert bounds == "{min=1.50, max=1.50, null_count=2, nan_count=null}"
