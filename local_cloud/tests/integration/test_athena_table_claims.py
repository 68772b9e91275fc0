"""What local_cloud/README.md says of Athena's tables, statements and API, and no other test shows: it works, or is refused."""

from __future__ import annotations

import bz2
import gzip
import io
import re
import uuid
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError
from tests.integration.test_athena import OPENX, Athena

from local_cloud.athena.catalog.glue import Catalog
from local_cloud.athena.statement.callers import Caller
from local_cloud.athena.statement.query import Query
from local_cloud.athena.tables.objects import LEAST_LINKED_BYTES, Objects
from local_cloud.clients import Clients
from local_cloud.config import CloudConfig

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def athena(cloud: object) -> Athena:
    """One database for the module: no two tests share a table."""
    return Athena(cloud, "athenaclaims")


def external(athena: Athena, name: str, columns: str, folder: str, serde: str = OPENX, rest: str = "") -> str:
    return f"CREATE EXTERNAL TABLE {name} ({columns}) {rest} ROW FORMAT SERDE '{serde}' LOCATION 's3://{athena.bucket}/{folder}/'"


@pytest.mark.parametrize(
    "serde", ["org.apache.hive.hcatalog.data.JsonSerDe", "org.apache.hadoop.hive.serde2.JsonSerDe"]
)
def test_the_hive_json_serde_reads_lines(athena: Athena, serde: str) -> None:
    """AWS: Hive JSON SerDe."""
    name = "by_" + serde.split(".")[3]
    athena.put(f"{name}/part.json", '{"A":1,"b":"x"}\n')
    athena.rows(external(athena, name, "a int, b string", name, serde))
    assert athena.rows(f"SELECT * FROM {name}") == [["1", "x"]]


def test_bzip2_is_unpacked_by_its_extension(athena: Athena) -> None:
    athena.s3.put_object(Bucket=athena.bucket, Key="z/part.json.bz2", Body=bz2.compress(b'{"a":7}\n'))
    athena.rows(external(athena, "z", "a int", "z"))
    assert athena.rows("SELECT a FROM z") == [["7"]]


def test_large_objects_are_linked_where_the_emulator_keeps_them(athena: Athena, tmp_path: Path) -> None:
    """The seam: should the emulator keep its files elsewhere, queries would be right but slow."""
    athena.put("linked/dt=1/part.json", '{"a":1}\n' * LEAST_LINKED_BYTES)
    config = CloudConfig(0, "us-east-1", athena.cloud.home, enforce_iam=True)
    clients = Clients(athena.cloud.endpoint, "us-east-1")
    caller = Caller(clients, Catalog(clients))
    objects, query = Objects(caller, config.objects_dir), Query("q", "", "", "", [], "", "primary", None, caller)
    (item,) = objects.listed(f"s3://{athena.bucket}/linked/")
    assert len(list(objects.fetch(query, [(item, tmp_path / "part")], unpack=True))) == 1
    assert (tmp_path / "part").stat().st_nlink == 2


def projected(athena: Athena, name: str, first: dict[str, str]) -> str:
    properties = {
        "projection.enabled": "true", **first, "projection.n.type": "integer", "projection.n.range": "0,9",
    }  # fmt: skip
    listed = ", ".join(f"'{key}' = '{value}'" for key, value in properties.items())
    keys = "PARTITIONED BY (k string, n int)"
    return external(athena, name, "v int", "projected", rest=keys) + f" TBLPROPERTIES ({listed})"


def test_partitions_are_projected_by_enum_and_integer_and_refused_when_injected(athena: Athena) -> None:
    """AWS: Supported types for partition projection."""
    athena.put("projected/k=a/n=3/part.json", '{"v":1}\n')
    athena.put("projected/k=b/n=7/part.json", '{"v":2}\n')
    athena.rows(projected(athena, "p1", {"projection.k.type": "enum", "projection.k.values": "a,b"}))
    assert athena.rows("SELECT v, k, n FROM p1 ORDER BY v") == [["1", "a", "3"], ["2", "b", "7"]]
    athena.rows(projected(athena, "p2", {"projection.k.type": "injected"}))
    assert athena.run("SELECT v FROM p2 WHERE k = 'a'").reason.startswith("NOT_SUPPORTED")


