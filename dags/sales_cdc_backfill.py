"""## Backfill: orders that are older than the stream

**Schedule**: none; trigger it once, for a table that already held orders when its stream was switched on. **Parameters**: see
the form.

`plan_backfill` forecasts what it costs and goes no further when that is more than you confirm. `touch_orders`, once for each
scan segment, sets one attribute (`sales_cdc_touch`) on every order, so that the table's own stream carries it: there is no
special path, and the stream keeps the order of a touch and of everybody else's changes. A touch writes nothing else,
never brings a deleted order back, and no change event carries its attribute. `record_backfill` closes the run's
ledger (`ledger/backfill/<run>/` in the bucket).

Then run the batch: every order is in the curated tables.

**Rerun**: harmless. A retry goes on after the last page, clearing tasks or the whole run touches no order twice. A new run
touches every order once more. Two runs at once make two changes of each order, which differ in nothing.

**Permissions** of the Airflow connection: `dynamodb:DescribeTable`, `dynamodb:Scan` and `dynamodb:UpdateItem` on the table,
`s3:GetObject` and `s3:PutObject` on `ledger/backfill/`, `s3:ListBucket` on the bucket.

**Cost on AWS**: one write unit for each KB of an order, one read of the table, and the way of one change for each order.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, Param, chain
from sales_cdc.aws.identity import FindAccountOperator
from sales_cdc.backfill.operators import PlanBackfillOperator, RecordBackfillOperator, TouchOrdersOperator
from sales_cdc.dag_page.dag_defaults import dag_arguments, describe_tasks
from sales_cdc.deployment.process import deployed_topology

topology = deployed_topology()

PARAMS = {
    "confirm_cost_up_to_dollars": Param(
        "5", type="string", pattern=r"^[0-9]{1,9}(\.[0-9]{1,2})?$", title="Confirm the cost, up to dollars",
        description="Nothing is touched when the forecast is higher. 'make cost' shows how it is counted.",
    ),
    "segments": Param(
        4, type="integer", minimum=1, maximum=64, title="Segments",
        description="Into how many parts the table is cut; as many as there are free slots are touched at once.",
    ),
    "rate_per_second": Param(
        500, type=["number", "null"], exclusiveMinimum=0, maximum=1_000_000, title="Rate per second",
        description="Orders a second, over all segments; empty: as fast as the table takes them.",
        **{"not": {"type": "number", "maximum": 0}},  # NaN: Airflow would store it as null, which means no limit
    ),
}  # fmt: skip

with DAG(
    dag_id="sales_cdc_backfill",
    doc_md=__doc__,
    schedule=None,
    catchup=False,
    max_active_runs=1,
    params=PARAMS,
    default_args={
        "aws_conn_id": topology.settings.aws_conn_id,
        "region_name": topology.settings.region,
        "owner": "sales",
        "retries": 5,
        "retry_delay": timedelta(seconds=5),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=2),
        "execution_timeout": timedelta(hours=12),
    },
    dagrun_timeout=timedelta(days=7),
    **dag_arguments(topology),
) as dag:
    place = {"table": topology.table.name, "bucket": topology.bucket.name}

    find_account = FindAccountOperator()
    plan_backfill = PlanBackfillOperator(task_id="plan_backfill", **place)
    touch_orders = TouchOrdersOperator.partial(task_id="touch_orders", **place).expand(segment=plan_backfill.output)
    record_backfill = RecordBackfillOperator(task_id="record_backfill", **place)

    chain(find_account, plan_backfill, touch_orders, record_backfill)
    describe_tasks(dag)
