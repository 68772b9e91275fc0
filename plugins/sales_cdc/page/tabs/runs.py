"""Runs of the DAGs on Trust: their state, duration and failed tasks; and starting one, with its cost confirmed."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from typing import Annotated, Any

from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import Body, Depends, FastAPI, HTTPException, Response

from sales_cdc.contract import bucket_keys
from sales_cdc.cost.prices import in_dollars
from sales_cdc.deployment.settings import Settings
from sales_cdc.page import access
from sales_cdc.page.answers import QUICK, Answers, json_response, require_known
from sales_cdc.page.reader import Reader
from sales_cdc.page.reads.airflow_runs import DagRuns, Run
from sales_cdc.page.run_costs import Holdings, ceiling, dollars_of
from sales_cdc.page.run_trigger import StartError

STARTABLE = {  # the DAG without its prefix: what one run does
    "setup": "Makes the pipeline's resources in this account and region, and changes what differs from the settings.",
    "batch": "Takes delivered changes into the tables, checks them, and compares them with DynamoDB.",
    "reconcile": "Compares every order of DynamoDB with the tables. It changes nothing.",
    "repair": "Sends the orders that the last comparison names through the stream again, then compares once more.",
    "redrive": "Delivers what is under errors/ and in the dead-letter queue. What fails again stays, with its reason.",
    "backfill": "Touches every order once, so that the table's own stream carries it. For a table older than its stream.",
    "drill": "Writes 20,000 changes of its own under faults, and proves that none is lost. Its orders stay in the table.",
}


def add_routes(app: FastAPI, answers: Answers) -> None:
    """Add the routes of runs to the application."""
    reader, settings = answers.reader, answers.settings

    @app.get("/api/runs")
    def answer_runs() -> Response:
        return answers.answer(("runs",), lambda: runs(reader), QUICK)

    @app.get("/api/start/{name}")
    def answer_plan(name: str, user: GetUserDep) -> Response:
        require_known(name, STARTABLE)
        _require_rights(_dag(name), user, unpause=False)
        return answers.answer(("start", name), lambda: plan(reader, settings, name), QUICK)

    @app.post("/api/start/{name}", dependencies=[Depends(access.asked_by_page)])
    def start(
        name: str,
        user: GetUserDep,
        up_to_dollars: Annotated[Decimal, Body(ge=0, max_digits=12)],
        unpause: Annotated[bool, Body()] = False,
    ) -> Response:
        require_known(name, STARTABLE)
        _require_rights(_dag(name), user, unpause=unpause)
        _require_confirmed(plan(reader, settings, name), up_to_dollars)
        conf = {"confirm_cost_up_to_dollars": str(up_to_dollars)} if name == "backfill" else {}
        try:
            run = answers.start(_dag(name), user.get_name(), conf, unpause=unpause)
        except StartError as error:
            raise HTTPException(409, str(error)) from error
        for changed in (("runs",), ("verdict",)):
            answers.forget(changed)
        return json_response(asdict(run))


def runs(reader: Reader) -> dict[str, Any]:
    """Return the DAGs, each with its newest runs, and which of them can be started here."""
    return {"at": reader.now().isoformat(), "dags": [_shown(each) for each in reader.dag_runs()]}


def plan(reader: Reader, settings: Settings, name: str) -> dict[str, Any]:
    """Return what a run of a DAG does and costs, and whether the DAG is paused."""
    held = _holdings(reader, settings, name)
    dollars = dollars_of(name, held)
    known = {each.dag_id: each for each in reader.dag_runs()}
    dag = known.get(_dag(name))
    return {
        "dag_id": _dag(name),
        "what": STARTABLE[name],
        "cost": in_dollars(dollars),
        "dollars": str(dollars),
        "up_to_dollars": str(ceiling(dollars)),
        "is_local": settings.target == "local",
        "is_paused": bool(dag and dag.is_paused),
        "is_known": dag is not None,
        "is_running": bool(dag and any(run.state in ("running", "queued") for run in dag.runs)),
    }


def _holdings(reader: Reader, settings: Settings, name: str) -> Holdings:
    """Return what the cost depends on; the newest comparison and the error zone are read only where they matter."""
    table = reader.observe().answers["table"].description
    differing = failed = 0
    if name == "repair" and (report := reader.newest_report(bucket_keys.RECONCILE_RUNS)):
        differing = sum(int(count) for count in report.document.get("counts", {}).values())
    if name == "redrive":
        failed = len(reader.failed_records().lines)
    sizes = int(table.get("ItemCount", 0)), int(table.get("TableSizeBytes", 0))
    return Holdings(*sizes, differing, failed, settings.region)


def _require_rights(dag_id: str, user: Any, *, unpause: bool) -> None:
    if not access.can_run(dag_id, user):
        raise HTTPException(403, f"You may not start {dag_id}: that needs the right to trigger it.")
    if unpause and not access.can_unpause(dag_id, user):
        raise HTTPException(403, f"You may not unpause {dag_id}: that needs the right to edit it.")


def _require_confirmed(planned: dict[str, Any], up_to_dollars: Decimal) -> None:
    """Raise 409 when the cost has grown beyond what the user confirmed."""
    if Decimal(planned["dollars"]) > up_to_dollars:
        raise HTTPException(
            409, f"Not started: it costs about {planned['cost']} now, more than you confirmed. Look at the cost again."
        )


def _shown(dag: DagRuns) -> dict[str, Any]:
    name = dag.dag_id.removeprefix("sales_cdc_")
    return {
        "dag_id": dag.dag_id,
        "is_paused": dag.is_paused,
        "next_at": dag.next_at.isoformat() if dag.next_at else None,
        "can_start": name in STARTABLE,
        "runs": [_run(each) for each in dag.runs],
    }


def _run(run: Run) -> dict[str, Any]:
    ended, started = run.ended_at, run.started_at
    return {
        **asdict(run),
        "started_at": started.isoformat() if started else None,
        "ended_at": ended.isoformat() if ended else None,
        "seconds": round((ended - started).total_seconds(), 1) if ended and started else None,
    }


def _dag(name: str) -> str:
    return f"sales_cdc_{name}"