def test_tables_are_altered(athena: Athena) -> None:
    """AWS: ALTER TABLE ADD COLUMNS, SET TBLPROPERTIES, SET LOCATION; SHOW TBLPROPERTIES."""
    athena.put("before/dt=1/part.json", '{"a":1,"b":"x"}\n')
    athena.put("after/part.json", '{"a":2}\n{"a":3}\n')
    athena.rows(external(athena, "altered", "a int", "before", rest="PARTITIONED BY (dt string)"))
    athena.rows("MSCK REPAIR TABLE altered")
    assert athena.rows('SELECT * FROM "altered$partitions"') == [["1"]]
    athena.rows("ALTER TABLE altered ADD COLUMNS (b string)")
    athena.rows("ALTER TABLE altered SET TBLPROPERTIES ('owner' = 'sales')")
    assert athena.rows("SELECT a, b, dt FROM altered") == [["1", "x", "1"]]
    assert ["owner\tsales"] in athena.rows("SHOW TBLPROPERTIES altered")
    athena.rows(external(athena, "moved", "a int", "before"))
    athena.rows(f"ALTER TABLE moved SET LOCATION 's3://{athena.bucket}/after/'")
    assert athena.rows("SELECT a FROM moved ORDER BY a") == [["2"], ["3"]]


def test_a_column_is_added_once(athena: Athena) -> None:
    athena.rows(external(athena, "twice", "a int", "twice"))
    assert "Duplicate column name: a" in athena.run("ALTER TABLE twice ADD COLUMNS (a string)").reason


def test_dates_precise_to_the_month_are_projected_once(athena: Athena) -> None:
    """AWS: Supported types for partition projection: the interval of such dates is a month."""
    athena.put("months/m=2025-01/part.json", '{"v":1}\n')
    properties = {
        "projection.enabled": "true", "projection.m.type": "date", "projection.m.format": "yyyy-MM", "projection.m.range": "2024-11,2025-02",
    }  # fmt: skip
    listed = ", ".join(f"'{key}' = '{value}'" for key, value in properties.items())
    keys = "PARTITIONED BY (m string)"
    athena.rows(external(athena, "months", "v int", "months", rest=keys) + f" TBLPROPERTIES ({listed})")
    assert athena.rows("SELECT v, m FROM months") == [["1", "2025-01"]]


def iceberg(athena: Athena, name: str, columns: str) -> str:
    return f"CREATE TABLE {name} ({columns}) LOCATION 's3://{athena.bucket}/{name}/' TBLPROPERTIES ('table_type' = 'ICEBERG')"


def test_iceberg_tables_hold_maps_and_take_more_columns(athena: Athena) -> None:
    """AWS: ALTER TABLE ADD COLUMNS of Iceberg tables."""
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
    assert athena.run("ALTER TABLE held SET TBLPROPERTIES ('a' = 'b')").reason.startswith("NOT_SUPPORTED")


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


def test_timestamps_finer_than_milliseconds_are_rounded_when_read(athena: Athena) -> None:
    """Trino: Hive connector, timestamp precision."""
    moments = pa.array([datetime(2020, 1, 1, 10, 0, 0, 123500)], pa.timestamp("us"))  # noqa: DTZ001
    body = io.BytesIO()
    pq.write_table(pa.table({"t": moments, "l": pa.array([moments.to_pylist()], pa.list_(moments.type))}), body)
    athena.s3.put_object(Bucket=athena.bucket, Key="micros/part.parquet", Body=body.getvalue())
    athena.rows(
        f"CREATE EXTERNAL TABLE micros (t timestamp, l array<timestamp>) STORED AS PARQUET LOCATION 's3://{athena.bucket}/micros/'"
    )
    moment = "2020-01-01 10:00:00.124"
    sql = f"SELECT t, l, t = TIMESTAMP '{moment}', l[1] = t FROM micros"
    assert athena.rows(sql) == [[moment, f"[{moment}]", "true", "true"]]


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
    """AWS: Use compression in Athena: GZIP unless another is named."""
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


