"""## Drill: see for yourself that nothing is lost, doubled or resurrected

**Schedule**: none; trigger it. **Parameters**: see the form; by default 20,000 changes under every fault.

Orders of the drill's own are inserted, changed and deleted while faults strike and workers are killed. Then copies of its
records, those of deleted orders among them, and poison (records that break the contract) go straight into the Kinesis stream.
Once all has come to an end the faults are lifted, what failed is redriven, the tables are curated and reconciled with DynamoDB,
and `judge_drill` replays the ledger and holds it against what Athena shows. Its log ends with the verdict, one claim a line; the
evidence is in `ledger/drill/<name>/report.json` and `report.md`. The run fails unless every claim holds.

Faults and crashes need the local cloud's injector. On AWS there is none: the drill says so and goes on with copies and poison.
There it costs what the changes cost (`plan_drill` logs a forecast). In both places its orders stay in the table.

**Poison** is copies of real records with a fractional quantity, a quantity that is text, no image, no sequence number, or cut
off. No transformer may take them: the redrive has to find each, have it refused again, and keep it with the transformer's own
reason (under `errors/`, then in the evidence). What failed for a broken function only has to be redriven to success.

**Rerun**: under the same `name` it goes on where it stopped, killed at any point; a new name is a new drill.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, Param, chain
from sales_cdc.aws.identity import FindAccountOperator
from sales_cdc.batch.operators.athena_statements import QueryOperator
from sales_cdc.batch.operators.curate import CurateOperator
from sales_cdc.dag_page.dag_defaults import dag_arguments, describe_tasks
from sales_cdc.deployment.process import deployed_topology, include_folder
from sales_cdc.drill import operators as op
from sales_cdc.drill.judge import JudgeDrillOperator
from sales_cdc.drill.sensor import SettledSensor
from sales_cdc.generate.operators import RecordLedgerOperator, WriteChangesOperator
from sales_cdc.reconcile.operators import ReconcileOperator
from sales_cdc.redrive.operators import RedriveDeadLettersOperator, RedriveErrorsOperator, ReportRedriveOperator

topology = deployed_topology()
NAME = "{{ params.name or run_id }}"
FAULTS = {"duplicate": 0.05, "reorder": 0.05, "throttle": 0.05, "lambda_error": 0.9, "s3_error": 0.1}
SHARE = {"type": "number", "minimum": 0, "maximum": 1}
PARAMS = {
    "name": Param("", type="string", title="Name", description="Of this drill; empty: the run's id. The same name goes on."),
    "changes": Param(20_000, type="integer", minimum=10, maximum=1_000_000, title="Changes", description="Inserts, updates and deletes in all."),
    "copies": Param(0.05, **SHARE, title="Copies", description="Share of changes that come again, and late."),
    "poison": Param(0.01, **SHARE, title="Poison", description="Share of records that break the contract."),
    "faults": Param(FAULTS, type="object", title="Faults", description="The local cloud's fault plan; without it, nothing."),
    "crashes": Param(3, type="integer", minimum=0, maximum=3, title="Crashes", description="Of the local cloud's workers."),
    "seed": Param(1, type="integer", minimum=0, title="Seed", description="The same seed makes the same changes and poison."),
}  # fmt: skip

with DAG(
    dag_id="sales_cdc_drill",
    doc_md=__doc__,
    schedule=None,
    catchup=False,
    max_active_runs=1,
    params=PARAMS,
    template_searchpath=[str(include_folder() / "sql")],
    default_args={
        "aws_conn_id": topology.settings.aws_conn_id,
        "region_name": topology.settings.region,
        "owner": "sales",
        "database": topology.database.name,
        "workgroup": topology.workgroup.name,
        "sleep_time": 1,
        "retries": 3,
        "retry_delay": timedelta(seconds=5),
        "execution_timeout": timedelta(hours=2),
    },
    **dag_arguments(topology),
) as dag:
    run = {"bucket": topology.bucket.name, "run_name": NAME}
    writing = {"table": topology.table.name, **run}
    redriving = {"function": topology.transformer.name, "delivery_stream_arn": topology.delivery.arn, **run}
    letters = {"dead_letter_queue": topology.dead_letter_queue.name}
    injector = {"endpoint": topology.settings.local_endpoint, **run}

    find_account = FindAccountOperator()
    plan_drill = op.PlanDrillOperator(task_id="plan_drill", **writing)
    inject_faults = op.InjectFaultsOperator(task_id="inject_faults", **injector)
    writes = [
        WriteChangesOperator(task_id=f"write_{name}", event_type=kind, **writing)
        for name, kind in {"inserts": "INSERT", "updates": "MODIFY", "deletes": "REMOVE"}.items()
    ]
    crashes = [op.CrashWorkersOperator(task_id=f"crash_workers_{n}", number=n, **injector) for n in (1, 2, 3)]
    record_ledger = RecordLedgerOperator(task_id="record_ledger", **writing)
    put_extras = op.PutExtrasOperator(task_id="put_extras", stream=topology.stream.name, **run)
    lift_faults = op.LiftFaultsOperator(task_id="lift_faults", **injector)
    expect_settled = SettledSensor(
        task_id="expect_settled", poison="{{ ti.xcom_pull(task_ids='put_extras')['poison'] }}", patience_seconds=300,
        quiet_seconds=topology.settings.firehose_interval_seconds + 10, poke_interval=2, timeout=3600, **run,
    )  # fmt: skip
    redrive = [
        RedriveErrorsOperator(task_id="redrive_errors", **redriving),
        RedriveDeadLettersOperator(task_id="redrive_dead_letters", **letters, **redriving),
        ReportRedriveOperator(task_id="report_redrive", **run),
    ]
    curate = CurateOperator(
        task_id="curate", job_name=topology.job.name, job_poll_interval=2, stop_job_run_on_kill=True, retries=20,
        script_args={"--ledger_key": "{{ ti.xcom_pull(task_ids='plan_drill')['curate_key'] }}"},
    )  # fmt: skip
    reconcile_orders = ReconcileOperator(
        task_id="reconcile_orders", hops=topology.hops, fail_on_difference=False,
        patience_seconds=topology.settings.firehose_interval_seconds + 240,
    )  # fmt: skip
    asking = {"params": {"database": topology.database.name}}
    queries = [QueryOperator(task_id=f"query_{of}", query=f"drill/{of}.sql", **asking) for of in ("changes", "current")]
    judge_drill = JudgeDrillOperator(
        task_id="judge_drill", changes_query=queries[0].output, current_query=queries[1].output,
        extras=put_extras.output, reconciled=reconcile_orders.output, **run,
    )  # fmt: skip
    put_poison_away = op.PutPoisonAwayOperator(task_id="put_poison_away", **run)

    chain(find_account, plan_drill, inject_faults.as_setup(), writes[0], crashes[0], writes[1], crashes[1], writes[2])
    chain(writes[2], record_ledger, put_extras, crashes[2], expect_settled, redrive[0], redrive[1], redrive[2], curate)
    chain(put_extras, lift_faults.as_teardown(setups=inject_faults), expect_settled)
    chain(curate, reconcile_orders, queries, judge_drill, put_poison_away)
    describe_tasks(dag)
