"""The local Athena through unmodified clients; every behaviour is one that AWS or Trino documents."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.integration

CORPUS = Path(__file__).parent / "athena_corpus"
FINAL = {"SUCCEEDED", "FAILED", "CANCELLED"}
OPENX = "org.openx.data.jsonserde.JsonSerDe"


@dataclass(frozen=True)
class Outcome:
    """How a query ended: rows without the header, or the reason of its failure."""

    state: str
    reason: str
    names: list[str]
    types: list[str]
    rows: list[list[str | None]]
    execution: dict[str, Any]


class Athena:
    """A database and bucket of its own, and queries on them by boto3."""

    def __init__(self, cloud: Any, prefix: str) -> None:
        self.cloud, self.database, self.bucket = cloud, prefix, f"{prefix}-bucket"
        self.client, self.s3, self.glue = cloud.client("athena"), cloud.client("s3"), cloud.client("glue")
        self.s3.create_bucket(Bucket=self.bucket)
        self.glue.create_database(DatabaseInput={"Name": self.database})

    @property
    def output(self) -> str:
        return f"s3://{self.bucket}/results/"

    def start(self, sql: str, **options: Any) -> str:
        settings = {
            "QueryExecutionContext": {"Database": self.database},
            "ResultConfiguration": {"OutputLocation": self.output},
            **options,
        }
        return str(self.client.start_query_execution(QueryString=sql, **settings)["QueryExecutionId"])

    def finish(self, execution_id: str) -> Outcome:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            execution = self.client.get_query_execution(QueryExecutionId=execution_id)["QueryExecution"]
            if execution["Status"]["State"] in FINAL:
                return self._outcome(execution)
            time.sleep(0.05)
        raise AssertionError(f"query {execution_id} did not end")

    def _outcome(self, execution: dict[str, Any]) -> Outcome:
        status = execution["Status"]
        if status["State"] != "SUCCEEDED":
            return Outcome(status["State"], status.get("StateChangeReason", ""), [], [], [], execution)
        page = self.client.get_query_results(QueryExecutionId=execution["QueryExecutionId"])["ResultSet"]
        columns = page["ResultSetMetadata"]["ColumnInfo"]
        rows = [[value.get("VarCharValue") for value in row["Data"]] for row in page["Rows"]]
        header = execution["ResultConfiguration"]["OutputLocation"].endswith(".csv")
        return Outcome(
            "SUCCEEDED",
            "",
            [column["Name"] for column in columns],
            [column["Type"] for column in columns],
            rows[header:],
            execution,
        )

    def run(self, sql: str, **options: Any) -> Outcome:
        return self.finish(self.start(sql, **options))

    def rows(self, sql: str, **options: Any) -> list[list[str | None]]:
        outcome = self.run(sql, **options)
        assert outcome.state == "SUCCEEDED", outcome.reason
        return outcome.rows

    def put(self, key: str, text: str) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=text.encode())

    def json_table(self, name: str, columns: str, lines: str, properties: str = "", table_properties: str = "") -> None:
        """A table over one object of JSON lines."""
        self.put(f"{name}/part-0.json", lines)
        serde = f"WITH SERDEPROPERTIES ({properties})" if properties else ""
        extra = f"TBLPROPERTIES ({table_properties})" if table_properties else ""
        self.rows(
            f"CREATE EXTERNAL TABLE {name} ({columns}) ROW FORMAT SERDE '{OPENX}' {serde} LOCATION 's3://{self.bucket}/{name}/' {extra}"
        )


@pytest.fixture
def athena(cloud: Any, prefix: str) -> Athena:
    return Athena(cloud, prefix)


@pytest.fixture(scope="module")
def shared(cloud: Any) -> Athena:
    return Athena(cloud, f"corpus{time.time_ns() % 10**9}")


def corpus() -> list[Any]:
    files = [(path, json.loads(path.read_text())) for path in sorted(CORPUS.glob("*.json"))]
    return [
        pytest.param(case, id=f"{path.stem}: {case['name']}") for path, document in files for case in document["cases"]
    ]


@pytest.fixture(scope="module")
def answers(shared: Athena) -> Callable[[str], Outcome | str]:
    """Every statement of the corpus, started at once; a statement that is refused at the start answers with the refusal."""
    started: dict[str, str | ClientError] = {}
    for parameter in corpus():
        sql = parameter.values[0]["sql"]
        try:
            started[sql] = shared.start(sql)
        except ClientError as error:
            started[sql] = error

    def answer(sql: str) -> Outcome | str:
        found = started[sql]
        return found.response["Error"]["Message"] if isinstance(found, ClientError) else shared.finish(found)

    return answer


@pytest.mark.parametrize("case", corpus())
def test_corpus(case: dict[str, Any], answers: Callable[[str], Outcome | str]) -> None:
    answer = answers(case["sql"])
    if "error" in case:
        reason = answer if isinstance(answer, str) else answer.reason
        assert case["error"] in reason, answer
        return
    assert isinstance(answer, Outcome), answer
    assert answer.state == "SUCCEEDED", answer.reason
    assert answer.rows == case["rows"]
    if "types" in case:
        assert answer.types == case["types"]


# Results


def test_result_object_is_where_the_client_says_with_every_value_quoted_and_null_bare(athena: Athena) -> None:
    """AWS: Working with query results, recent queries, and output files."""
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
    """AWS: GetQueryResults."""
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


# Queries as resources


def test_the_same_request_token_is_the_same_query(athena: Athena) -> None:
    """AWS: StartQueryExecution, ClientRequestToken."""
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
    """AWS: StopQueryExecution."""
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


# Work groups


@pytest.fixture
def group(athena: Athena) -> Iterator[str]:
    name = f"{athena.database}-group"
    configuration = {
        "ResultConfiguration": {"OutputLocation": f"s3://{athena.bucket}/enforced/"},
        "BytesScannedCutoffPerQuery": 10_000_000,
    }
    athena.client.create_work_group(Name=name, Configuration=configuration)
    yield name
    athena.client.delete_work_group(WorkGroup=name, RecursiveDeleteOption=True)


def test_an_enforced_work_group_overrides_the_clients_location(athena: Athena, group: str) -> None:
    """AWS: Override client-side settings."""
    outcome = athena.run("SELECT 1", WorkGroup=group)
    assert outcome.execution["ResultConfiguration"]["OutputLocation"].startswith(f"s3://{athena.bucket}/enforced/")


def test_a_query_over_the_cutoff_is_cancelled(athena: Athena, group: str) -> None:
    """AWS: Configure per-query and per-workgroup data usage controls."""
    athena.json_table("large", "a string", ('{"a":"' + "x" * 1_000_000 + '"}\n') * 11)
    outcome = athena.run("SELECT count(*) FROM large", WorkGroup=group)
    assert outcome.state == "CANCELLED"
    assert outcome.reason == "Bytes scanned limit was exceeded. Limit: 10000000 bytes"


def test_a_disabled_work_group_runs_nothing(athena: Athena, group: str) -> None:
    athena.client.update_work_group(WorkGroup=group, State="DISABLED")
    with pytest.raises(ClientError, match="is disabled"):
        athena.start("SELECT 1", WorkGroup=group)


def test_a_query_without_location_is_refused(athena: Athena) -> None:
    with pytest.raises(ClientError, match="No output location provided"):
        athena.client.start_query_execution(QueryString="SELECT 1")


# Tables


def test_serde_takes_numbers_from_text_and_text_from_numbers(athena: Athena) -> None:
    """AWS: OpenX JSON SerDe. Digits stay as they were written."""
    lines = '{"N":"12","s":10.50,"d":1234567890123456789.25,"b":"true"}\n{"n":12.9,"s":{"k":[1]},"d":"0.005"}\n\n'
    athena.json_table("t", "n bigint, s string, d decimal(38,2), b boolean", lines)
    assert athena.rows("SELECT n, s, d, b FROM t WHERE n IS NOT NULL ORDER BY d DESC") == [
        ["12", "10.50", "1234567890123456789.25", "true"],
        ["12", '{"k":[1]}', "0.01", None],
    ]


def test_a_value_of_another_type_fails_the_query(athena: Athena) -> None:
    """AWS: HIVE_BAD_DATA: Error parsing field value for field 0: For input string."""
    athena.json_table("t", "n int", '{"n":1}\n{"n":"abc"}\n')
    assert athena.run("SELECT * FROM t").reason.startswith(
        "HIVE_BAD_DATA: Error parsing field value 'abc' for field 0: For input string: \"abc\""
    )
    assert athena.rows("SELECT count(*) FROM t") == [["2"]]


def test_a_malformed_line_fails_the_query_unless_it_is_ignored(athena: Athena) -> None:
    lines = '{"a":1}\n{"a":2\n{"a":3}\n'
    athena.json_table("strict", "a int", lines)
    athena.json_table("lenient", "a int", lines, "'ignore.malformed.json' = 'true'")
    assert athena.run("SELECT * FROM strict").reason.startswith("HIVE_CURSOR_ERROR: Row is not a valid JSON Object")
    assert athena.rows("SELECT a FROM lenient ORDER BY a") == [["1"], ["3"], [None]]


def test_repeated_keys_that_differ_in_case_fail_the_query(athena: Athena) -> None:
    """AWS re:Post: Row is not a valid JSON Object - JSONException: Duplicate key."""
    athena.json_table("t", "a int", '{"a":1,"A":2}\n')
    assert 'JSONException: Duplicate key "a"' in athena.run("SELECT * FROM t").reason


def test_keys_are_mapped_and_may_keep_their_case_or_dots(athena: Athena) -> None:
    athena.json_table("mapped", "ts string, low string", '{"timestamp":"x","LOW":"y"}\n', "'mapping.ts' = 'timestamp'")
    athena.json_table("cased", "ts string, low string", '{"TS":"x","low":"y"}\n', "'case.insensitive' = 'false'")
    athena.json_table("dotted", "a_b string", '{"a.b":"x"}\n', "'dots.in.keys' = 'true'")
    assert athena.rows("SELECT ts, low FROM mapped") == [["x", "y"]]
    assert athena.rows("SELECT ts, low FROM cased") == [[None, "y"]]
    assert athena.rows("SELECT a_b FROM dotted") == [["x"]]


def test_nested_columns_are_read_without_regard_to_case(athena: Athena) -> None:
    columns = "r struct<id:bigint,tags:array<string>>, m map<string,decimal(5,2)>, t timestamp, d date"
    athena.json_table(
        "t", columns, '{"r":{"ID":7,"tags":["a",1.50]},"m":{"k":1.5},"t":"2020-01-02 03:04:05.678","d":"2020-01-02"}\n'
    )
    assert athena.rows("SELECT r.id, r.tags, r, m, t, d FROM t") == [
        ["7", "[a, 1.50]", "{id=7, tags=[a, 1.50]}", "{k=1.50}", "2020-01-02 03:04:05.678", "2020-01-02"]
    ]


def test_partitions_are_pruned_and_only_their_bytes_counted(athena: Athena) -> None:
    lines = {"2025-01-01": '{"a":1}\n', "2025-01-02": '{"a":2}\n{"a":3}\n'}
    for day, text in lines.items():
        athena.put(f"p/dt={day}/part.json", text)
    athena.rows(
        f"CREATE EXTERNAL TABLE p (a int) PARTITIONED BY (dt string) ROW FORMAT SERDE '{OPENX}' LOCATION 's3://{athena.bucket}/p/'"
    )
    assert athena.rows("SELECT * FROM p") == []
    athena.rows("MSCK REPAIR TABLE p")
    assert athena.rows("SHOW PARTITIONS p") == [["dt=2025-01-01"], ["dt=2025-01-02"]]
    athena.rows("CREATE VIEW v AS SELECT a, dt FROM p")
    for sql in (
        "SELECT a FROM p WHERE dt = '2025-01-02' ORDER BY a",
        "SELECT a FROM v WHERE dt > '2025-01-01' ORDER BY a",
    ):
        outcome = athena.run(sql)
        assert outcome.rows == [["2"], ["3"]]
        assert outcome.execution["Statistics"]["DataScannedInBytes"] == len(lines["2025-01-02"])
    athena.rows("ALTER TABLE p DROP PARTITION (dt = '2025-01-01')")
    assert athena.rows("SELECT count(*) FROM p") == [["2"]]
    assert athena.run("ALTER TABLE p ADD PARTITION (dt = '2025-01-02')").reason.endswith(
        "Partition already exists: 2025-01-02)"
    )
    assert athena.rows("""SELECT "$path" FROM p LIMIT 1""") == [[f"s3://{athena.bucket}/p/dt=2025-01-02/part.json"]]


def test_projected_partitions_need_no_catalog(athena: Athena) -> None:
    """AWS: Use partition projection with Amazon Athena."""
    athena.put("j/2025/01/02/part.json", '{"a":1}\n')
    properties = {
        "projection.enabled": "true", "projection.dt.type": "date", "projection.dt.format": "yyyy/MM/dd",
        "projection.dt.range": "2025/01/01,2025/01/31", "storage.location.template": f"s3://{athena.bucket}/j/${{dt}}/",
    }  # fmt: skip
    listed = ", ".join(f"'{key}' = '{value}'" for key, value in properties.items())
    athena.rows(
        f"CREATE EXTERNAL TABLE j (a int) PARTITIONED BY (dt string) ROW FORMAT SERDE '{OPENX}' LOCATION 's3://{athena.bucket}/j/' TBLPROPERTIES ({listed})"
    )
    assert athena.rows("SELECT a, dt FROM j WHERE dt BETWEEN '2025/01/02' AND '2025/01/03'") == [["1", "2025/01/02"]]


def test_large_and_small_plain_and_strange_objects_are_one_table(athena: Athena) -> None:
    """Large objects of plain lines are read where they are, all others through Parquet; a query cannot tell."""
    padding = "x" * 1000
    objects = {
        "large": [f'{{"Price":{number}.5,"n":{number},"s":"{padding}"}}' for number in range(1200)],
        "other-spelling": [f'{{"price":{number},"n":"{number}","s":"{padding}"}}' for number in range(1200)],
        "exact": [f'{{"price":0.{number:020}10,"s":"{padding}"}}' for number in range(1200)],
        "small": ['{"PRICE":"7","n":7}', '{"price":null}'],
    }
    for name, lines in objects.items():
        athena.put(f"mixed/part={name}/0.json", "\n".join(lines))
    athena.rows(
        f"CREATE EXTERNAL TABLE mixed (price string, n int, missing date) PARTITIONED BY (part string) ROW FORMAT SERDE '{OPENX}' LOCATION 's3://{athena.bucket}/mixed/'"
    )
    athena.rows("MSCK REPAIR TABLE mixed")
    expected = [
        ["exact", "1200", "0.0000000000000000000010", "0.0000000000000000119910", None, "0"],
        ["large", "1200", "0.5", "999.5", "719400", "0"],
        ["other-spelling", "1200", "0", "999", "719400", "0"],
        ["small", "2", "7", "7", "7", "0"],
    ]
    sql = "SELECT part, count(*), min(price), max(price), sum(n), count(missing) FROM mixed GROUP BY part ORDER BY part"
    assert athena.rows(sql) == expected
    assert athena.rows(sql) == expected
    assert athena.rows("""SELECT DISTINCT "$path" FROM mixed WHERE part = 'large'""") == [
        [f"s3://{athena.bucket}/mixed/part=large/0.json"]
    ]


def test_texts_of_a_large_object_come_as_they_were_written(athena: Athena) -> None:
    """Escapes and characters beyond ASCII too; a query for more columns than the one before finds them."""
    texts = ['quote \\" in it', "é and ☃", "back\\\\slash", "tab\\tand\\/slash", "plain", ""]
    lines = [f'{{"n":{number},"a":"{texts[number % 6]}","s":"{"x" * 1000}"}}' for number in range(1200)]
    athena.json_table("t", "n int, a string, s string", "\n".join(lines))
    assert athena.rows("SELECT sum(n) FROM t") == [["719400"]]
    assert athena.rows("SELECT a, count(*), min(n) FROM t GROUP BY a ORDER BY min(n)") == [
        ['quote " in it', "200", "0"],
        ["é and ☃", "200", "1"],
        ["back\\slash", "200", "2"],
        ["tab\tand/slash", "200", "3"],
        ["plain", "200", "4"],
        ["", "200", "5"],
    ]
    assert athena.rows("SELECT count(*) FROM t WHERE a LIKE '%\"%' AND length(s) = 1000") == [["200"]]


def test_a_value_of_another_type_in_a_large_object_fails_the_query(athena: Athena) -> None:
    athena.json_table("t", "n int", f'{{"n":1,"s":"{"x" * 1000}"}}\n' * 1200 + '{"n":"abc"}\n')
    assert athena.run("SELECT * FROM t").reason.startswith("HIVE_BAD_DATA: Error parsing field value 'abc' for field 0")
    assert athena.rows("SELECT count(*) FROM t") == [["1201"]]


def test_a_changed_object_is_read_anew(athena: Athena) -> None:
    athena.json_table("t", "a int", '{"a":1}\n')
    assert athena.rows("SELECT a FROM t") == [["1"]]
    athena.put("t/part-0.json", '{"a":2}\n')
    athena.put("t/part-1.json", '{"a":3}\n')
    athena.put("t/_hidden.json", '{"a":9}\n')
    assert athena.rows("SELECT a FROM t ORDER BY a") == [["2"], ["3"]]


# Definitions


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
    assert athena.rows("SHOW CREATE TABLE t")[0] == [f"CREATE EXTERNAL TABLE `{athena.database}.t`("]
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


# Writing


@pytest.mark.parametrize("form", ["PARQUET", "JSON"])
def test_create_table_as_and_insert_keep_values_and_partitions(athena: Athena, form: str) -> None:
    """AWS: CREATE TABLE AS; INSERT INTO."""
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
    """AWS: Use parameterized queries."""
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


# Iceberg


def test_iceberg_tables_are_written_changed_and_read_at_any_snapshot(athena: Athena) -> None:
    """AWS: Query Apache Iceberg tables; Perform time travel and version travel queries."""
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


# Unmodified clients


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


def test_delimited_and_compressed_objects_are_read(athena: Athena) -> None:
    """AWS: Lazy Simple SerDe; OpenCSVSerDe; Compression support."""
    import gzip

    athena.put("d/part.csv", "id|name\n1|a\n2|\\N\n")
    athena.put("o/part.csv", '"1","a,""b"""\n')
    athena.s3.put_object(Bucket=athena.bucket, Key="g/part.json.gz", Body=gzip.compress(b'{"a":1}\n'))
    location = f"LOCATION 's3://{athena.bucket}/"
    athena.rows(
        f"CREATE EXTERNAL TABLE d (id int, name string) ROW FORMAT DELIMITED FIELDS TERMINATED BY '|' {location}d/' TBLPROPERTIES ('skip.header.line.count' = '1')"
    )
    athena.rows(
        f"CREATE EXTERNAL TABLE o (id string, name string) ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde' {location}o/'"
    )
    athena.rows(f"CREATE EXTERNAL TABLE g (a int) ROW FORMAT SERDE '{OPENX}' {location}g/'")
    assert athena.rows("SELECT * FROM d ORDER BY id") == [["1", "a"], ["2", None]]
    assert athena.rows("SELECT * FROM o") == [["1", 'a,"b"']]
    outcome = athena.run("SELECT a FROM g")
    assert outcome.rows == [["1"]]
    assert (
        outcome.execution["Statistics"]["DataScannedInBytes"]
        == athena.s3.head_object(Bucket=athena.bucket, Key="g/part.json.gz")["ContentLength"]
    )


@pytest.mark.parametrize(
    "statement",
    [
        "EXPLAIN SELECT 1",
        "WITH RECURSIVE r(n) AS (SELECT 1) SELECT * FROM r",
        "SELECT a FROM (VALUES 1) t(a) TABLESAMPLE BERNOULLI (10)",
        "MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE",
    ],
)
def test_what_is_not_supported_says_so(athena: Athena, statement: str) -> None:
    try:
        reason = athena.run(statement).reason
    except ClientError as error:
        reason = error.response["Error"]["Message"]
    assert "not supported" in reason or "mismatched input" in reason
