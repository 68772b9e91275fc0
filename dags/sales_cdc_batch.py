"""## Batch: take delivered changes into checked tables, views, insights and a report

**Schedule**: daily, whenever you trigger it, and when raw objects arrive if SALES_CDC_EVENT_DRIVEN is on. **Parameters**: see the
form. **Example configuration**: `{"days": 7, "maintain": true, "audit": true, "full": true, "source": "export"}`

    take_notices        takes the notices of new raw objects, which this run reads; they start no further run
    wait_for_delivery   waits until raw/ holds every change that the generate runs' ledgers name; names missing and failed ones
    start_curation      starts the Spark job that takes new raw objects into the curated tables; meanwhile, on the raw table:
      crawl_raw ─ verify_raw_table ─ checks ─ seed_queries     keeps raw_orders one table, looks for rows that must not exist
    record_ledger       counts what became of every change, by event type, in pipeline_ledger, also when a task before it failed
    check_curated       fails the run when a check finds rows, names them, and stops the tasks that follow; else moves the watermark
    publish_views       publishes orders (alive orders) and orders_history (every version, with its time span)
    reconcile           compares orders of DynamoDB with the curated table: what changed, and all within seven days; not in runs that arrivals started
    ask_insights        runs the insights, and shows the changed orders before and after
    write_report        writes ledger/batch/<run>/ and the task's log; fails when DynamoDB and the curated table differ
    report_failure      when a task has failed: writes the verdict on the tables there instead

**Rerun**: safe at any point, also beside another run: the batch does not wait for confirmed ledgers again, and the job takes each
object once. `ledger/curate/watermark.json` says up to which hour all is taken and checked: a run takes and checks what has changed since
then, and everything on Sundays, with `audit`, and without a watermark. Others' changes are checked, but never waited for.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, Asset, Param, TaskGroup, TriggerRule, chain
from sales_cdc.aws.identity import FindAccountOperator
from sales_cdc.batch.operators.ask_insights import ReportQuestionsOperator
from sales_cdc.batch.operators.crawl import CrawlOperator
from sales_cdc.batch.operators.curate import CurateOperator
from sales_cdc.batch.operators.first_changes import FirstChangesOperator
from sales_cdc.batch.operators.gate import GateOperator
from sales_cdc.batch.operators.record_ledger import PipelineLedgerOperator
from sales_cdc.batch.operators.report_failure import FailureReportOperator
from sales_cdc.batch.operators.run_statements import QueryOperator, StatementsOperator
from sales_cdc.batch.operators.take_notices import TakeNoticesOperator
from sales_cdc.batch.operators.verify_raw_table import VerifyRawTableOperator
from sales_cdc.batch.operators.write_report import ReportOperator
from sales_cdc.batch.schedule import batch_schedule
from sales_cdc.batch.sensors.curation import CurationSensor
from sales_cdc.batch.sensors.delivery import DeliverySensor
from sales_cdc.batch.sensors.query_result import AthenaRowsSensor, FollowsInsertSensor, NoRowsSensor
from sales_cdc.batch.statements import CURATED_CHECKS, QUESTION_FILES, RAW_CHECKS, SEED_QUERIES, VIEW_FILES
from sales_cdc.contract.declared import declared_contract
from sales_cdc.dag_page import dag_defaults
from sales_cdc.deployment.polling import Polling
from sales_cdc.deployment.process import deployed_topology
from sales_cdc.reconcile.operators.reconcile import ReconcileOperator

topology, contract = deployed_topology(), declared_contract()
LEDGER_KEY, MAX_CRAWL = dag_defaults.CURATE_LEDGER_KEY, timedelta(hours=12)
MAINTAIN, AUDIT = map(dag_defaults.asked_or_sunday, ("maintain", "audit"))
PARAMS = {
    "days": Param(30, type="integer", minimum=1, maximum=3650, title="Days", description="How many days back the insights look."),
    "maintain": Param(False, type="boolean", title="Maintain", description="Compact files and expire old versions, as on Sundays."),
    "audit": Param(False, type="boolean", title="Audit", description="Ask the checks of everything, not only of what has changed, as on Sundays."),
    "full": Param(False, type="boolean", title="Compare all orders", description="Not only those that changed, and the seventh whose turn it is."),
    "source": Param("scan", enum=["scan", "export"], title="Reconcile by", description="A scan of DynamoDB, or an export of all of it to the bucket."),
    "rescued_share": Param(1.0, type="number", minimum=0, maximum=1, title="Rescued share", description="Of a run's changes: the gate fails when more have values that do not fit their columns."),
    "probe": Param(contract.probe_pattern, const=contract.probe_pattern),
    "database": Param(topology.database.name, const=topology.database.name),  # for the statements; not in the form
    "delivery": Param(topology.delivery.name, const=topology.delivery.name),
}  # fmt: skip

with DAG(
    dag_id="sales_cdc_batch",
    doc_md=__doc__,
    schedule=batch_schedule(topology),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    dagrun_timeout=timedelta(hours=2) + MAX_CRAWL + 3 * topology.patience,
    params=PARAMS,
    default_args=dag_defaults.task_defaults(topology, execution_timeout=timedelta(minutes=75)),
    **dag_defaults.sql_arguments(),
    **dag_defaults.dag_arguments(topology),
) as dag:
    bucket, letters, polling = topology.bucket.name, topology.dead_letter_queue.name, Polling.of(topology.settings)
    athena = {"workgroup": topology.workgroup.name, "database": topology.database.name}
    take_notices = TakeNoticesOperator(task_id="take_notices", notices_queue=topology.arrivals_queue.name)
    wait_for_delivery = DeliverySensor(task_id="wait_for_delivery", bucket=bucket, timeout=10 * 60 + topology.patience_seconds, **polling.objects)  # fmt: skip
    start_curation = CurateOperator(
        task_id="start_curation", job_name=topology.job.name, wait_for_completion=False, bucket=bucket, audit=AUDIT,
        script_args={"--ledger_key": LEDGER_KEY, "--maintain": MAINTAIN})  # fmt: skip
    raw, curated = (Asset(f"{topology.prefix}-{zone}-{contract.entity}") for zone in ("raw", "curated"))
    table = {"bucket": bucket, "database": topology.database.name, "crawler_name": topology.crawler.name, "audit": AUDIT}  # fmt: skip
    crawl_raw = CrawlOperator(task_id="crawl_raw", outlets=[raw], execution_timeout=MAX_CRAWL, **table, **polling.crawl)
    verify_raw_table = VerifyRawTableOperator(task_id="verify_raw_table", crawled_all=crawl_raw.output, **table)

    with TaskGroup("checks") as checks:
        for name, finding in RAW_CHECKS.items():
            asked = {"task_id": f"query_{name}", "query": f"checks/{name}.sql", **polling.query, **athena}
            judged = {"task_id": f"expect_no_rows_of_{name}", "finding": finding, **polling.rows}
            if name == "changes_follow_an_insert":
                query = FirstChangesOperator(bucket=bucket, job_name=topology.job.name, starting_task="start_curation", **asked)  # fmt: skip
                query >> FollowsInsertSensor(query_execution_id=query.output, bucket=bucket, dead_letter_queue=letters, adopted=topology.adopts_table, **judged)  # fmt: skip
            else:
                query = QueryOperator(**asked)
                query >> NoRowsSensor(query_execution_id=query.output, **judged)

    with TaskGroup("seed_queries") as seed_queries:
        for name in SEED_QUERIES:
            query = QueryOperator(task_id=f"query_{name}", query=f"seed_queries/{name}.sql", **polling.query, **athena)
            query >> AthenaRowsSensor(task_id=f"show_{name}", query_execution_id=query.output, **polling.rows)

    await_curation = CurationSensor(
        task_id="await_curation", job_name=topology.job.name, run_id=start_curation.output, bucket=bucket,
        ledger_key=LEDGER_KEY, database=topology.database.name, timeout=70 * 60, **polling.job_sensor)  # fmt: skip
    record_ledger = PipelineLedgerOperator(task_id="record_ledger", hops=topology.hops, maintain=MAINTAIN, trigger_rule=TriggerRule.ALL_DONE, **athena)  # fmt: skip
    check_curated = GateOperator(task_id="check_curated", bucket=bucket, folder="curated_checks", checks=CURATED_CHECKS, **athena)  # fmt: skip
    publish_views = StatementsOperator(task_id="publish_views", files=VIEW_FILES, outlets=[curated], **athena)
    reconcile = ReconcileOperator(task_id="reconcile", hops=topology.hops, patience_seconds=topology.patience_seconds, adopted=topology.adopts_table, fail_on_difference=False,
        source="{{ params.source }}", full="{{ params.full }}", wanted="{{ dag_run.run_type != 'asset_triggered' }}", **athena)  # fmt: skip
    ask_insights = ReportQuestionsOperator(task_id="ask_insights", files=QUESTION_FILES, bucket=bucket, **athena)
    write_report = ReportOperator(task_id="write_report", bucket=bucket, dead_letter_queue=letters, settings=topology.settings, trigger_rule=TriggerRule.NONE_FAILED)  # fmt: skip
    report_failure = FailureReportOperator(task_id="report_failure", bucket=bucket, settings=topology.settings, trigger_rule=TriggerRule.ONE_FAILED)  # fmt: skip

    chain(FindAccountOperator(), take_notices, wait_for_delivery, start_curation, crawl_raw, verify_raw_table, checks, *([seed_queries] if SEED_QUERIES else []), await_curation)  # fmt: skip
    chain(await_curation, check_curated, publish_views, [reconcile, ask_insights], write_report)
    chain(await_curation, record_ledger, write_report, report_failure)
    dag_defaults.describe_tasks(dag)
