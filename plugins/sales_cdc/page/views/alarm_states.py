"""Say what CloudWatch's alarms say: which have fired, since when, and why. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sales_cdc.deployment.topology import ALARMS
from sales_cdc.verdict.observation import Answer

RUN_SETUP = "Run sales_cdc_setup: it makes the alarms."


def alarm_states(answer: Answer, prefix: str) -> dict[str, Any]:
    """Return a sentence on all alarms, and those that have fired, with what each is for.

    ``is_bad``: an alarm has fired, is missing or cannot be read.
    """
    if answer.refusal:
        return _said(f"The alarms could not be read: {answer.message}", answer.remedy)
    known = {alarm["AlarmName"]: alarm for alarm in answer.description.get("alarms", [])}
    ours = {name: known.get(f"{prefix}-{name}") for name in ALARMS}
    fired = [_fired(name, alarm) for name, alarm in ours.items() if alarm and alarm["StateValue"] == "ALARM"]
    if missing := [name for name, alarm in ours.items() if alarm is None]:
        return _said(f"{len(missing)} of {len(ALARMS)} alarms are missing: {', '.join(missing)}.", RUN_SETUP, fired)
    if fired:
        return _said(f"{len(fired)} of {len(ALARMS)} alarms have fired.", "", fired)
    return {"sentence": f"No alarm has fired; {len(ALARMS)} watch.", "remedy": "", "fired": [], "is_bad": False}


def _said(sentence: str, remedy: str, fired: list[dict[str, str]] | None = None) -> dict[str, Any]:
    return {"sentence": sentence, "remedy": remedy, "fired": fired or [], "is_bad": True}


def _fired(name: str, alarm: Mapping[str, Any]) -> dict[str, str]:
    return {
        "name": name,
        "meaning": str(alarm.get("AlarmDescription", "")),
        "since": alarm["StateUpdatedTimestamp"].isoformat(),
        "reason": str(alarm.get("StateReason", "")),
    }