def test_the_default_partition_of_a_typed_key_is_null(athena: Athena) -> None:
    place = f"external_location = 's3://{athena.bucket}/typed-key/'"
    athena.rows(f"CREATE TABLE typed_key WITH ({place}, partitioned_by = ARRAY['k']) AS SELECT 1 AS a, 7 AS k")
    athena.rows("INSERT INTO typed_key VALUES (2, NULL)")
    assert athena.rows("SELECT a FROM typed_key WHERE k = 7") == [["1"]]
    assert athena.rows("SELECT a FROM typed_key WHERE k IS NULL") == [["2"]]
    assert athena.rows('SELECT k FROM "typed_key$partitions" ORDER BY k') == [["7"], [None]]


def test_columns_are_named_once(athena: Athena) -> None:
    assert "Duplicate column name: a" in athena.run(external(athena, "doubled", "a int, A string", "doubled")).reason
    repeated = external(athena, "doubled", "a int", "doubled", rest="PARTITIONED BY (a string)")
    assert "Column repeated in partitioning columns" in athena.run(repeated).reason
    athena.rows(external(athena, "single", "a int, b int", "single"))
    assert athena.run("INSERT INTO single (a, A) VALUES (1, 2)").reason.startswith("DUPLICATE_COLUMN_NAME")


def test_a_created_table_names_each_column_once(athena: Athena) -> None:
    reason = athena.run("CREATE TABLE same AS SELECT 1 AS a, 2 AS A").reason
    assert reason.startswith("DUPLICATE_COLUMN_NAME: line 1:1: Column name 'a' specified more than once")


def test_a_view_shows_its_statement(athena: Athena) -> None:
    athena.rows("CREATE VIEW shown AS SELECT 1 AS one")
    assert athena.rows("SHOW CREATE VIEW shown") == [[f"CREATE VIEW {athena.database}.shown AS"], ["SELECT 1 AS one"]]


def test_lines_that_are_no_strict_json_objects_fail_the_query(athena: Athena) -> None:
    for name, line in {"loose": "{a:1}", "listed": "[1]"}.items():
        athena.json_table(name, "a int", line + "\n")
        assert athena.run(f"SELECT a FROM {name}").reason.startswith("HIVE_CURSOR_ERROR")
    for name, value in {"octal": "017", "hexadecimal": "0x1F"}.items():
        athena.json_table(name, "a int", f'{{"a":"{value}"}}\n')
        assert athena.run(f"SELECT a FROM {name}").reason.startswith("HIVE_BAD_DATA")


def test_iceberg_files_are_listed_and_transforms_are_not_written(athena: Athena) -> None:
    place = f"LOCATION 's3://{athena.bucket}/{{}}/' TBLPROPERTIES ('table_type' = 'ICEBERG')"
    athena.rows("CREATE TABLE ice (a int) " + place.format("ice"))
    athena.rows("INSERT INTO ice VALUES 1")
    assert athena.rows('SELECT record_count FROM "ice$files"') == [["1"]]
    athena.rows("CREATE TABLE days (d date) PARTITIONED BY (day(d)) " + place.format("days"))
    assert athena.run("INSERT INTO days VALUES DATE '2020-01-01'").reason.startswith("NOT_SUPPORTED")
    for statement in ("OPTIMIZE ice REWRITE DATA USING BIN_PACK", "VACUUM ice"):
        assert athena.run(statement).reason.startswith("NOT_SUPPORTED")


