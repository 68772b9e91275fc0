"""## Backfill: send orders that are older than the stream through the pipeline

**Schedule**: none; trigger it once, for a table that already held orders when its stream was enabled. **Parameters**: see
the form. **Example configuration**: `{"confirm_cost_up_to_dollars": "20", "segments": 8, "rate_per_second": 1000}`

`plan_backfill` forecasts the cost and stops when it is higher than the amount you confirm. `touch_orders` runs once for each
scan segment and sets one attribute (`sales_cdc_touch`) on every order, so that the table's own stream carries the order. The
stream keeps touches and other writers' changes in order. A touch writes nothing else and never brings a deleted order back; no
change event carries its attribute. `record_backfill` closes the run's ledger (`ledger/backfill/<run>/` in the bucket).

Run the batch afterwards: every order is then in the curated tables.

**Rerun**: safe. A retry continues after the last page that was kept; clearing tasks, or the whole run, touches no order a second
time. A new run touches every order once more. Two runs at the same time make two changes of each order, with the same values.

**Permissions** of the Airflow connection: `dynamodb:DescribeTable`, `dynamodb:Scan` and `dynamodb:UpdateItem` on the table,
`s3:GetObject` and `s3:PutObject` on `ledger/backfill/`, `s3:ListBucket` on the bucket.

**Cost on AWS**: one write unit for each KB of an order, one read of the table, and the delivery of one change for each order.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, Param, chain
from sales_cdc.aws.identity import FindAccountOperator
from sales_cdc.backfill.operators import PlanBackfillOperator, RecordBackfillOperator, TouchOrdersOperator
from sales_cdc.dag_page.dag_defaults import dag_arguments, describe_tasks, rate_param, task_defaults
from sales_cdc.deployment.process import deployed_topology
from sales_cdc.generate.form import cost_param

topology = deployed_topology()

PARAMS = {
    "confirm_cost_up_to_dollars": cost_param("5"),
    "segments": Param(
        4, type="integer", minimum=1, maximum=64, title="Segments",
        description="Into how many parts the table is cut; Airflow touches as many at once as it has free slots.",
    ),
    "rate_per_second": rate_param(500, "Orders a second, over all segments; empty: as fast as the table takes them."),
}  # fmt: skip

with DAG(
    dag_id="sales_cdc_backfill",
    doc_md=__doc__,
    schedule=None,
    dagrun_timeout=timedelta(days=7),
    params=PARAMS,
    default_args=task_defaults(
        topology,
        retries=5,
        retry_delay=timedelta(seconds=5),
        max_retry_delay=timedelta(minutes=2),
        execution_timeout=timedelta(hours=12),
    ),
    **dag_arguments(topology),
) as dag:
    run = {"table": topology.table.name, "bucket": topology.bucket.name}

    find_account = FindAccountOperator()
    plan_backfill = PlanBackfillOperator(task_id="plan_backfill", **run)
    touch_orders = TouchOrdersOperator.partial(task_id="touch_orders", **run).expand(segment=plan_backfill.output)
    record_backfill = RecordBackfillOperator(task_id="record_backfill", **run)

    chain(find_account, plan_backfill, touch_orders, record_backfill)
    describe_tasks(dag)
