"""## Batch: from delivered changes to checked tables, views, insights and a report

**Schedule**: daily, whenever you trigger it, and when raw objects arrive if SALES_CDC_EVENT_DRIVEN is on. **Parameters**: see the form.

    wait_for_delivery   every change that the generate runs' ledgers name is in raw/; what is missing or failed is named
    start_curation      the Spark job takes new raw objects into the curated tables; meanwhile, on the raw table:
      crawl_raw ─ checks ─ seed_queries     warns of foreign types; what must not be there, and the two selects of the project's brief
    record_ledger       what became of every change: a row for each event type in pipeline_ledger, on bad days too
    check_curated       the gate: rows that a check finds fail the run, are named, and stop what follows
    publish_views       orders (those that stand) and orders_history (every version, from when until when)
    reconcile           every order of DynamoDB against the curated table; not in runs that arrivals started
    ask_insights        what it means, and what the changed orders said before and after
    write_report        into ledger/batch/<run>/ and the task's log; fails when orders differ between DynamoDB and orders

**Rerun**: harmless, at any point, and beside another run: confirmed ledgers are not waited for again, and the job takes an
object once. Changes that others made to the table are welcome: they are checked, never waited for.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, Asset, Param, TaskGroup, TriggerRule, chain
from sales_cdc.aws.identity import FindAccountOperator
from sales_cdc.batch.operators.athena_statements import (
    ChecksOperator,
    InsightsOperator,
    QueryOperator,
    StatementsOperator,
)
from sales_cdc.batch.operators.crawl import CrawlOperator
from sales_cdc.batch.operators.curate import CurateOperator
from sales_cdc.batch.operators.record_ledger import PipelineLedgerOperator
from sales_cdc.batch.operators.write_report import ReportOperator
from sales_cdc.batch.schedule import batch_schedule
from sales_cdc.batch.sensors.curation import CurationSensor
from sales_cdc.batch.sensors.delivery import DeliverySensor
from sales_cdc.batch.sensors.query_result import AthenaRowsSensor, FollowsInsertSensor, NoRowsSensor
from sales_cdc.batch.statements import CURATED_CHECKS, QUESTION_FILES, RAW_CHECKS, SEED_QUERIES, VIEW_FILES
from sales_cdc.contract import bucket_keys
from sales_cdc.contract.bucket_keys import run_key
from sales_cdc.dag_page.dag_defaults import dag_arguments, describe_tasks
from sales_cdc.deployment.process import deployed_topology, include_folder
from sales_cdc.reconcile.operators import ReconcileOperator

topology = deployed_topology()
LEDGER_KEY = f"{bucket_keys.CURATE_RUNS}{{{{ run_id | run_key }}}}.json"
MAINTAIN = "{{ (params.maintain or dag_run.run_type == 'scheduled' and dag_run.start_date.isoweekday() == 7) | lower }}"
PARAMS = {
    "days": Param(30, type="integer", minimum=1, maximum=3650, title="Days", description="That the insights look back."),
    "maintain": Param(False, type="boolean", title="Maintain", description="Compact files, expire old versions, as on Sundays."),
    "source": Param("scan", enum=["scan", "export"], title="Reconcile by", description="A scan of DynamoDB, or an export of it to the bucket."),
    "database": Param(topology.database.name, const=topology.database.name),  # for the statements; not in the form
    "delivery": Param(topology.delivery.name, const=topology.delivery.name),
}  # fmt: skip

with DAG(
    dag_id="sales_cdc_batch",
    doc_md=__doc__,
    schedule=batch_schedule(topology),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=2),
    template_searchpath=[str(include_folder() / "sql")],
    user_defined_filters={"run_key": run_key},
    params=PARAMS,
    default_args={
        "aws_conn_id": topology.settings.aws_conn_id,
        "region_name": topology.settings.region,
        "owner": "sales",
        "bucket": topology.bucket.name,
        "crawler_name": topology.crawler.name,
        "job_name": topology.job.name,
        "workgroup": topology.workgroup.name,
        "database": topology.database.name,
        "dead_letter_queue": topology.dead_letter_queue.name,
        "hops": topology.hops,
        "patience_seconds": topology.settings.firehose_interval_seconds + 240,
        "poke_interval": 1,
        "sleep_time": 0.2,
        "max_polling_attempts": 3000,
        "retries": 2,
        "retry_delay": timedelta(seconds=10),
        "retry_exponential_backoff": True,
        "execution_timeout": timedelta(minutes=75),
    },
    **dag_arguments(topology),
) as dag:
    find_account = FindAccountOperator()
    wait_for_delivery = DeliverySensor(task_id="wait_for_delivery", mode="reschedule", poke_interval=2, timeout=15 * 60)
    start_curation = CurateOperator(
        task_id="start_curation",
        script_args={"--ledger_key": LEDGER_KEY, "--maintain": MAINTAIN},
        wait_for_completion=False,
        durable=False,  # when it is cleared it has to run again; doing it twice changes nothing
    )
    raw = Asset(f"{topology.prefix}-raw-orders")
    crawl_raw = CrawlOperator(task_id="crawl_raw", fail_on_already_running=False, poll_interval=1, outlets=[raw])

    with TaskGroup("checks") as checks:
        for name, finding in RAW_CHECKS.items():
            asked = QueryOperator(task_id=f"query_{name}", query=f"checks/{name}.sql")
            judge = FollowsInsertSensor if name == "changes_follow_an_insert" else NoRowsSensor
            asked >> judge(task_id=f"expect_no_rows_of_{name}", query_execution_id=asked.output, finding=finding)

    with TaskGroup("seed_queries") as seed_queries:
        for name in SEED_QUERIES:
            asked = QueryOperator(task_id=f"query_{name}", query=f"seed_queries/{name}.sql")
            asked >> AthenaRowsSensor(task_id=f"show_{name}", query_execution_id=asked.output)

    await_curation = CurationSensor(
        task_id="await_curation", run_id=start_curation.output, ledger_key=LEDGER_KEY, timeout=70 * 60
    )
    record_ledger = PipelineLedgerOperator(task_id="record_ledger", hops=topology.hops, trigger_rule="all_done")
    check_curated = ChecksOperator(task_id="check_curated", folder="curated_checks", checks=CURATED_CHECKS)
    curated = Asset(f"{topology.prefix}-curated-orders")
    publish_views = StatementsOperator(task_id="publish_views", files=VIEW_FILES, outlets=[curated])
    reconcile = ReconcileOperator(  # write_report fails, and shows what differs
        task_id="reconcile",
        source="{{ params.source }}",
        fail_on_difference=False,
        wanted="{{ dag_run.run_type != 'asset_triggered' }}",
    )
    ask_insights = InsightsOperator(task_id="ask_insights", files=QUESTION_FILES)
    write_report = ReportOperator(task_id="write_report", trigger_rule=TriggerRule.NONE_FAILED)

    chain(find_account, wait_for_delivery, start_curation, crawl_raw, checks, seed_queries, await_curation)
    chain(await_curation, check_curated, publish_views, [reconcile, ask_insights], write_report)
    chain(await_curation, record_ledger, write_report)
    describe_tasks(dag)
