"""## Generate: insert, update and delete orders in DynamoDB

**Schedule**: none; trigger it with the number of changes of each kind. **Parameters**: see the form. The same seed and the same
table give the same changes. **Example configuration**: `{"inserts": 1000, "updates": 400, "deletes": 50, "seed": 7}`

`plan_changes` reads the live orders and plans every change before one is written. The three write tasks write the plan in order,
inserts first. Each change is written only if the order still is as the plan expects: a change of an order that somebody else
changed meanwhile is skipped, with the reason. `record_ledger` then lists, per order and in sequence, the changes that were
made (`ledger/generate/<run>/` in the bucket). The batch DAG waits for exactly those.

An adopted table (`SALES_CDC_TABLE`) is somebody's: nothing is written to it, and the run is refused.

**Rerun**: safe. A retry continues where the attempt before stopped; clearing tasks, or the whole run, neither duplicates nor loses
a change, because a run keeps its plan. Start a new run for more changes. Two runs at the same time would skip the orders that the
other changed first, so Airflow runs one at a time.

**Cost on AWS**: two write units a change (the writes are transactional), and one read of the whole table to plan. A run whose changes
are forecast to cost more than `confirm_cost_up_to_dollars` (10) is refused before it begins, on the local cloud too.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, Param, chain
from sales_cdc.aws.identity import FindAccountOperator
from sales_cdc.dag_page.dag_defaults import dag_arguments, describe_tasks, rate_param, task_defaults
from sales_cdc.deployment.process import deployed_topology
from sales_cdc.generate.form import cost_param
from sales_cdc.generate.operators import PlanChangesOperator, RecordLedgerOperator, WriteChangesOperator
from sales_cdc.generate.workload import MAX_CHANGES

topology = deployed_topology()

PARAMS = {
    "inserts": Param(500, type="integer", minimum=0, maximum=MAX_CHANGES, title="Inserts", description="New orders."),
    "updates": Param(
        0, type="integer", minimum=0, maximum=MAX_CHANGES, title="Updates",
        description="Changes of quantity, price or status. Live orders are drawn in waves, so some change more than once.",
    ),
    "deletes": Param(
        0, type="integer", minimum=0, maximum=MAX_CHANGES, title="Deletes",
        description="Orders to delete: at most as many as are live after the inserts.",
    ),
    "seed": Param(
        1, type="integer", title="Seed",
        description="The same seed with the same orders in the table gives the same changes.",
    ),
    "rate_per_second": rate_param(None, "Changes a second, spread evenly; empty: as fast as the table takes them."),
    "confirm_cost_up_to_dollars": cost_param(),
}  # fmt: skip

with DAG(
    dag_id="sales_cdc_generate",
    doc_md=__doc__,
    schedule=None,
    dagrun_timeout=timedelta(hours=24),
    params=PARAMS,
    default_args=task_defaults(
        topology,
        retries=3,
        retry_delay=timedelta(seconds=5),
        max_retry_delay=timedelta(minutes=2),
        execution_timeout=timedelta(hours=6),
    ),
    **dag_arguments(topology),
) as dag:
    run = {"table": topology.table.name, "bucket": topology.bucket.name, "adopted": topology.adopts_table}

    find_account = FindAccountOperator()
    plan_changes = PlanChangesOperator(task_id="plan_changes", **run)
    write_inserts = WriteChangesOperator(task_id="write_inserts", event_type="INSERT", **run)
    write_updates = WriteChangesOperator(task_id="write_updates", event_type="MODIFY", **run)
    write_deletes = WriteChangesOperator(task_id="write_deletes", event_type="REMOVE", **run)
    record_ledger = RecordLedgerOperator(task_id="record_ledger", **run)

    chain(find_account, plan_changes, write_inserts, write_updates, write_deletes, record_ledger)
    describe_tasks(dag)
