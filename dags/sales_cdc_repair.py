"""## Repair: send orders that differ through the table's own stream again

**Schedule**: none; trigger it after `sales_cdc_reconcile`, or the batch, named orders. **Parameters**: see the form.
**Example configuration**: `{"orders": ["0b1f3c52-54d7-4c5e-9a44-6f3f6a0f6d0e"]}`

`repair_orders` touches the orders that are missing or stale: it sets an attribute on the item and removes it again, so that the
stream carries the item as it is. For each extra order it puts the key and deletes it, so that the stream carries the delete. All
writes are conditional: an order that somebody else writes meanwhile is left to that write's own change. Then the DAG waits for
the chain, crawls and curates as the batch does, and `reconcile_orders` compares these orders again, with all others that are due. It fails when orders still differ.

Repair brings back the current state of orders. History that never reached `raw/` is lost. Raw objects that somebody deleted can be
brought back for 30 days, because the bucket keeps old versions: remove their delete markers and run the batch.

**Rerun**: safe: an order that is right already is touched once more. A report names at most 10,000 orders of a kind. When there are
more, repair takes those and its own reconciliation names the next: run it again. **Cost on AWS**: two writes an order, and a reconcile.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, Param, chain
from sales_cdc.aws.identity import FindAccountOperator
from sales_cdc.batch.operators.crawl import CrawlOperator
from sales_cdc.batch.operators.curate import CurateOperator
from sales_cdc.batch.operators.verify_raw_table import VerifyRawTableOperator
from sales_cdc.dag_page.dag_defaults import (
    CURATE_LEDGER_KEY,
    dag_arguments,
    describe_tasks,
    sql_arguments,
    task_defaults,
)
from sales_cdc.deployment.polling import Polling
from sales_cdc.deployment.process import deployed_topology
from sales_cdc.reconcile.operators.await_delivery import AwaitDeliveryOperator
from sales_cdc.reconcile.operators.reconcile import ReconcileOperator
from sales_cdc.reconcile.operators.repair import RepairOrdersOperator

topology = deployed_topology()

PARAMS = {
    "reconcile_run": Param(
        None, type=["string", "null"], title="Reconcile run",
        description="The id of the run whose report names the orders (ledger/reconcile/<run>.json); empty: the latest.",
    ),
    "orders": Param(
        [], type="array", items={"type": ["string", "array"], "minLength": 1}, title="Orders",
        description="Repair these instead. With a key of two attributes, each is a list of both values. One that the table does not hold becomes a deleted order in the curated table.",
    ),
}  # fmt: skip

with DAG(
    dag_id="sales_cdc_repair",
    doc_md=__doc__,
    schedule=None,
    dagrun_timeout=timedelta(hours=24),
    params=PARAMS,
    default_args=task_defaults(topology, execution_timeout=timedelta(hours=12)),
    **sql_arguments(),
    **dag_arguments(topology),
) as dag:
    polling = Polling.of(topology.settings)
    hops, patience_seconds = topology.hops, topology.patience_seconds
    athena = {"database": topology.database.name, "workgroup": topology.workgroup.name}

    find_account = FindAccountOperator()
    repair_orders = RepairOrdersOperator(
        task_id="repair_orders",
        hops=hops,
        reconcile_run="{{ params.reconcile_run or '' }}",
        orders="{{ params.orders | tojson }}",
    )
    await_delivery = AwaitDeliveryOperator(
        task_id="await_delivery", hops=hops, patience_seconds=patience_seconds, may_probe=not topology.adopts_table
    )
    table = {"bucket": topology.bucket.name, "database": topology.database.name, "crawler_name": topology.crawler.name}
    crawl_raw = CrawlOperator(task_id="crawl_raw", **table, **polling.crawl)
    verify_raw_table = VerifyRawTableOperator(task_id="verify_raw_table", crawled_all=crawl_raw.output, **table)
    curate_orders = CurateOperator(
        task_id="curate_orders",
        job_name=topology.job.name,
        bucket=topology.bucket.name,
        script_args={"--ledger_key": CURATE_LEDGER_KEY},
        verbose=False,
        **polling.job,
    )
    reconcile_orders = ReconcileOperator(
        task_id="reconcile_orders",
        hops=hops,
        patience_seconds=patience_seconds,
        adopted=topology.adopts_table,
        **athena,
    )

    chain(find_account, repair_orders, await_delivery, [crawl_raw, curate_orders], reconcile_orders)
    chain(crawl_raw, verify_raw_table, reconcile_orders)
    describe_tasks(dag)
