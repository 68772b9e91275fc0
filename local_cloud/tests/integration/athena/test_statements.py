"""Statements that define, write and change tables, through boto3."""

from __future__ import annotations

import gzip
import json

import pytest
from tests.integration.athena.client import OPENX, Athena

pytestmark = pytest.mark.integration


def test_views_are_kept_as_athena_keeps_them(athena: Athena) -> None:
    athena.json_table("t", "a int", '{"a":1}\n')
    athena.rows("CREATE VIEW v AS SELECT a, a / 2 AS half FROM t")
    document = athena.glue.get_table(DatabaseName=athena.database, Name="v")["Table"]
    assert document["TableType"] == "VIRTUAL_VIEW"
    assert document["ViewOriginalText"].startswith("/* Presto View: ")
    assert document["ViewExpandedText"] == "/* Presto View */"
    assert athena.rows("SELECT half FROM v") == [["0"]]
    assert athena.run("CREATE VIEW v AS SELECT 1 AS x").reason.startswith("TABLE_ALREADY_EXISTS")
    athena.rows("CREATE OR REPLACE VIEW v AS SELECT 1 AS x")
    assert athena.rows("SHOW VIEWS") == [["v"]]
    assert athena.rows(
        "SELECT table_type FROM information_schema.tables WHERE table_schema = '" + athena.database + "' ORDER BY 1"
    ) == [["BASE TABLE"], ["VIEW"]]
    athena.rows("DROP VIEW v")
    assert athena.rows("SHOW TABLES") == [["t"]]


def test_tables_are_described(athena: Athena) -> None:
    athena.rows(
        f"CREATE EXTERNAL TABLE t (a int COMMENT 'first', b struct<x:int>) PARTITIONED BY (dt string) ROW FORMAT SERDE '{OPENX}' LOCATION 's3://{athena.bucket}/t/'"
    )
    described = [row[0] for row in athena.rows("DESCRIBE t")]
    assert [part.strip() for part in str(described[0]).split("\t")] == ["a", "int", "first"]
    assert "# Partition Information" in str(described)
    assert [str(row[0]).strip() for row in athena.rows("SHOW COLUMNS IN t")] == ["a", "b", "dt"]
    assert athena.rows("SHOW CREATE TABLE t")[0] == ["CREATE EXTERNAL TABLE `t`("]
    assert athena.rows(f"SHOW CREATE TABLE {athena.database}.t")[0] == [f"CREATE EXTERNAL TABLE `{athena.database}.t`("]
    columns = athena.rows(
        f"SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = '{athena.database}' ORDER BY ordinal_position"
    )
    assert columns == [["a", "integer"], ["b", "row(x integer)"], ["dt", "varchar"]]


def test_databases_come_and_go(athena: Athena) -> None:
    name = f"{athena.database}_more"
    athena.rows(f"CREATE DATABASE {name}")
    assert "already exists" in athena.run(f"CREATE DATABASE {name}").reason
    athena.rows(f"CREATE DATABASE IF NOT EXISTS {name}")
    athena.rows(f"DROP DATABASE {name}")
    assert [name] not in athena.rows("SHOW DATABASES")


@pytest.mark.parametrize("form", ["PARQUET", "JSON"])
def test_create_table_as_and_insert_keep_values_and_partitions(athena: Athena, form: str) -> None:
    """AWS: CREATE TABLE AS; INSERT INTO.

    Sources: https://docs.aws.amazon.com/athena/latest/ug/create-table-as.html,
    https://docs.aws.amazon.com/athena/latest/ug/insert-into.html
    """
    location = f"s3://{athena.bucket}/{form.lower()}/"
    select = "SELECT 1 AS id, CAST('1.50' AS DECIMAL(5,2)) AS price, ARRAY['x'] AS tags, CAST(ROW(7) AS ROW(k INTEGER)) AS r, 'a' AS part"
    athena.rows(
        f"CREATE TABLE c WITH (format = '{form}', external_location = '{location}', partitioned_by = ARRAY['part']) AS {select}"
    )
    athena.rows("INSERT INTO c SELECT 2, CAST(2 AS DECIMAL(5,2)), NULL, NULL, 'b'")
    assert athena.rows("SELECT * FROM c ORDER BY id") == [
        ["1", "1.50", "[x]", "{k=7}", "a"],
        ["2", "2.00", None, None, "b"],
    ]
    assert athena.rows("SHOW PARTITIONS c") == [["part=a"], ["part=b"]]
    again = athena.run(f"CREATE TABLE d WITH (external_location = '{location}') AS SELECT 1 AS x")
    assert again.reason.startswith("HIVE_PATH_ALREADY_EXISTS")


