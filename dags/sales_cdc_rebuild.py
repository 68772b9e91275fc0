"""## Rebuild: make the curated tables again from raw/, check them, and exchange them

**Schedule**: none; trigger it when a check or `docs/operations.md` says so, or after a change of the contract that columns cannot
take in place. **Parameters**: see the form. **Example configuration**: `{"confirm_cost_up_to_dollars": "20"}`

    plan_rebuild        says what it costs, and stops when that is more than you confirm; goes on with a rebuild that stopped
    build_tables        the Spark job takes every raw object into tables beside the live ones (orders_rebuild_changes, ...)
    check_rebuilt       every change of the live tables is there, each once, and the current state follows from them
    exchange_tables     gives the live names the new tables; the former ones are kept (orders_old_changes, ...)
    start_curation, await_curation, publish_views      take what arrived meanwhile, and publish the views again
    write_report        ledger/rebuild/<run>.json
    delete_old_tables   only with `{"action": "delete_old"}`: removes the former tables, with their files

**The batch meanwhile** goes on with the live tables until the exchange. The exchange waits for the job's runs, and holds up those that
start while it lasts, for seconds. What they took since the build is taken again from `raw/`: an object counts as taken in a table's own intake.

**Going back**: `{"action": "restore_old"}` gives the former tables their names back, takes what arrived since, and removes the new ones.

**Rerun**: safe at any point; a new run, too, goes on where the last one stopped. Two runs at once build the same tables.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, Param, TriggerRule, chain
from sales_cdc.aws.identity import FindAccountOperator
from sales_cdc.batch.operators.curate import CurateOperator
from sales_cdc.batch.operators.run_statements import StatementsOperator
from sales_cdc.batch.sensors.curation import CurationSensor
from sales_cdc.batch.statements import VIEW_FILES
from sales_cdc.dag_page import dag_defaults
from sales_cdc.deployment.polling import Polling
from sales_cdc.deployment.process import deployed_topology
from sales_cdc.rebuild.checks import REBUILT_CHECKS
from sales_cdc.rebuild.operators.build import BuildTablesOperator, CheckRebuiltOperator
from sales_cdc.rebuild.operators.exchange import DeleteOldTablesOperator, ExchangeTablesOperator
from sales_cdc.rebuild.operators.plan import PlanRebuildOperator
from sales_cdc.rebuild.operators.report import RebuildReportOperator

topology = deployed_topology()
LEDGER_KEY, BUILD_MINUTES = dag_defaults.CURATE_LEDGER_KEY, 24 * 60
PARAMS = {
    "action": Param(
        "rebuild", enum=["rebuild", "delete_old", "restore_old"], title="Action",
        description="Rebuild; or, after a rebuild: remove the former tables, or go back to them.",
    ),
    "confirm_cost_up_to_dollars": Param(
        "5", type="string", pattern=r"^[0-9]{1,9}(\.[0-9]{1,2})?$", title="Confirm the cost, up to dollars",
        description="Nothing is done when the forecast is higher.",
    ),
    "give_up_changes": Param(
        False, type="boolean", title="Give up changes",
        description="Exchange the tables even if the live ones have changes that no raw object holds any more.",
    ),
    "database": Param(topology.database.name, const=topology.database.name),  # for the statements; not in the form
}  # fmt: skip

with DAG(
    dag_id="sales_cdc_rebuild",
    doc_md=__doc__,
    schedule=None,
    dagrun_timeout=timedelta(hours=30),
    params=PARAMS,
    default_args=dag_defaults.task_defaults(topology, execution_timeout=timedelta(minutes=75)),
    **dag_defaults.sql_arguments(),
    **dag_defaults.dag_arguments(topology),
) as dag:
    polling = Polling.of(topology.settings)
    lake = {"bucket": topology.bucket.name, "database": topology.database.name, "job_name": topology.job.name}
    athena = {"workgroup": topology.workgroup.name, "database": topology.database.name}

    find_account = FindAccountOperator()
    plan_rebuild = PlanRebuildOperator(task_id="plan_rebuild", **lake)
    build_tables = BuildTablesOperator(
        task_id="build_tables", job_name=topology.job.name, run_job_kwargs={"Timeout": BUILD_MINUTES}, verbose=False,
        execution_timeout=timedelta(minutes=BUILD_MINUTES), **polling.job,
    )  # fmt: skip
    check_rebuilt = CheckRebuiltOperator(task_id="check_rebuilt", checks=REBUILT_CHECKS, **athena)
    exchange_tables = ExchangeTablesOperator(
        task_id="exchange_tables", trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS, **lake
    )
    start_curation = CurateOperator(
        task_id="start_curation", job_name=topology.job.name, bucket=topology.bucket.name, wait_for_completion=False,
        script_args={"--ledger_key": LEDGER_KEY},
    )  # fmt: skip
    await_curation = CurationSensor(
        task_id="await_curation", job_name=topology.job.name, run_id=start_curation.output, bucket=topology.bucket.name,
        ledger_key=LEDGER_KEY, database=topology.database.name, timeout=70 * 60, **polling.job_sensor,
    )  # fmt: skip
    publish_views = StatementsOperator(task_id="publish_views", files=VIEW_FILES, **athena)
    write_report = RebuildReportOperator(task_id="write_report", **lake)
    delete_old_tables = DeleteOldTablesOperator(task_id="delete_old_tables", **lake)

    chain(find_account, plan_rebuild, build_tables, check_rebuilt, exchange_tables, start_curation, await_curation)
    chain(await_curation, publish_views, write_report)
    plan_rebuild >> exchange_tables
    find_account >> delete_old_tables
    dag_defaults.describe_tasks(dag)
