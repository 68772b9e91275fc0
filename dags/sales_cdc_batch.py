"""## Batch: from delivered changes to tables that were checked

**Schedule**: daily, and whenever you trigger it. **Parameters**: none.

`wait_for_delivery` waits until every change that the generate runs' ledgers name is in `raw/`; when time runs out it
fails and names what is missing. Then the crawler brings the Glue table up to date, the checks look for rows that must
not exist, and the two selects of the project's brief are shown in their tasks' logs.

**Rerun**: harmless. Ledgers that were confirmed are not waited for again, the crawler finds what it knows, and the
checks read the same rows. Changes that others made to the table are welcome: they are checked, never waited for.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from airflow.providers.amazon.aws.operators.athena import AthenaOperator
from airflow.sdk import DAG, TaskGroup, chain
from sales_cdc.deployment import deployed_topology
from sales_cdc.operators.crawl import CrawlOperator
from sales_cdc.operators.identity import FindAccountOperator
from sales_cdc.sensors.athena_result import AthenaRowsSensor, NoRowsSensor
from sales_cdc.sensors.delivery import DeliverySensor

topology = deployed_topology()
AWS = {"aws_conn_id": topology.settings.aws_conn_id, "region_name": topology.settings.region}

CHECKS = {
    "change_events_are_whole": "change events that lack their order, type, time or sequence number",
    "counts_by_event_type": "event types with fewer changes in the table than the ledger says were written",
    "deletes_are_rows": "deletes that carry values",
    "changes_follow_an_insert": "orders that changed without having been inserted",
}
SEED_QUERIES = ("laptops", "laptops_by_five")


def query(name: str, file: str) -> AthenaOperator:
    return AthenaOperator(
        task_id=f"query_{name}",
        query=file,
        workgroup=topology.workgroup.name,
        database=topology.database.name,
        params={"database": topology.database.name},
        sleep_time=0.5,
        max_polling_attempts=1200,
    )


with DAG(
    dag_id="sales_cdc_batch",
    doc_md=__doc__,
    schedule="@daily",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=2),
    template_searchpath=[str(Path(__file__).parent.parent / "include" / "sql")],
    default_args={
        **AWS,
        "owner": "sales",
        "retries": 2,
        "retry_delay": timedelta(seconds=10),
        "retry_exponential_backoff": True,
        "execution_timeout": timedelta(minutes=30),
    },
    tags=["sales-cdc"],
) as dag:
    find_account = FindAccountOperator()

    wait_for_delivery = DeliverySensor(
        task_id="wait_for_delivery",
        bucket=topology.bucket.name,
        mode="reschedule",
        poke_interval=2,
        timeout=15 * 60,
    )

    crawl_raw = CrawlOperator(
        task_id="crawl_raw",
        crawler_name=topology.crawler.name,
        fail_on_already_running=False,
        poll_interval=1,
    )

    with TaskGroup("checks") as checks:
        for name, finding in CHECKS.items():
            checked = query(name, f"checks/{name}.sql")
            checked >> NoRowsSensor(
                task_id=f"expect_no_rows_of_{name}", query_execution_id=checked.output, finding=finding, poke_interval=1
            )

    with TaskGroup("seed_queries") as seed_queries:
        for name in SEED_QUERIES:
            asked = query(name, f"seed_queries/{name}.sql")
            asked >> AthenaRowsSensor(task_id=f"show_{name}", query_execution_id=asked.output, poke_interval=1)

    chain(find_account, wait_for_delivery, crawl_raw, checks, seed_queries)