def test_unload_writes_objects_and_a_manifest(athena: Athena) -> None:
    outcome = athena.run(f"UNLOAD (SELECT 1 AS a, 'x' AS b) TO 's3://{athena.bucket}/unloaded/' WITH (format = 'JSON')")
    assert outcome.state == "SUCCEEDED", outcome.reason
    manifest = outcome.execution["Statistics"]["DataManifestLocation"].removeprefix(f"s3://{athena.bucket}/")
    (path,) = athena.s3.get_object(Bucket=athena.bucket, Key=manifest)["Body"].read().decode().split()
    body = athena.s3.get_object(Bucket=athena.bucket, Key=path.removeprefix(f"s3://{athena.bucket}/"))["Body"].read()
    assert json.loads(gzip.decompress(body)) == {"a": 1, "b": "x"}


def test_prepared_statements_and_execution_parameters(athena: Athena) -> None:
    """AWS: Use parameterized queries.

    Source: https://docs.aws.amazon.com/athena/latest/ug/querying-with-prepared-statements.html
    """
    athena.json_table("t", "a int, s string", '{"a":1,"s":"x"}\n{"a":2,"s":"it\'s"}\n')
    athena.client.create_prepared_statement(
        StatementName="by_name", WorkGroup="primary", QueryStatement="SELECT a FROM t WHERE s = ?"
    )
    try:
        assert athena.rows("EXECUTE by_name USING 'x'") == [["1"]]
        assert athena.rows("EXECUTE by_name", ExecutionParameters=["'it''s'"]) == [["2"]]
    finally:
        athena.client.delete_prepared_statement(StatementName="by_name", WorkGroup="primary")
    assert athena.rows("SELECT s FROM t WHERE a = ?", ExecutionParameters=["1"]) == [["x"]]
    assert athena.run("SELECT ?").reason.startswith(
        "INVALID_PARAMETER_USAGE: Incorrect number of parameters: expected 1 but found 0"
    )
    for parameter in ("1, 2", "1 AS x"):
        assert athena.run("SELECT ?", ExecutionParameters=[parameter]).reason.startswith(
            "INVALID_PARAMETER_USAGE: Not one"
        )
    assert athena.run("EXECUTE nobody USING 1").reason == "NOT_FOUND: Prepared statement not found: nobody"


def test_iceberg_tables_are_written_changed_and_read_at_any_snapshot(athena: Athena) -> None:
    """AWS: Query Apache Iceberg tables; Perform time travel and version travel queries.

    Source: https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg.html
    """
    athena.rows(
        f"CREATE TABLE i (id bigint, name string, price decimal(12,2)) LOCATION 's3://{athena.bucket}/i/' TBLPROPERTIES ('table_type' = 'ICEBERG')"
    )
    athena.rows("INSERT INTO i VALUES (1, 'a', 1.50), (2, 'b', 2.50)")
    (before,) = athena.rows('SELECT snapshot_id FROM "i$snapshots"')
    athena.rows("UPDATE i SET price = price * 2 WHERE id = 1")
    athena.rows("UPDATE i SET price = DECIMAL '1.23' WHERE price = DECIMAL '2.50'")
    assert athena.rows("SELECT price FROM i WHERE name = 'b'") == [["1.23"]]
    athena.rows("DELETE FROM i WHERE name = 'b'")
    assert athena.rows("SELECT * FROM i") == [["1", "a", "3.00"]]
    assert athena.rows(f"SELECT id FROM i FOR VERSION AS OF {before[0]} ORDER BY id") == [["1"], ["2"]]
    assert athena.rows("SELECT count(*) FROM i FOR TIMESTAMP AS OF TIMESTAMP '2099-01-01 00:00:00 UTC'") == [["1"]]
    assert athena.run("SELECT 1 FROM i FOR TIMESTAMP AS OF TIMESTAMP '2001-01-01 00:00:00 UTC'").reason.startswith(
        "INVALID_ARGUMENTS: No version history"
    )
    assert athena.run("SELECT 1 FROM i FOR VERSION AS OF 5").reason.startswith(
        "INVALID_ARGUMENTS: Iceberg snapshot ID does not exist"
    )


