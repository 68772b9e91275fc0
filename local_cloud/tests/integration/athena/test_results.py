"""Results and queries as resources of the API, through boto3."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from tests.integration.athena.client import Athena

pytestmark = pytest.mark.integration


def test_the_result_object_is_at_the_clients_location_with_values_quoted_and_null_bare(athena: Athena) -> None:
    """AWS: Working with query results, recent queries, and output files.

    Source: https://docs.aws.amazon.com/athena/latest/ug/querying.html
    """
    outcome = athena.run("""SELECT 'a"b' AS "x", NULL AS y, '' AS z, 1 AS n""")
    location = outcome.execution["ResultConfiguration"]["OutputLocation"]
    assert location == f"{athena.output}{outcome.execution['QueryExecutionId']}.csv"
    key = location.removeprefix(f"s3://{athena.bucket}/")
    body = athena.s3.get_object(Bucket=athena.bucket, Key=key)["Body"].read().decode()
    assert body == '"x","y","z","n"\n"a""b",,"","1"\n'
    assert athena.s3.head_object(Bucket=athena.bucket, Key=f"{key}.metadata")["ContentLength"] > 0
    assert outcome.rows == [['a"b', None, "", "1"]]


def test_ddl_results_are_text_objects(athena: Athena) -> None:
    outcome = athena.run("SHOW DATABASES")
    assert outcome.execution["ResultConfiguration"]["OutputLocation"].endswith(".txt")
    assert outcome.execution["StatementType"] == "UTILITY"
    assert [athena.database] in outcome.rows


def test_results_are_paged_with_the_header_once(athena: Athena) -> None:
    """AWS: GetQueryResults.

    Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_GetQueryResults.html
    """
    execution_id = athena.start("SELECT x, 'line\nbreak' FROM UNNEST(sequence(1, 2500)) AS t(x) ORDER BY x")
    athena.finish(execution_id)
    pages = list(
        athena.client.get_paginator("get_query_results").paginate(
            QueryExecutionId=execution_id, PaginationConfig={"PageSize": 1000}
        )
    )
    values = [row["Data"][0]["VarCharValue"] for page in pages for row in page["ResultSet"]["Rows"]]
    assert [len(page["ResultSet"]["Rows"]) for page in pages] == [1000, 1000, 501]
    assert values == ["x", *map(str, range(1, 2501))]


def test_a_failed_query_has_athenas_error_and_no_results(athena: Athena) -> None:
    outcome = athena.run("SELECT CAST('x' AS INTEGER)")
    status = outcome.execution["Status"]
    assert status["StateChangeReason"] == "INVALID_CAST_ARGUMENT: Cannot cast 'x' to INT"
    assert status["AthenaError"]["ErrorCategory"] == 2
    with pytest.raises(ClientError, match=r"Query did not finish successfully\. Final query state: FAILED"):
        athena.client.get_query_results(QueryExecutionId=outcome.execution["QueryExecutionId"])


def test_errors_show_neither_paths_nor_the_engine(athena: Athena) -> None:
    athena.json_table("t", "a int", '{"a":"x"}\n')
    reasons = [
        athena.run(sql).reason
        for sql in ("SELECT a FROM t", "SELECT map_agg(a, a) OVER (ORDER BY b) FROM (VALUES (1, 2)) t(a, b)")
    ]
    assert not any(
        word in reason.lower()
        for reason in reasons
        for word in ("duckdb", str(athena.cloud.home), "segments", ".parquet")
    )


def test_the_same_request_token_is_the_same_query(athena: Athena) -> None:
    """AWS: StartQueryExecution, ClientRequestToken.

    Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html
    """
    token = "t" * 40
    first = athena.start("SELECT 1", ClientRequestToken=token)
    assert athena.start("SELECT 1", ClientRequestToken=token) == first
    with pytest.raises(ClientError, match="Idempotent parameters do not match"):
        athena.start("SELECT 2", ClientRequestToken=token)


def test_malformed_statements_are_refused_at_the_start(athena: Athena) -> None:
    with pytest.raises(ClientError) as refused:
        athena.start("SELEC 1")
    assert refused.value.response["Error"]["Code"] == "InvalidRequestException"
    assert refused.value.response["AthenaErrorCode"] == "MALFORMED_QUERY"


def test_a_running_query_can_be_stopped(athena: Athena) -> None:
    """AWS: StopQueryExecution.

    Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_StopQueryExecution.html
    """
    slow = "SELECT count(*) FROM UNNEST(sequence(1, 10000)) a(x) CROSS JOIN UNNEST(sequence(1, 10000)) b(y) CROSS JOIN UNNEST(sequence(1, 100)) c(z) WHERE (x * y * z) % 7 = 3"
    execution_id = athena.start(slow)
    athena.client.stop_query_execution(QueryExecutionId=execution_id)
    outcome = athena.finish(execution_id)
    assert (outcome.state, outcome.reason) == ("CANCELLED", "Query cancelled by user")


def test_queries_are_listed_and_fetched_together(athena: Athena) -> None:
    ids = [athena.start("SELECT 1"), athena.start("SELECT 2")]
    for execution_id in ids:
        athena.finish(execution_id)
    assert set(ids) <= set(athena.client.list_query_executions()["QueryExecutionIds"])
    found = athena.client.batch_get_query_execution(QueryExecutionIds=[*ids, "00000000-0000-0000-0000-000000000000"])
    assert {item["Query"] for item in found["QueryExecutions"]} == {"SELECT 1", "SELECT 2"}
    assert len(found["UnprocessedQueryExecutionIds"]) == 1


def test_a_result_is_reused_where_the_client_allows_it(athena: Athena) -> None:
    """AWS: Reuse query results in Athena; awswrangler's and PyAthena's own tests hold AWS to it.

    Sources: https://docs.aws.amazon.com/athena/latest/ug/reusing-query-results.html,
    https://github.com/aws/aws-sdk-pandas/blob/main/tests/unit/test_athena.py (``test_start_query_execution_with_result_reuse_configuration``)
    """
    allowed = {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 5}}
    athena.json_table("growing", "a int", '{"a":1}\n')
    sql = "SELECT count(*) AS n FROM growing"
    first = athena.run(sql, ResultReuseConfiguration=allowed)
    athena.put("growing/part-1.json", '{"a":2}\n')
    second = athena.run(sql, ResultReuseConfiguration=allowed)
    reused = [one.execution["Statistics"]["ResultReuseInformation"]["ReusedPreviousResult"] for one in (first, second)]
    assert reused == [False, True]
    assert second.rows == first.rows
    assert second.execution["ResultReuseConfiguration"] == allowed
    assert second.execution["QueryExecutionId"] != first.execution["QueryExecutionId"]
    assert (second.execution["Statistics"]["DataScannedInBytes"], athena.rows(sql)) == (0, [["2"]])
    other = athena.run("SELECT count(*) AS m FROM growing", ResultReuseConfiguration=allowed)
    assert not other.execution["Statistics"]["ResultReuseInformation"]["ReusedPreviousResult"]