@pytest.mark.parametrize("form", ["ORC", "AVRO", "TEXTFILE"])
def test_other_formats_are_not_written(athena: Athena, form: str) -> None:
    place = f"external_location = 's3://{athena.bucket}/{form}/'"
    created = athena.run(f"CREATE TABLE w{form} WITH (format = '{form}', {place}) AS SELECT 1 AS a")
    unloaded = athena.run(f"UNLOAD (SELECT 1 AS a) TO 's3://{athena.bucket}/u{form}/' WITH (format = '{form}')")
    assert created.reason.startswith("NOT_SUPPORTED")
    assert unloaded.reason.startswith("NOT_SUPPORTED")


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("CREATE EXTERNAL TABLE o (a int) STORED AS ORC LOCATION 's3://b/o/'", "NOT_SUPPORTED"),
        ("CREATE EXTERNAL TABLE o (a int) STORED AS AVRO LOCATION 's3://b/o/'", "NOT_SUPPORTED"),
        ("CREATE EXTERNAL TABLE o (a int) CLUSTERED BY (a) INTO 4 BUCKETS LOCATION 's3://b/o/'", "mismatched input"),
        ("CREATE TABLE o WITH (bucketed_by = ARRAY['a'], bucket_count = 2) AS SELECT 1 AS a", "NOT_SUPPORTED"),
        ("DESCRIBE EXTENDED described", "NOT_SUPPORTED"),
        ("DESCRIBE described a", "NOT_SUPPORTED"),
        ("ALTER TABLE described RENAME TO other", "NOT_SUPPORTED"),
    ],
)
def test_definitions_that_cannot_be_kept_are_refused(athena: Athena, statement: str, said: str) -> None:
    if "described" in statement:
        athena.run("CREATE EXTERNAL TABLE IF NOT EXISTS described (a int) LOCATION 's3://b/described/'")
    assert said in athena.run(statement).reason


def test_more_than_a_hundred_partitions_at_once_are_refused(athena: Athena) -> None:
    """AWS: Use CTAS and INSERT INTO to work around the 100 partition limit."""
    properties = f"partitioned_by = ARRAY['x'], external_location = 's3://{athena.bucket}/many/'"
    sql = f"CREATE TABLE many WITH ({properties}) AS SELECT 1 AS a, x FROM UNNEST(sequence(1, 101)) t(x)"
    assert athena.run(sql).reason.startswith("HIVE_TOO_MANY_OPEN_PARTITIONS")


def parquet_of(athena: Athena, prefix: str) -> pq.FileMetaData:
    """The footer of the only Parquet object under a prefix."""
    (found,) = athena.s3.list_objects_v2(Bucket=athena.bucket, Prefix=prefix)["Contents"]
    body = athena.s3.get_object(Bucket=athena.bucket, Key=found["Key"])["Body"].read()
    return pq.read_metadata(io.BytesIO(body))


def chunks(footer: pq.FileMetaData, *columns: int) -> int:
    return sum(
        footer.row_group(group).column(column).total_compressed_size
        for group in range(footer.num_row_groups)
        for column in columns
    )


def scanned(athena: Athena, sql: str) -> int:
    outcome = athena.run(sql)
    assert outcome.state == "SUCCEEDED", outcome.reason
    return int(outcome.execution["Statistics"]["DataScannedInBytes"])


NUMBERS = "SELECT x, x * 2 AS y, CAST(ROW(x, 'n') AS ROW(a BIGINT, b VARCHAR)) AS r, CAST(x % 3 AS VARCHAR) AS k FROM UNNEST(sequence(1, 1000)) t(x)"


@pytest.fixture(scope="module")
def columnar(athena: Athena) -> pq.FileMetaData:
    """The footer of table ``columnar``; its chunks: x, y, r.a, r.b, k."""
    location = f"external_location = 's3://{athena.bucket}/columnar/'"
    athena.rows(f"CREATE TABLE columnar WITH (format = 'PARQUET', {location}) AS {NUMBERS}")
    return parquet_of(athena, "columnar/")


