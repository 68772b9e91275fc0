"""Athena through other unmodified clients: PyAthena, awswrangler and the AWS CLI."""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from tests.integration.athena.client import Athena

pytestmark = pytest.mark.integration


def test_pyathena_reads_typed_rows(athena: Athena) -> None:
    from datetime import date
    from decimal import Decimal

    from pyathena import connect

    athena.json_table("t", "a bigint, p decimal(12,2), d date", '{"a":1,"p":10.5,"d":"2020-01-02"}\n{}\n')
    connection = connect(
        s3_staging_dir=athena.output,
        schema_name=athena.database,
        endpoint_url=athena.cloud.endpoint,
        region_name="us-east-1",
        poll_interval=0.1,
    )
    cursor = connection.cursor().execute(
        "SELECT a, p, d, a > 0 FROM t WHERE a = %(a)s OR a IS NULL ORDER BY a", {"a": 1}
    )
    assert cursor.fetchall() == [(1, Decimal("10.50"), date(2020, 1, 2), True), (None, None, None, None)]


def test_a_table_shows_its_comment_and_a_time_its_precision(athena: Athena) -> None:
    """As PyAthena's own tests expect them of AWS (its ``test_reflect_table`` and ``test_complex``)."""
    place = f"LOCATION 's3://{athena.bucket}/noted/'"
    athena.rows(f"CREATE EXTERNAL TABLE noted (a int) COMMENT 'of\n the table' {place}")
    found = athena.client.get_table_metadata(
        CatalogName="AwsDataCatalog", DatabaseName=athena.database, TableName="noted"
    )
    parameters = found["TableMetadata"]["Parameters"]
    assert parameters["comment"] == "of the table"
    assert parameters["location"] == f"s3://{athena.bucket}/noted"
    assert parameters["inputformat"] == "org.apache.hadoop.mapred.TextInputFormat"
    assert parameters["outputformat"] == "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
    assert parameters["serde.param.serialization.format"] == "1"
    execution_id = athena.run("SELECT TIME '01:02:03.000' AS t").execution["QueryExecutionId"]
    page = athena.client.get_query_results(QueryExecutionId=execution_id)["ResultSet"]["ResultSetMetadata"]
    assert page["ColumnInfo"][0]["Precision"] == 3


def test_awswrangler_reads_frames(athena: Athena, monkeypatch: pytest.MonkeyPatch) -> None:
    import awswrangler

    for service in ("s3", "athena", "glue", "sts"):
        monkeypatch.setattr(awswrangler.config, f"{service}_endpoint_url", athena.cloud.endpoint)
    athena.json_table("t", "a bigint, p decimal(12,2), s string", '{"a":1,"p":10.5,"s":"x"}\n')
    for options in (
        {"ctas_approach": False},
        {"ctas_approach": True},
        {"ctas_approach": False, "unload_approach": True},
    ):
        frame = awswrangler.athena.read_sql_query(
            "SELECT * FROM t", database=athena.database, s3_output=f"{athena.output}{len(str(options))}/", **options
        )
        assert [str(value) for value in frame.iloc[0]] == ["1", "10.50", "x"]


def test_the_aws_cli_gets_results(athena: Athena) -> None:
    import os
    import subprocess
    import sys

    execution_id = athena.start("SELECT 42 AS answer")
    athena.finish(execution_id)
    command = [
        str(Path(sys.executable).parent / "aws"),
        "--endpoint-url",
        athena.cloud.endpoint,
        "athena",
        "get-query-results",
        "--query-execution-id",
        execution_id,
        "--output",
        "text",
    ]
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    assert "42" in subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout


def test_a_table_as_select_is_refused_as_awswrangler_expects(athena: Athena) -> None:
    """Its ``test_read_sql_query_wo_results_ctas`` and ``test_athena_undefined_column``: when it starts, and by the words.

    Source: https://github.com/aws/aws-sdk-pandas/blob/main/tests/unit/test_athena.py
    """
    place = f"WITH (external_location = 's3://{athena.bucket}/refused/')"
    with pytest.raises(ClientError, match="mismatched input 'ALTER'"):
        athena.start(f"CREATE TABLE refused {place} AS ALTER TABLE t SET LOCATION 's3://{athena.bucket}/x/'")
    outcome = athena.run(f"CREATE TABLE refused {place} AS SELECT NULL AS my_null")
    assert outcome.reason == "COLUMN_TYPE_UNKNOWN: line 1:1: Column type is unknown at position 1"
