"""Test the batch's operators: reasons for failures, rows shown and checked, several statements at once."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from sales_cdc.aws.athena import Athena
from sales_cdc.batch.operators.crawl import CrawlFailedError, CrawlOperator
from sales_cdc.batch.operators.run_statements import ChecksOperator, StatementFailedError, StatementsOperator
from sales_cdc.batch.operators.write_report import ReportOperator
from sales_cdc.batch.rescued_orders import RescuedOrders
from sales_cdc.batch.sensors.curation import CurationFailedError, CurationSensor
from sales_cdc.batch.sensors.query_result import AthenaRowsSensor, CheckFailedError, FollowsInsertSensor, NoRowsSensor
from sales_cdc.batch.statements import Check
from sales_cdc.deployment.settings import Settings
from sales_cdc.reconcile.operators.reconcile import DifferencesFoundError

pytestmark = pytest.mark.integration
GLUE_TRUST = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "glue.amazonaws.com"}}]}'
ALLOW_ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:*", "glue:*", "logs:*"], "Resource": "*"}]}  # fmt: skip


def ask(cloud: Any, bucket: str, sql: str) -> str:
    """Start a query and return its id."""
    cloud.client("s3").create_bucket(Bucket=bucket)
    started = cloud.client("athena").start_query_execution(
        QueryString=sql, ResultConfiguration={"OutputLocation": f"s3://{bucket}/results/"}
    )
    return str(started["QueryExecutionId"])


def test_a_failed_crawl_is_reported_with_the_crawler_s_reason(cloud: Any, prefix: str) -> None:
    glue = cloud.client("glue")
    glue.create_database(DatabaseInput={"Name": prefix})
    cloud.client("iam").create_role(RoleName=prefix, AssumeRolePolicyDocument=GLUE_TRUST)
    glue.create_crawler(
        Name=prefix, Role=f"arn:aws:iam::000000000000:role/{prefix}", DatabaseName=prefix,
        Targets={"S3Targets": [{"Path": f"s3://{prefix}-nowhere/raw/"}]},
    )  # fmt: skip
    operator = CrawlOperator(task_id="crawl", crawler_name=prefix, bucket=prefix, database=prefix, poll_interval=1)
    with pytest.raises(CrawlFailedError, match=rf"'{prefix}' did not succeed: FAILED, .*/aws-glue/crawlers"):
        operator.execute({})


def test_rows_are_shown_in_the_log(cloud: Any, prefix: str) -> None:
    query = ask(cloud, prefix, "SELECT * FROM (VALUES ('a', 1), ('b', NULL)) AS t (name, amount) ORDER BY name")
    shown = AthenaRowsSensor(task_id="show", query_execution_id=query, poke_interval=0.1).execute({})
    assert shown == 2


def test_a_check_without_rows_passes(cloud: Any, prefix: str) -> None:
    query = ask(cloud, prefix, "SELECT 1 AS wrong WHERE false")
    sensor = NoRowsSensor(task_id="judge", query_execution_id=query, finding="wrong rows", poke_interval=0.1)
    assert sensor.execute({}) == 0


def test_a_check_with_rows_fails_and_shows_them(cloud: Any, prefix: str) -> None:
    query = ask(cloud, prefix, "SELECT 'order-7' AS orderid, 3 AS times")
    sensor = NoRowsSensor(task_id="judge", query_execution_id=query, finding="orders seen twice", poke_interval=0.1)
    with pytest.raises(CheckFailedError, match=r"(?s)orders seen twice.*orderid \| times.*order-7 \| 3"):
        sensor.execute({})


@dataclass(frozen=True)
class Place:
    """Hold where a test's statements run and where its objects are."""

    cloud: Any
    name: str

    def operator(self, kind: Any, **arguments: Any) -> Any:
        return kind(task_id="statements", workgroup=self.name, database=self.name, poll_interval=0.05, **arguments)

    def asks(self, *statements: str) -> Any:
        made = self.operator(StatementsOperator, files=[f"folder/q{at}.sql" for at, _ in enumerate(statements)])
        made.statements = list(statements)
        return made

    def checks(self, **statements: str) -> Any:
        checks = {name: Check(f"rows of {name}", f"mend {name} of <orders>") for name in statements}
        made = self.operator(ChecksOperator, folder="checks", checks=checks)
        made.statements = list(statements.values())
        return made

    def put(self, key: str, body: str) -> None:
        self.cloud.client("s3").put_object(Bucket=self.name, Key=key, Body=body.encode())

    def json(self, key: str) -> Any:
        return json.load(self.cloud.client("s3").get_object(Bucket=self.name, Key=key)["Body"])