def test_changing_rows_of_other_tables_is_refused(athena: Athena) -> None:
    athena.json_table("t", "a int", '{"a":1}\n')
    assert athena.run("DELETE FROM t WHERE a = 1").reason.startswith("NOT_SUPPORTED")


@pytest.mark.parametrize(
    "statement",
    [
        "EXPLAIN ANALYZE SELECT 1",
        "EXPLAIN (TYPE IO) SELECT 1",
        "SELECT a FROM (VALUES 1) t(a) TABLESAMPLE BERNOULLI (10)",
        "SELECT * FROM t MATCH_RECOGNIZE (PATTERN (A) DEFINE A AS true)",
    ],
)
def test_what_is_not_supported_says_so(athena: Athena, statement: str) -> None:
    assert athena.run(statement).reason.startswith("NOT_SUPPORTED")


def test_buckets_and_formats_are_kept_with_the_table(athena: Athena) -> None:
    """As PyAthena's own tests define and reflect tables on AWS (``test_create_table_bucketing``, ``…_orc``, ``…_avro``).

    Source: https://github.com/pyathena-dev/PyAthena/blob/master/tests/pyathena/sqlalchemy/test_base.py
    """
    place = f"LOCATION 's3://{athena.bucket}/b/'"
    athena.rows(f"CREATE EXTERNAL TABLE b (x string, y int) CLUSTERED BY (x, y) INTO 5 BUCKETS {place}")
    descriptor = athena.glue.get_table(DatabaseName=athena.database, Name="b")["Table"]["StorageDescriptor"]
    assert (descriptor["BucketColumns"], descriptor["NumberOfBuckets"]) == (["x", "y"], 5)
    shown = [row[0] for row in athena.rows("SHOW CREATE TABLE b")]
    assert shown[3:7] == ["CLUSTERED BY ( ", "  x, ", "  y) ", "INTO 5 BUCKETS"]
    for kind, serde, name, said in (
        ("ORC", "org.apache.hadoop.hive.ql.io.orc.OrcSerde", "orc.Orc", "HIVE_BAD_DATA: Malformed ORC file"),
        (
            "AVRO",
            "org.apache.hadoop.hive.serde2.avro.AvroSerDe",
            "avro.AvroContainer",
            "HIVE_CANNOT_OPEN_SPLIT: Not an Avro data file.",
        ),
    ):
        athena.rows(f"CREATE EXTERNAL TABLE {kind} (x string) STORED AS {kind} {place}")
        descriptor = athena.glue.get_table(DatabaseName=athena.database, Name=kind.lower())["Table"][
            "StorageDescriptor"
        ]
        assert descriptor["SerdeInfo"]["SerializationLibrary"] == serde
        assert descriptor["InputFormat"] == f"org.apache.hadoop.hive.ql.io.{name}InputFormat"
        athena.put("b/part-0", "no such file")
        assert athena.run(f"SELECT x FROM {kind}").reason.startswith(said)


def test_a_serde_that_is_named_stays_whatever_the_file_is_stored_as(athena: Athena) -> None:
    """AWS: Open CSV SerDe, whose examples end in STORED AS TEXTFILE.

    Source: https://docs.aws.amazon.com/athena/latest/ug/csv-serde.html
    """
    athena.put("quoted/part-0.csv", '"a,b","c"\n')
    serde = "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde' STORED AS TEXTFILE"
    athena.rows(f"CREATE EXTERNAL TABLE quoted (x string, y string) {serde} LOCATION 's3://{athena.bucket}/quoted/'")
    assert athena.rows("SELECT * FROM quoted") == [["a,b", "c"]]


def test_several_spaces_of_a_serde_parameter_are_kept_as_one(athena: Athena) -> None:
    """PyAthena's own test ``test_create_table_avro``, which runs on AWS.

    Source: https://github.com/pyathena-dev/PyAthena/blob/master/tests/pyathena/sqlalchemy/test_base.py
    """
    serde = (
        "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' WITH SERDEPROPERTIES ('said' = '{\n  \"a\" :   1\n}')"
    )
    athena.rows(f"CREATE EXTERNAL TABLE spaced (a int) {serde} LOCATION 's3://{athena.bucket}/spaced/'")
    table = athena.glue.get_table(DatabaseName=athena.database, Name="spaced")["Table"]
    assert table["StorageDescriptor"]["SerdeInfo"]["Parameters"]["said"] == '{\n "a" : 1\n}'
