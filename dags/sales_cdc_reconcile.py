"""## Reconcile: compare the orders in DynamoDB with the curated table, order by order

**Schedule**: none; trigger it (the batch does the same as its last check). **Parameters**: see the form.
**Example configuration**: `{"source": "export", "fail_on_difference": false}`

`reconcile_orders` compares all orders, or with `full` set to false what the daily batch compares: the orders that changed since the last
comparison, those that it found to differ, and the seventh whose turn it is, so that every order is compared within seven days. It
compares content hashes, and names the orders that are *missing* from the curated table, *extra* there, or *stale*, with the fields that differ. A change that has not arrived yet counts as in flight: before an
order is named, probe orders have shown that every change committed before them has arrived. The report is
`ledger/reconcile/<run>.json` in the bucket; `sales_cdc_repair` repairs the orders that it names.

**Rerun**: safe; it changes no order. **Cost on AWS**: one scan of `orders_current` by Athena, and consistent reads of the table: a read
unit for each 4 KB of what is scanned, and for each order that changed; never more than for the whole table. With `source` set to `export` it is one export to the bucket instead: no read capacity, $0.10 a
GB, and at least some minutes. Changes after the export's time, like those that a scan misses, count as in flight.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, Param, chain
from sales_cdc.aws.identity import FindAccountOperator
from sales_cdc.dag_page.dag_defaults import dag_arguments, describe_tasks, sql_arguments, task_defaults
from sales_cdc.deployment.process import deployed_topology
from sales_cdc.reconcile.operators.reconcile import ReconcileOperator

topology = deployed_topology()

PARAMS = {
    "source": Param(
        "scan", enum=["scan", "export"], title="Read DynamoDB by",
        description="A scan of the table, or an export of its point-in-time recovery to the bucket.",
    ),
    "full": Param(
        True, type="boolean", title="Compare all orders",
        description="If not: those that changed since the last comparison, those that differed, and the seventh whose turn it is.",
    ),
    "fail_on_difference": Param(
        True, type="boolean", title="Fail when orders differ",
        description="If not, the run succeeds and only its report names them.",
    ),
}  # fmt: skip

with DAG(
    dag_id="sales_cdc_reconcile",
    doc_md=__doc__,
    schedule=None,
    dagrun_timeout=timedelta(hours=12),
    params=PARAMS,
    default_args=task_defaults(topology, execution_timeout=timedelta(hours=6)),
    **sql_arguments(),
    **dag_arguments(topology),
) as dag:
    find_account = FindAccountOperator()
    reconcile_orders = ReconcileOperator(
        task_id="reconcile_orders",
        hops=topology.hops,
        database=topology.database.name,
        workgroup=topology.workgroup.name,
        patience_seconds=topology.patience_seconds,
        adopted=topology.adopts_table,
        source="{{ params.source }}",
        full="{{ params.full }}",
        fail_on_difference="{{ params.fail_on_difference }}",
    )

    chain(find_account, reconcile_orders)
    describe_tasks(dag)