@pytest.fixture
def place(cloud: Any, prefix: str) -> Place:
    cloud.client("s3").create_bucket(Bucket=prefix)
    cloud.client("sqs").create_queue(QueueName=prefix)
    cloud.client("glue").create_database(DatabaseInput={"Name": prefix})
    cloud.client("athena").create_work_group(
        Name=prefix, Configuration={"ResultConfiguration": {"OutputLocation": f"s3://{prefix}/results/"}}
    )
    return Place(cloud, prefix)


def test_statements_run_at_the_same_time_and_return_their_queries_by_name(place: Place) -> None:
    queries = place.asks("SELECT 1 AS one", "CREATE OR REPLACE VIEW two AS SELECT 2 AS two").execute({})
    assert list(queries) == ["q0", "q1"]
    athena = Athena(place.cloud.client("athena"))
    assert athena.first_rows(queries["q0"]).values() == [[1]]
    assert athena.first_rows(place.asks("SELECT * FROM two").execute({})["q0"]).values() == [[2]]


def test_a_statement_that_fails_is_named_with_athena_s_reason(place: Place) -> None:
    with pytest.raises(StatementFailedError, match=r"'q1' ended FAILED \(.*nowhere"):
        place.asks("SELECT 1", "SELECT * FROM nowhere").execute({})


def test_values_are_exact(place: Place) -> None:
    query = place.asks("SELECT 7 AS a, DECIMAL '0.10' AS b, true AS c, 'x' AS d, CAST(NULL AS bigint) AS e").execute({})
    found = Athena(place.cloud.client("athena")).first_rows(query["q0"])
    assert found.values() == [[7, Decimal("0.10"), True, "x", None]]


def test_checks_that_find_nothing_pass(place: Place) -> None:
    assert place.checks(one="SELECT 1 WHERE false", two="SELECT 2 WHERE false").execute({}) == {"one": 0, "two": 0}


def test_every_failing_check_is_named_with_its_rows(place: Place) -> None:
    checks = place.checks(good="SELECT 1 WHERE false", bad="SELECT 'order-7' AS orderid", worse="SELECT 'order-8' AS x")
    with pytest.raises(CheckFailedError, match=r"(?s)2 of 3 checks.*bad: rows of bad.*order-7.*worse:.*order-8"):
        checks.execute({})


def test_failing_checks_say_what_readers_see_and_what_to_do(place: Place) -> None:
    checks = place.checks(
        good="SELECT 1 WHERE false",
        bad="SELECT * FROM (VALUES 'order-7', 'order-8') AS t (orderid) ORDER BY orderid",
    )
    with pytest.raises(CheckFailedError) as failure:
        checks.execute({})
    told = str(failure.value)
    assert "show the tables as they are now, including these rows" in told
    assert 'To do: mend bad of ["order-7", "order-8"]' in told
    assert "mend good" not in told


def follows_insert(place: Place, *orders: str, run_id: str = "one", adopted: bool = False) -> int:
    """Run the check on orders whose first change is no insert, in a run of this id."""
    values = ", ".join(f"('{order}', 'MODIFY')" for order in orders)
    asked = place.asks(f"SELECT * FROM (VALUES {values}) AS t (orderid, event_type)").execute({})
    sensor = FollowsInsertSensor(
        task_id="judge", query_execution_id=asked["q0"], finding="orders without insert", poke_interval=0.1,
        bucket=place.name, dead_letter_queue=place.name, adopted=adopted,
    )  # fmt: skip
    return sensor.execute({"run_id": run_id})


