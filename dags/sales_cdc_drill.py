"""## Drill: prove that nothing is lost, duplicated or resurrected under faults

**Schedule**: none; trigger it. **Parameters**: see the form; by default 20,000 changes under every fault.
**Example configuration**: `{"name": "friday", "changes": 2000, "crashes": 1, "seed": 7}`

The drill inserts, changes and deletes orders of its own while faults strike and workers are killed. Then it puts copies of its
records (deleted orders included) and poison (records that break the contract) straight into the Kinesis stream. Once everything has
settled it lifts the faults, redrives what failed, curates the tables and reconciles them with DynamoDB. `judge_drill` replays the
ledger and compares it with what Athena shows. Its log ends with the verdict, one claim a line; the evidence is in
`ledger/drill/<name>/report.json` and `report.md`. The run fails unless every claim holds.

Faults and crashes need the local cloud's injector. AWS has none: the drill says so and goes on with copies and poison, at the cost
of its changes (at most `confirm_cost_up_to_dollars`). Its orders stay in the table, there and here; an adopted table is refused.

**Poison** is a copy of a real record with a fractional quantity, a quantity that is text, no image, no sequence number, or cut
off. No transformer may accept it: the redrive has to find each, have it refused again, and keep it with the transformer's own
reason (under `errors/`, then in the evidence). Records that failed for a broken function only have to be redriven to success.

**Rerun**: under the same `name` it continues where it stopped, wherever it was killed; a new name starts a new drill.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, Param, chain
from sales_cdc.aws.identity import FindAccountOperator
from sales_cdc.batch.operators.curate import CurateOperator
from sales_cdc.batch.operators.run_statements import QueryOperator
from sales_cdc.dag_page.dag_defaults import dag_arguments, describe_tasks, sql_arguments, task_defaults
from sales_cdc.deployment.polling import Polling
from sales_cdc.deployment.process import deployed_topology
from sales_cdc.drill.operators.faults import CrashWorkersOperator, InjectFaultsOperator, LiftFaultsOperator
from sales_cdc.drill.operators.judge import JudgeDrillOperator
from sales_cdc.drill.operators.plan import PlanDrillOperator
from sales_cdc.drill.operators.put_extras import PutExtrasOperator
from sales_cdc.drill.operators.quarantine_poison import QuarantinePoisonOperator
from sales_cdc.drill.settled_sensor import SettledSensor
from sales_cdc.generate.form import cost_param
from sales_cdc.generate.operators import RecordLedgerOperator, WriteChangesOperator
from sales_cdc.reconcile.operators.reconcile import ReconcileOperator
from sales_cdc.redrive.operators.redrive import RedriveDeadLettersOperator, RedriveErrorsOperator
from sales_cdc.redrive.operators.report import ReportRedriveOperator

topology = deployed_topology()
POLLING, NAME = Polling.of(topology.settings), "{{ params.name or run_id }}"
FAULTS = {"duplicate": 0.05, "reorder": 0.05, "throttle": 0.05, "lambda_error": 0.9, "s3_error": 0.1}
SHARE = {"type": "number", "minimum": 0, "maximum": 1}
PARAMS = {
    "name": Param("", type="string", title="Name", description="Of this drill; empty: the run's id. The same name continues it."),
    "changes": Param(20_000, type="integer", minimum=10, maximum=1_000_000, title="Changes", description="Inserts, updates and deletes in all."),
    "copies": Param(0.05, **SHARE, title="Copies", description="Share of changes that come again, and late."),
    "poison": Param(0.01, **SHARE, title="Poison", description="Share of records that break the contract."),
    "faults": Param(FAULTS, type="object", title="Faults", description="The local cloud's fault plan; without it, nothing."),
    "crashes": Param(3, type="integer", minimum=0, maximum=3, title="Crashes", description="Of the local cloud's workers."),
    "seed": Param(1, type="integer", minimum=0, title="Seed", description="The same seed makes the same changes and poison."),
    "confirm_cost_up_to_dollars": cost_param(),
}  # fmt: skip

with DAG(
    dag_id="sales_cdc_drill",
    doc_md=__doc__,
    schedule=None,
    params=PARAMS,
    default_args=task_defaults(
        topology,
        retries=3,
        retry_delay=timedelta(seconds=5),
        retry_exponential_backoff=0,  # its faults last for seconds
        execution_timeout=timedelta(hours=2),
    ),
    **sql_arguments(),
    **dag_arguments(topology),
) as dag:
    run = {"bucket": topology.bucket.name, "run_name": NAME}
    writing = {"table": topology.table.name, "adopted": topology.adopts_table, **run}
    redriving = {"function": topology.transformer.name, "delivery_stream_arn": topology.delivery.arn, **run}
    athena = {"database": topology.database.name, "workgroup": topology.workgroup.name}
    injector = {"endpoint": topology.settings.local_endpoint, **run}
    find_account = FindAccountOperator()
    plan_drill = PlanDrillOperator(task_id="plan_drill", **writing)
    inject_faults = InjectFaultsOperator(task_id="inject_faults", **injector)
    writes = [
        WriteChangesOperator(task_id=f"write_{name}", event_type=kind, **writing)
        for name, kind in {"inserts": "INSERT", "updates": "MODIFY", "deletes": "REMOVE"}.items()
    ]
    crashes = [CrashWorkersOperator(task_id=f"crash_workers_{n}", number=n, **injector) for n in (1, 2, 3)]
    record_ledger = RecordLedgerOperator(task_id="record_ledger", **writing)
    put_extras = PutExtrasOperator(task_id="put_extras", stream=topology.stream.name, **run)
    lift_faults = LiftFaultsOperator(task_id="lift_faults", **injector)
    expect_settled = SettledSensor(
        task_id="expect_settled", poison="{{ ti.xcom_pull(task_ids='put_extras')['poison'] }}", patience_seconds=60 + topology.patience_seconds,
        quiet_seconds=topology.settings.firehose_interval_seconds + 10, timeout=3600, **POLLING.probe, **run,
    )  # fmt: skip
    redrive = [
        RedriveErrorsOperator(task_id="redrive_errors", **redriving),
        RedriveDeadLettersOperator(task_id="redrive_dead_letters", dead_letter_queue=topology.dead_letter_queue.name, **redriving),
        ReportRedriveOperator(task_id="report_redrive", **run),
    ]  # fmt: skip
    curate = CurateOperator(
        task_id="curate", job_name=topology.job.name, stop_job_run_on_kill=True, retries=20, **POLLING.job,
        script_args={"--ledger_key": "{{ ti.xcom_pull(task_ids='plan_drill')['curate_key'] }}"},
    )  # fmt: skip
    reconcile_orders = ReconcileOperator(
        task_id="reconcile_orders", hops=topology.hops, fail_on_difference=False,
        patience_seconds=topology.patience_seconds, **athena,
    )  # fmt: skip
    asked = {"params": {"database": topology.database.name}, **POLLING.query, **athena}
    queries = [QueryOperator(task_id=f"query_{of}", query=f"drill/{of}.sql", **asked) for of in ("changes", "current")]
    judge_drill = JudgeDrillOperator(
        task_id="judge_drill", changes_query=queries[0].output, current_query=queries[1].output,
        extras=put_extras.output, reconciled=reconcile_orders.output, **run,
    )  # fmt: skip
    put_poison_away = QuarantinePoisonOperator(task_id="put_poison_away", **run)

    chain(find_account, plan_drill, inject_faults.as_setup(), writes[0], crashes[0], writes[1], crashes[1], writes[2])
    chain(writes[2], record_ledger, put_extras, crashes[2], expect_settled, redrive[0], redrive[1], redrive[2], curate)
    chain(put_extras, lift_faults.as_teardown(setups=inject_faults), expect_settled)
    chain(curate, reconcile_orders, queries, judge_drill, put_poison_away)
    describe_tasks(dag)
