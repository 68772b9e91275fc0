"""## Generate: insert, update and delete orders in DynamoDB

**Schedule**: none; trigger it, with how many changes of each kind you want. **Parameters**: see the form. The same seed
and the same table give the same changes.

`plan_changes` reads the live orders and fixes every change before one is written. The three write tasks write it in
that order, inserts first, each change on the condition that the order still is as the plan expects: what others changed
meanwhile is skipped with the reason, never overwritten. `record_ledger` then says, per order and in sequence, which
changes were really made (`ledger/generate/<run>/` in the bucket): the batch DAG waits for exactly those.

**Rerun**: harmless. A retry goes on where the attempt before stopped, and clearing tasks, or the whole run, neither
doubles nor loses a change: a run keeps its plan. For more changes start a new run. Two runs at once are harmless too, but
skip what the other changed first; therefore Airflow runs one at a time.

**Cost on AWS**: two write units a change (they are transactional writes), and one read of the whole table to plan.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, Param, chain
from sales_cdc.aws.identity import FindAccountOperator
from sales_cdc.dag_page.dag_defaults import dag_arguments, describe_tasks
from sales_cdc.deployment.process import deployed_topology
from sales_cdc.generate.operators import PlanChangesOperator, RecordLedgerOperator, WriteChangesOperator

topology = deployed_topology()

PARAMS = {
    "inserts": Param(500, type="integer", minimum=0, title="Inserts", description="New orders."),
    "updates": Param(
        0, type="integer", minimum=0, title="Updates",
        description="Changes of quantity, price or status. Live orders are drawn anew in waves: some change more than once.",
    ),
    "deletes": Param(
        0, type="integer", minimum=0, title="Deletes",
        description="Orders to delete: at most as many as are live after the inserts.",
    ),
    "seed": Param(
        1, type="integer", title="Seed",
        description="The same seed with the same orders in the table gives the same changes.",
    ),
    "rate_per_second": Param(
        None, type=["number", "null"], exclusiveMinimum=0, maximum=1_000_000, title="Rate per second",
        description="Changes a second, spread evenly; empty: as fast as the table takes them.",
        **{"not": {"type": "number", "maximum": 0}},  # NaN: Airflow would store it as null, which means no limit
    ),
}  # fmt: skip

with DAG(
    dag_id="sales_cdc_generate",
    doc_md=__doc__,
    schedule=None,
    catchup=False,
    max_active_runs=1,
    params=PARAMS,
    default_args={
        "aws_conn_id": topology.settings.aws_conn_id,
        "region_name": topology.settings.region,
        "owner": "sales",
        "retries": 3,
        "retry_delay": timedelta(seconds=5),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=2),
        "execution_timeout": timedelta(hours=6),
    },
    dagrun_timeout=timedelta(hours=24),
    **dag_arguments(topology),
) as dag:
    place = {"table": topology.table.name, "bucket": topology.bucket.name}

    find_account = FindAccountOperator()
    plan_changes = PlanChangesOperator(task_id="plan_changes", **place)
    write_inserts = WriteChangesOperator(task_id="write_inserts", event_type="INSERT", **place)
    write_updates = WriteChangesOperator(task_id="write_updates", event_type="MODIFY", **place)
    write_deletes = WriteChangesOperator(task_id="write_deletes", event_type="REMOVE", **place)
    record_ledger = RecordLedgerOperator(task_id="record_ledger", **place)

    chain(find_account, plan_changes, write_inserts, write_updates, write_deletes, record_ledger)
    describe_tasks(dag)
