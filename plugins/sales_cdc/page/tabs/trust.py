"""The tab Trust: reports of batch, reconciliation, drill, repair and redrive; failed records, deliveries and cost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from fastapi import FastAPI, Response

from sales_cdc.contract import bucket_keys
from sales_cdc.cost.forecast import SECONDS_PER_DAY, Usage, forecast
from sales_cdc.cost.prices import in_dollars
from sales_cdc.deployment.settings import Settings
from sales_cdc.page.answers import QUICK, SLOW, Answers, require_known
from sales_cdc.page.curated import CHANGE_LOG, RUN_BATCH
from sales_cdc.page.reader import Reader
from sales_cdc.page.reads.airflow_runs import BATCH
from sales_cdc.page.trouble import NothingYetError
from sales_cdc.page.views.reports import batch_view, counts_view, drill_view, failures_view, reconciliation_view
from sales_cdc.page.views.texts import moment
from sales_cdc.verdict.lake_reader import Report
from sales_cdc.verdict.reading import BATCH_REPORTS
from sales_cdc.verdict.remedies import SET_UP

REPORTS: dict[str, tuple[str, str, Callable[[Report], dict[str, Any]]]] = {  # the prefix, the end of the name, the view
    "batch": (*BATCH_REPORTS, batch_view),
    "reconciliation": (bucket_keys.RECONCILE_RUNS, ".json", reconciliation_view),
    "drill": (bucket_keys.DRILL_RUNS, "/report.json", drill_view),
    "repair": (bucket_keys.REPAIR_RUNS, ".json", counts_view),
    "redrive": (bucket_keys.REDRIVE_RUNS, ".json", counts_view),
}
DAG_OF = {"reconciliation": "reconcile"}
SHOWN_RUNS = timedelta(days=62)


def add_routes(app: FastAPI, answers: Answers) -> None:
    """Add the tab's routes to the application."""
    reader, settings = answers.reader, answers.settings

    @app.get("/api/trust/{name}")
    def answer_trust(name: str) -> Response:
        loads: dict[str, Callable[[], Any]] = {
            "failures": lambda: failures(reader),
            "runs": lambda: ledger_runs(reader),
            "cost": lambda: cost(reader, settings),
            **{each: lambda: report(reader, name) for each in REPORTS},
        }
        require_known(name, loads)
        return answers.answer(("trust", name), loads[name], SLOW if name in ("runs", "cost") else 2 * QUICK)


def report(reader: Reader, name: str) -> dict[str, Any]:
    """Return the newest report of one kind, one of ``REPORTS``."""
    prefix, suffix, view = REPORTS[name]
    found = reader.newest_report(prefix, suffix)
    if found is None:
        raise NothingYetError(f"There is no report of a {name}", f"Trigger the DAG sales_cdc_{DAG_OF.get(name, name)}.")
    return view(found)


def failures(reader: Reader) -> dict[str, Any]:
    """Return the newest failed records, and how many positions wait in the dead-letter queue."""
    queue = reader.observe().answers["dead_letters"]
    waiting = None if queue.refusal else int(queue.description.get("ApproximateNumberOfMessages", 0))
    return failures_view(reader.failed_records(), waiting)


def ledger_runs(reader: Reader) -> dict[str, Any]:
    """Return what each batch of the last two months found written and delivered, oldest first: an older run's file is not read."""
    if "pipeline_ledger" not in reader.tables():
        raise NothingYetError("There is no ledger table", f"{RUN_BATCH} It keeps a line for each run from then on.")
    since = reader.now() - SHOWN_RUNS
    rows = reader.ask("page/ledger_runs.sql", {"from_time": f"{since:%Y-%m-%d %H:%M:%S}"}).as_dicts()
    return {"runs": [{**row, "run_at": moment(row["run_at"])} for row in reversed(rows)]}


def cost(reader: Reader, settings: Settings) -> dict[str, Any]:
    """Return what the pipeline costs on AWS at list prices, by service, since its stream was made."""
    made_at = reader.observe().answers["stream"].description.get("StreamCreationTimestamp")
    if made_at is None:
        raise NothingYetError("There is no stream", SET_UP)
    changes = reader.count(CHANGE_LOG)
    if changes is None:
        raise NothingYetError(
            "There is no table of changes", f"{RUN_BATCH} Its Glue job makes the table that is counted."
        )
    days = Decimal(max(1, int((reader.now() - made_at).total_seconds()))) / SECONDS_PER_DAY
    usage = Usage(
        changes,
        days=days,
        ran=_batches_since(made_at, reader),
        firehose_interval_seconds=max(1, settings.firehose_interval_seconds),
        firehose_size_mb=settings.firehose_size_mb,
        event_driven=settings.event_driven,
        adopted=settings.table is not None,
    )
    estimate = forecast(usage, settings.region)
    return {
        "total": in_dollars(estimate.dollars),
        "changes": usage.changes,
        "since": made_at.isoformat(),
        "region": estimate.region,
        "is_local": settings.target == "local",
        "services": [
            {"service": name, "dollars": in_dollars(dollars), "amount": str(dollars)}
            for name, dollars in sorted(estimate.by_service().items(), key=lambda entry: -entry[1])
        ],
    }


def _batches_since(made_at: datetime, reader: Reader) -> int:
    """Return how many of the newest batches in Airflow's database began since then: of a young pipeline, all of them."""
    runs = [run for dag in reader.dag_runs() if dag.dag_id == BATCH for run in dag.runs]
    return sum(run.started_at is not None and run.started_at >= made_at for run in runs)
