"""## Reconcile: what DynamoDB holds against what the curated table shows, order by order

**Schedule**: none; trigger it (the batch does the same as its last check). **Parameters**: `source`, `fail_on_difference`.

`reconcile_orders` reads both sides whole, compares them by content hash, and names the orders that are *missing* from the curated
table, *extra* there, or *stale*, with the fields that differ. Changes that are still on their way count as in flight: before an
order is named, probe orders have shown that everything committed before has arrived. The report is
`ledger/reconcile/<run>.json` in the bucket; `sales_cdc_repair` mends what it names.

**Rerun**: harmless; it changes no order. **Cost on AWS**: one scan of `orders_current` by Athena, and one consistent read of the whole
table (a read unit for each 4 KB) or, with `source` set to `export`, one export to the bucket: no read capacity, $0.10 a GB, at least
some minutes. What is written after the export's time counts as on its way, like all that a scan misses.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, Param, chain
from sales_cdc.aws.identity import FindAccountOperator
from sales_cdc.dag_page.dag_defaults import dag_arguments, describe_tasks
from sales_cdc.deployment.process import deployed_topology, include_folder
from sales_cdc.reconcile.operators import ReconcileOperator

topology = deployed_topology()

with DAG(
    dag_id="sales_cdc_reconcile",
    doc_md=__doc__,
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=12),
    template_searchpath=[str(include_folder() / "sql")],
    default_args={
        "aws_conn_id": topology.settings.aws_conn_id,
        "region_name": topology.settings.region,
        "owner": "sales",
        "retries": 2,
        "retry_delay": timedelta(seconds=10),
        "retry_exponential_backoff": True,
        "execution_timeout": timedelta(hours=6),
    },
    params={
        "source": Param(
            "scan",
            enum=["scan", "export"],
            title="Read DynamoDB by",
            description="A scan of the table, or an export of its point-in-time recovery to the bucket.",
        ),
        "fail_on_difference": Param(
            True,
            type="boolean",
            title="Fail when orders differ",
            description="Otherwise the run succeeds and only its report tells.",
        ),
    },
    **dag_arguments(topology),
) as dag:
    find_account = FindAccountOperator()

    reconcile_orders = ReconcileOperator(
        task_id="reconcile_orders",
        hops=topology.hops,
        database=topology.database.name,
        workgroup=topology.workgroup.name,
        source="{{ params.source }}",
        fail_on_difference="{{ params.fail_on_difference }}",
        patience_seconds=topology.settings.firehose_interval_seconds + 240,
    )

    chain(find_account, reconcile_orders)
    describe_tasks(dag)
