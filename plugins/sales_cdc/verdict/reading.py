"""Read everything that a verdict follows from, in parallel; what cannot be read is said, never left out."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from sales_cdc.aws.errors import Kind, Refusal, refusal_of
from sales_cdc.contract import bucket_keys
from sales_cdc.deployment.settings import Settings
from sales_cdc.verdict.evidence import BatchRuns, Evidence
from sales_cdc.verdict.hop import Seen
from sales_cdc.verdict.lake_reader import Report, Tail
from sales_cdc.verdict.matters import Acknowledgement
from sales_cdc.verdict.observation import Observation
from sales_cdc.verdict.pipeline_state import hops_of

BATCH_REPORTS = (bucket_keys.BATCH_RUNS, "/report.json")  # the prefix, and the end of the name
ACCOUNTS = (bucket_keys.BATCH_RUNS, "/account.json")
NAMES = {
    "raw": "raw zone",
    "failed": "error zone",
    "batch": "batch's report",
    "account": "batch's account",
    "reconciliation": "last comparison",
}


class Sources(Protocol):
    """Reads a deployment; every method may raise an error of botocore."""

    def observe(self) -> Observation:
        """Return what AWS says of every resource, and their metrics."""

    def newest_report(self, prefix: str, suffix: str = ".json") -> Report | None:
        """Return the newest report under the prefix; None when there is none."""

    def newest_changes(self) -> Tail:
        """Return the newest change events in the raw zone."""

    def failed_records(self) -> Tail:
        """Return the newest failed records in the error zone."""

    def acknowledgements(self) -> list[Acknowledgement]:
        """Return the newest acknowledgement of each open matter."""


def read_evidence(sources: Sources, settings: Settings, runs: BatchRuns | None) -> Evidence:
    """Read all that the verdict follows from.

    Args:
        runs: what Airflow's database says; None where nobody can be asked for it.

    Raises:
        BotoCoreError, ClientError: not even the account could be asked for.
    """
    calls: dict[str, Callable[[], Any]] = {
        "raw": sources.newest_changes,
        "failed": sources.failed_records,
        "batch": lambda: sources.newest_report(*BATCH_REPORTS),
        "account": lambda: sources.newest_report(*ACCOUNTS),
        "reconciliation": lambda: sources.newest_report(bucket_keys.RECONCILE_RUNS),
        "acknowledgements": sources.acknowledgements,
    }
    with ThreadPoolExecutor(len(calls)) as pool:
        asked = {name: pool.submit(_read, call) for name, call in calls.items()}
        observation = sources.observe()
        found = {name: each.result() for name, each in asked.items()}
    refused = {name: each for name, each in found.items() if isinstance(each, Refusal)} | _refused(
        observation, settings
    )
    read = {name: None if name in refused else each for name, each in found.items()}
    seen = Seen(
        observation,
        read["raw"],
        read["failed"],
        settings.firehose_interval_seconds,
        has_report=read["batch"] is not None,
    )
    catalog, queue = seen.answer("tables"), seen.answer("dead_letters")
    follows = runs.follows_arrivals if runs else None
    return Evidence(
        at=observation.at,
        hops=hops_of(seen),
        rule=seen.answer("rule"),
        event_driven=settings.event_driven if follows is None else follows,
        failed=read["failed"],
        dead_letters=int(queue.description.get("ApproximateNumberOfMessages", 0)),
        tables=None if catalog.refusal else frozenset(catalog.description.get("names", ())),
        absent=("dead-letter queue",) if queue.refusal == Kind.MISSING else (),
        batch=read["batch"],
        account=read["account"],
        reconciliation=read["reconciliation"],
        runs=runs,
        acknowledgements=read["acknowledgements"] or (),
        unread={NAMES.get(name, name): each for name, each in refused.items() if each.kind != Kind.MISSING},
    )


def _refused(observation: Observation, settings: Settings) -> dict[str, Refusal]:
    """Return what else decides and could not be read: parts without a hop of their own, and the metrics."""
    answers = {"dead-letter queue": observation.answers.get("dead_letters"), "metrics": observation.metrics}
    if settings.event_driven:
        answers["rule for arrivals"] = observation.answers.get("rule")
    return {
        name: Refusal(Kind(each.refusal), each.message, each.remedy, each.message)
        for name, each in answers.items()
        if each and each.refusal and each.refusal != Kind.MISSING
    }


def unreadable(error: ClientError | BotoCoreError, at: datetime, runs: BatchRuns | None = None) -> Evidence:
    """Return the evidence of a deployment that could not be read at all."""
    return Evidence(at, unread={"pipeline": refusal_of(error)}, runs=runs)


def _read(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except (ClientError, BotoCoreError) as error:
        return refusal_of(error)
