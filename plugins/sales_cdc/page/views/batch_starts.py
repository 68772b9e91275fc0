"""Say what starts a batch: by schedule, and by arrivals if Airflow and AWS both do their part. Pure."""

from __future__ import annotations

from typing import Any

from sales_cdc.verdict.evidence import BatchRuns
from sales_cdc.verdict.observation import Answer

SWITCH = "Set SALES_CDC_EVENT_DRIVEN to the same for Airflow and for sales_cdc_setup, restart Airflow, and trigger sales_cdc_setup."
ONLY_AIRFLOW = (
    "Arrivals start no batch: Airflow waits for notices of new objects, and the rule in AWS that sends them is {rule}."
)
ONLY_AWS = "Arrivals start no batch: the rule in AWS sends notices of new objects, and this Airflow does not read them."
BOTH, NEITHER = (
    "Arrivals start batches: Airflow reads the notices that AWS sends.",
    "Batches start by schedule and by hand.",
)
PAUSED = "Nothing starts a batch by itself: the DAG sales_cdc_batch is paused."


def batch_starts(rule: Answer, runs: BatchRuns | None, *, setting: bool) -> dict[str, Any]:
    """Return whether arrivals start batches, as Airflow has it and as AWS has it; ``setting`` is this process's own.

    ``airflow`` and ``aws`` are True, False, or None when it could not be read; ``differs`` when one says yes and the other no.
    """
    airflow = setting if runs is None or runs.follows_arrivals is None else runs.follows_arrivals
    aws = _sends_notices(rule)
    if aws is None:
        said = f"The rule for arrivals could not be read: {rule.message}"
    elif airflow == aws:
        said = PAUSED if runs and runs.is_paused else BOTH if aws else NEITHER
    else:
        state = str(rule.description.get("State") or "missing").lower()
        said = ONLY_AWS if aws else ONLY_AIRFLOW.format(rule=state)
    differs = aws is not None and airflow != aws
    return {"airflow": airflow, "aws": aws, "differs": differs, "sentence": said, "remedy": SWITCH if differs else ""}


def _sends_notices(rule: Answer) -> bool | None:
    if rule.refusal == "missing":
        return False
    return None if rule.refusal else rule.description.get("State") == "ENABLED"