@pytest.mark.parametrize(
    ("sql", "read"),
    [
        ("SELECT count(*) FROM columnar", ()),
        ("SELECT count(*) FROM columnar WHERE y > 10", (1,)),
        ("SELECT x FROM columnar LIMIT 1", (0,)),
        ("SELECT max(x) FROM columnar", (0,)),
        ("SELECT sum(x) FROM columnar WHERE y > 10", (0, 1)),
        ("SELECT r.a FROM columnar", (2, 3)),
        ("SELECT q.x FROM (SELECT *, count(*) OVER (PARTITION BY k) AS n FROM columnar) q ORDER BY q.y", (0, 1)),
        ("SELECT q.n FROM (SELECT *, count(*) OVER (PARTITION BY k) AS n FROM columnar) q", (4,)),
        ("SELECT a.x FROM columnar a JOIN (VALUES 'z') b(k) ON a.k = b.k", (0, 4)),
        ("SELECT x FROM columnar a WHERE EXISTS (SELECT 1 FROM (VALUES 1) v(n) WHERE v.n = a.y)", (0, 1)),
        ("SELECT * FROM columnar", (0, 1, 2, 3, 4)),
    ],
)
def test_of_parquet_the_footer_and_the_columns_that_a_query_needs_are_scanned(
    athena: Athena, columnar: pq.FileMetaData, sql: str, read: tuple[int, ...]
) -> None:
    """AWS: Top 10 Performance Tuning Tips for Amazon Athena: columnar formats let Athena read only the needed columns."""
    assert scanned(athena, sql) == columnar.serialized_size + 8 + chunks(columnar, *read)


def test_every_reading_of_a_parquet_table_counts(athena: Athena, columnar: pq.FileMetaData) -> None:
    sql = "SELECT a.x, b.k FROM columnar a JOIN columnar b ON a.x = b.y"
    assert scanned(athena, sql) == 2 * (columnar.serialized_size + 8) + chunks(columnar, 0, 1, 4)


def test_of_icebergs_files_the_columns_that_a_query_needs_are_scanned(athena: Athena) -> None:
    place = f"is_external = false, location = 's3://{athena.bucket}/wide/'"
    athena.rows(f"CREATE TABLE wide WITH (table_type = 'ICEBERG', {place}) AS {NUMBERS}")
    footer = parquet_of(athena, "wide/data/")
    ((size,),) = athena.rows('SELECT file_size_in_bytes FROM "wide$files"')
    around = int(size or 0) - chunks(footer, 0, 1, 2, 3, 4)
    assert scanned(athena, "SELECT count(*) FROM wide") == around
    assert scanned(athena, "SELECT sum(x) FROM wide WHERE k = '1'") == around + chunks(footer, 0, 4)
    assert scanned(athena, "SELECT r.b FROM wide") == around + chunks(footer, 2, 3)
    assert scanned(athena, "SELECT * FROM wide") == int(size or 0)
    assert athena.rows("SELECT k, count(*), sum(r.a) FROM wide WHERE y > 1990 GROUP BY k ORDER BY k") == [
        ["0", "2", "1995"], ["1", "2", "1997"], ["2", "1", "998"],
    ]  # fmt: skip


def test_the_api_beside_queries(athena: Athena) -> None:
    """AWS: GetQueryRuntimeStatistics, TagResource, data catalogs; query results are computed anew every time."""
    again = {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 5}}
    execution = athena.run("SELECT 1", ResultReuseConfiguration=again).execution
    assert execution["Statistics"]["ResultReuseInformation"] == {"ReusedPreviousResult": False}
    assert execution["Statistics"]["QueryQueueTimeInMillis"] == 0
    client, query_id = athena.client, execution["QueryExecutionId"]
    timeline = client.get_query_runtime_statistics(QueryExecutionId=query_id)["QueryRuntimeStatistics"]["Timeline"]
    assert timeline["TotalExecutionTimeInMillis"] >= timeline["EngineExecutionTimeInMillis"]
    arn = "arn:aws:athena:us-east-1:000000000000:workgroup/primary"
    client.tag_resource(ResourceARN=arn, Tags=[{"Key": "team", "Value": "sales"}])
    assert {"Key": "team", "Value": "sales"} in client.list_tags_for_resource(ResourceARN=arn)["Tags"]
    client.untag_resource(ResourceARN=arn, TagKeys=["team"])
    assert client.list_data_catalogs()["DataCatalogsSummary"][0]["CatalogName"] == "AwsDataCatalog"
    assert client.get_database(CatalogName="AwsDataCatalog", DatabaseName=athena.database)["Database"]["Name"]


def test_named_queries_are_refused(athena: Athena) -> None:
    with pytest.raises(ClientError, match="has no operation 'ListNamedQueries'"):
        athena.client.list_named_queries()
