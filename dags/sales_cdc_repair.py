"""## Repair: orders that differ pass through the table's own stream again

**Schedule**: none; trigger it after `sales_cdc_reconcile`, or the batch, named orders. **Parameters**: see the form.

`repair_orders` touches the orders that are missing or stale: a mark of its own is set on the item and removed again, so that the
stream carries it as it is. Of those that are extra it puts the key and deletes it, so that the stream carries the delete. All
writes are conditional: whatever others write meanwhile stays, and is left to its own change. Then the chain is waited for,
crawled and curated as by the batch, and `reconcile_orders` compares everything again: it fails when anything remains.

What is repaired is what orders say now. History that never reached `raw/` is lost; raw objects that were deleted there can be
brought back for 30 days (the bucket keeps old versions: remove their delete markers, run the batch).

**Rerun**: harmless: what is right already is touched once more. A report names at most 10,000 orders of a kind: when there are
more, repair takes those, its own reconciliation names the next, and you run it again. **Cost on AWS**: two writes an order, and a reconcile.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, Param, chain
from sales_cdc.aws.identity import FindAccountOperator
from sales_cdc.batch.operators.crawl import CrawlOperator
from sales_cdc.batch.operators.curate import CurateOperator
from sales_cdc.contract import bucket_keys
from sales_cdc.contract.bucket_keys import run_key
from sales_cdc.dag_page.dag_defaults import dag_arguments, describe_tasks
from sales_cdc.deployment.process import deployed_topology, include_folder
from sales_cdc.reconcile.operators import ReconcileOperator
from sales_cdc.reconcile.repair import AwaitDeliveryOperator, RepairOrdersOperator

topology = deployed_topology()

with DAG(
    dag_id="sales_cdc_repair",
    doc_md=__doc__,
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=12),
    template_searchpath=[str(include_folder() / "sql")],
    user_defined_filters={"run_key": run_key},
    default_args={
        "aws_conn_id": topology.settings.aws_conn_id,
        "region_name": topology.settings.region,
        "owner": "sales",
        "hops": topology.hops,
        "patience_seconds": topology.settings.firehose_interval_seconds + 240,
        "retries": 2,
        "retry_delay": timedelta(seconds=10),
        "retry_exponential_backoff": True,
        "execution_timeout": timedelta(hours=6),
    },
    params={
        "reconcile_run": Param(
            None,
            type=["string", "null"],
            title="Reconcile run",
            description="The id of the run whose report names the orders (ledger/reconcile/<run>.json); empty: the latest.",
        ),
        "orders": Param(
            [],
            type="array",
            items={"type": "string", "minLength": 1},
            title="Orders",
            description="Repair these instead. One that the table does not hold becomes a deleted order in the curated table.",
        ),
    },
    **dag_arguments(topology),
) as dag:
    find_account = FindAccountOperator()

    repair_orders = RepairOrdersOperator(
        task_id="repair_orders",
        reconcile_run="{{ params.reconcile_run or '' }}",
        orders="{{ params.orders | tojson }}",
    )

    await_delivery = AwaitDeliveryOperator(task_id="await_delivery")

    crawl_raw = CrawlOperator(
        task_id="crawl_raw",
        crawler_name=topology.crawler.name,
        fail_on_already_running=False,
        poll_interval=1,
    )

    curate_orders = CurateOperator(
        task_id="curate_orders",
        job_name=topology.job.name,
        script_args={"--ledger_key": f"{bucket_keys.CURATE_RUNS}{{{{ run_id | run_key }}}}.json"},
        job_poll_interval=1,
        verbose=False,
    )

    reconcile_orders = ReconcileOperator(
        task_id="reconcile_orders", database=topology.database.name, workgroup=topology.workgroup.name
    )

    chain(find_account, repair_orders, await_delivery, [crawl_raw, curate_orders], reconcile_orders)
    describe_tasks(dag)
