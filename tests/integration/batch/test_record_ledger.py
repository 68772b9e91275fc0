"""Test the pipeline ledger in Iceberg: a run has its rows once, also after failures."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.providers.amazon.aws.hooks.athena import AthenaHook
from airflow.sdk import DAG
from sales_cdc.batch.operators.record_ledger import PipelineLedgerOperator, UnaccountedChangesError
from sales_cdc.dag_page.dag_defaults import sql_arguments

from tests.unit.include.items import line_of

pytestmark = pytest.mark.integration
STARTED = "2026-11-22T13:39:59+00:00"


@pytest.fixture
def ledger(cloud: Any, prefix: str) -> Any:
    """Return a function that runs the operator on a bucket, a queue and a database of the test's own."""
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=prefix)
    cloud.client("sqs").create_queue(QueueName=prefix)
    cloud.client("glue").create_database(DatabaseInput={"Name": prefix})
    cloud.client("athena").create_work_group(
        Name=prefix, Configuration={"ResultConfiguration": {"OutputLocation": f"s3://{prefix}/results/"}}
    )
    summary = {"run_id": "run-1", "started_at": STARTED, "written": {"INSERT": 2, "MODIFY": 0, "REMOVE": 1}}
    written = [("one", "INSERT", {"quantity": 1}), ("two", "INSERT", {"quantity": 2}), ("two", "REMOVE", None)]
    lines = [json.dumps({"n": n, "event_type": kind, "orderID": order_id, "set": values}) for n, (order_id, kind, values) in enumerate(written)]  # fmt: skip
    s3.put_object(Bucket=prefix, Key="ledger/generate/run-1/summary.json", Body=json.dumps(summary))
    s3.put_object(Bucket=prefix, Key="ledger/generate/run-1/written.jsonl", Body="\n".join(lines))
    with DAG(dag_id=prefix, schedule=None, **sql_arguments()):
        operator = PipelineLedgerOperator(
            task_id="record_ledger", hops={"bucket": prefix, "dead_letter_queue": prefix}, database=prefix,
            workgroup=prefix, region_name="us-east-1",
        )  # fmt: skip

    class Instance:
        confirmed: Any = None

        def xcom_pull(self, task_ids: str) -> Any:
            assert task_ids == "wait_for_delivery"
            return self.confirmed

    def execute(confirmed: Any = None, run_id: str = "it's a run", *, maintain: bool = False) -> Any:
        instance = Instance()
        instance.confirmed = confirmed
        operator.maintain = str(maintain).lower()
        return operator.execute({"run_id": run_id, "ti": instance})

    return execute


ROWS = "SELECT run_id, event_type, written, captured, delivered, curated, lag_raw_p50_seconds > 0 FROM pipeline_ledger ORDER BY event_type"


def rows(prefix: str, sql: str = ROWS) -> list[list[str | None]]:
    athena = AthenaHook(aws_conn_id="aws_default", region_name="us-east-1")
    query = athena.run_query(sql, {"Database": prefix}, {}, workgroup=prefix)
    assert athena.poll_query_status(query, 600, 0.1) == "SUCCEEDED"
    found = athena.get_conn().get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"]
    return [[cell.get("VarCharValue") for cell in row["Data"]] for row in found[1:]]


def test_a_run_is_recorded_once_and_what_is_unaccounted_for_is_named(cloud: Any, prefix: str, ledger: Any) -> None:
    one, two = ({"orderid": {"S": name}, "quantity": {"N": n}} for name, n in (("one", "1"), ("two", "2")))
    s3 = cloud.client("s3")
    s3.put_object(Bucket=prefix, Key="raw/orders/a.json", Body=f"{line_of(one, 1)}{line_of(two, 2)}")
    with pytest.raises(
        UnaccountedChangesError, match=r"(?s)1 changes.*REMOVE two.*written by run-1.*sales_cdc_reconcile"
    ):
        ledger()
    none = ["0", "0", "0", "0", None]
    inserted = ["it's a run", "INSERT", "2", "2", "2", "0", "true"]
    assert rows(prefix) == [
        inserted,
        ["it's a run", "MODIFY", *none],
        ["it's a run", "REMOVE", "1", "0", "0", "0", None],
    ]

    s3.put_object(Bucket=prefix, Key="raw/orders/b.json", Body=str(line_of(two, 3, "REMOVE")))
    counts = {"written": 1, "captured": 1, "delivered": 1, "failed": 0, "dropped": 0, "curated": 0}
    assert ledger({"runs": ["run-1"]})["REMOVE"] == counts
    assert rows(prefix) == [
        inserted,
        ["it's a run", "MODIFY", *none],
        ["it's a run", "REMOVE", "1", "1", "1", "0", "true"],
    ]


def test_maintenance_packs_the_files_of_the_runs_into_one_a_month(cloud: Any, prefix: str, ledger: Any) -> None:
    one, two = ({"orderid": {"S": name}, "quantity": {"N": n}} for name, n in (("one", "1"), ("two", "2")))
    lines = f"{line_of(one, 1)}{line_of(two, 2)}{line_of(two, 3, 'REMOVE')}"
    cloud.client("s3").put_object(Bucket=prefix, Key="raw/orders/a.json", Body=lines)
    for run in range(3):
        ledger(run_id=f"run {run}")
    files = 'SELECT count(*) FROM "pipeline_ledger$files"'
    assert rows(prefix, files) == [["3"]]
    before = rows(prefix, "SELECT * FROM pipeline_ledger ORDER BY run_id, event_type")
    ledger(run_id="run 2", maintain=True)
    assert int(rows(prefix, files)[0][0] or 0) <= 2, "one a month, and a month may end meanwhile"
    after = rows(prefix, "SELECT * FROM pipeline_ledger ORDER BY run_id, event_type")
    assert [row[0] for row in after] == [row[0] for row in before]
    assert after[:6] == before[:6]