def test_an_unexplained_order_fails_its_run_every_time_and_later_runs_never(place: Place) -> None:
    for _ in ("the first try", "a retry"):
        with pytest.raises(CheckFailedError, match=r"(?s)orders without insert.*lost-1"):
            follows_insert(place, "lost-1")
    assert follows_insert(place, "lost-1", run_id="two") == 1
    with pytest.raises(CheckFailedError) as news:
        follows_insert(place, "lost-1", "lost-2", run_id="three")
    assert "lost-2" in str(news.value)
    assert "lost-1" not in str(news.value)


def test_an_insert_under_errors_explains_an_order(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    record = {"eventName": "INSERT", "dynamodb": {"Keys": {"orderid": {"S": "failed-1"}}, "SequenceNumber": "1"}}
    line = {"errorMessage": "bad price", "rawData": base64.b64encode(json.dumps(record).encode()).decode()}
    place.put("errors/processing-failed/dt=2026-01-01/x", json.dumps(line))
    assert follows_insert(place, "failed-1") == 1
    with pytest.raises(CheckFailedError) as failure:
        follows_insert(place, "failed-1", "lost-1")
    assert "failed-1" not in str(failure.value)


def test_positions_in_the_dead_letter_queue_may_be_the_insert(place: Place) -> None:
    sqs = place.cloud.client("sqs")
    queue = sqs.get_queue_url(QueueName=place.name)["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="{}")
    assert follows_insert(place, "given-up") == 1
    sqs.purge_queue(QueueUrl=queue)
    with pytest.raises(CheckFailedError, match="given-up"):
        follows_insert(place, "given-up")


def test_orders_older_than_the_stream_of_an_adopted_table_fail_no_run_until_the_first_backfill(place: Place) -> None:
    assert follows_insert(place, "older-1", "older-2", adopted=True) == 2
    place.put("ledger/backfill/one/summary.json", "{}")
    with pytest.raises(CheckFailedError, match="lost-1"):
        follows_insert(place, "lost-1", adopted=True)


class Curation:
    """Run a job of a few lines of Python, and the sensor that waits for it."""

    def __init__(self, place: Place, script: str) -> None:
        self.place, self.glue = place, place.cloud.client("glue")
        place.put("script.py", script)
        iam = place.cloud.client("iam")
        iam.create_role(RoleName=place.name, AssumeRolePolicyDocument=GLUE_TRUST)
        iam.put_role_policy(RoleName=place.name, PolicyName="all", PolicyDocument=json.dumps(ALLOW_ALL))
        self.glue.create_job(
            Name=place.name, Role=f"arn:aws:iam::000000000000:role/{place.name}",
            Command={"Name": "pythonshell", "ScriptLocation": f"s3://{place.name}/script.py"},
        )  # fmt: skip
        self.sensor = CurationSensor(
            task_id="await", job_name=place.name, run_id=self.glue.start_job_run(JobName=place.name)["JobRunId"],
            bucket=place.name, ledger_key="counts.json", database=place.name, poke_interval=0.2, timeout=60,
        )  # fmt: skip

    def awaited(self, attempt: int = 1) -> Any:
        began = datetime(2026, 1, 1, tzinfo=UTC)
        return self.sensor.execute(
            {"ti": SimpleNamespace(try_number=attempt), "dag_run": SimpleNamespace(start_date=began)}
        )


def test_a_curation_returns_its_counts_and_snapshots(place: Place) -> None:
    where = f"LOCATION 's3://{place.name}/t/' TBLPROPERTIES ('table_type' = 'ICEBERG')"
    place.asks(f"CREATE TABLE orders_current (orderid string) {where}").execute({})
    place.asks("INSERT INTO orders_current VALUES ('a')").execute({})
    place.put("counts.json", '{"changes": 1, "attributes": []}')
    counts = Curation(place, "print('curated')").awaited()
    assert counts["changes"] == 1
    assert counts["time_travel"]["before"] is None
    travelled = place.asks(f"SELECT * FROM orders_current FOR VERSION AS OF {counts['time_travel']['after']}").execute(
        {}
    )
    assert Athena(place.cloud.client("athena")).first_rows(travelled["q0"]).values() == [["a"]]


def test_a_failed_curation_has_the_job_s_reason_and_a_retry_runs_the_job_again(place: Place) -> None:
    curation = Curation(place, "raise ValueError('the lake is dry')")
    with pytest.raises(CurationFailedError, match=r"ended FAILED: .*the lake is dry.*/aws-glue/"):
        curation.awaited()
    with pytest.raises(CurationFailedError, match="the lake is dry"):
        curation.awaited(attempt=2)
    assert len(curation.glue.get_job_runs(JobName=place.name)["JobRuns"]) == 2


COUNTS = {"INSERT": 1, "MODIFY": 0, "REMOVE": 0}
DELIVERED = {"awaited": COUNTS, "delivered": COUNTS, "failed": 0, "missing": 0, "duplicates_in_raw": 0}


def test_differences_are_reported_before_they_fail_the_run(place: Place) -> None:
    asked = place.asks(
        "-- What is it worth?\nSELECT DECIMAL '0.10' AS revenue",
        "-- What changed?\nSELECT 'a' AS orderid, false AS before_is_deleted, true AS after_is_deleted, 1 AS before_quantity",
        "-- Why?\nSELECT 'raw/orders/theirs.json' AS source_object, 'price is not a number' AS reason, 1 AS lines",
    ).execute({})
    xcoms = {
        "verify_raw_table": {"foreign_types": {"price": "string"}},
        "ask_insights": {
            "revenue": asked["q0"],
            "changed_orders": asked["q1"],
            "quarantined": asked["q2"],
            "rescued_orders": "a query whose outcome is in the ledger",
        },
        "wait_for_delivery": {**DELIVERED, "lag_seconds": {"p50": 1.5, "p99": 1.5, "max": 1.5}},
        "await_curation": {"changes": 1, "quarantined": 1, "time_travel": {}},
        "check_curated": {"changes_are_unique": 0},
        "reconcile": {"report": "ledger/reconcile/x.json", "matching": 1, "missing": 0, "extra": 1, "stale": 1},
    }
    rescued = RescuedOrders("one", {"a": "2026-01-02T00:00:00+00:00"}, 7, "2026-01-01", "2026-01-02")
    place.put("ledger/batch/rescued_orders.json", json.dumps(rescued.document()))
    settings = replace(Settings.from_environment(), prefix=place.name)
    report = ReportOperator(task_id="report", bucket=place.name, dead_letter_queue=place.name, settings=settings)
    instance = SimpleNamespace(xcom_pull=lambda task_ids: xcoms.get(task_ids, 0))
    with pytest.raises(DifferencesFoundError, match=r"2 orders differ .*ledger/reconcile/x.json.*sales_cdc_repair"):
        report.execute({"run_id": "manual__2026-01-01T00:00:00+00:00", "ti": instance})
    written = place.json("ledger/batch/manual__2026-01-01T00-00-00-00-00/report.json")
    assert written["reconciliation"]["stale"] == 1
    assert written["open"]["rescued"]["orders"] == 7
    assert written["verdict"]["is_trustworthy"] is not True
    assert ["price" in warning for warning in written["warnings"]] == [True, False]
    assert written["insights"] == [
        {
            "name": "revenue",
            "question": "What is it worth?",
            "query": asked["q0"],
            "columns": ["revenue"],
            "rows": [[0.10]],
        }
    ]
    assert written["changed_orders"] == [{"orderid": "a", "before": {"quantity": 1}, "after": None}]
    xcoms["reconcile"] = None
    assert report.execute({"run_id": "two", "ti": instance}) == f"s3://{place.name}/ledger/batch/two/report.json"
