"""Judge CloudWatch's metric alarms as AWS does.

MiniStack judges an alarm by every value of its metric's name, of whatever resource, as one period, and leaves it as it is when no
value comes. Here an alarm sees the values of its own dimensions, counts the periods that breach, treats missing periods as it says,
and returns to INSUFFICIENT_DATA. It is judged whenever values are put, which our services do every few seconds. The newest period
ends now; AWS cuts periods at whole minutes. Sources:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html,
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

from __future__ import annotations

import operator
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from local_cloud.emulator.seams import require

ALARM, OK, INSUFFICIENT_DATA = "ALARM", "OK", "INSUFFICIENT_DATA"
FURTHER_PERIODS = 2  # AWS looks back further than the alarm asks for, and judges the newest values that it finds
MAX_OLDER_POINTS = 1000  # in a row of the newest; those before them are older still
COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


def patch_alarms(cloudwatch: Any, clock: Callable[[], float] = time.time) -> None:
    """Replace the judgement of metric alarms in MiniStack's CloudWatch.

    Raises:
        SeamMovedError: MiniStack lacks one of the functions.
    """
    require(
        cloudwatch, "_evaluate_alarm", "_metrics", "_dims_key", "_dims_from_list", "_calc_stats", "_stat_value", "_record_history",
        "_dispatch_alarm_actions", "_evaluate_parent_alarms",
    )  # fmt: skip

    def evaluate(alarm: dict[str, Any]) -> None:
        if alarm.get("ComparisonOperator") not in COMPARISONS or not alarm.get("MetricName"):
            return
        values = _values(cloudwatch, alarm, clock())
        state, reason = judged(alarm, values)
        if state != alarm["StateValue"]:
            _enter(cloudwatch, alarm, state, reason, clock())

    cloudwatch._evaluate_alarm = evaluate


def judged(alarm: Mapping[str, Any], values: Sequence[float | None]) -> tuple[str, str]:
    """Return the state of an alarm, and why.

    Args:
        alarm: what PutMetricAlarm was given.
        values: the metric's value in each period, the newest first; None where it has none.

    Example: ``judged({"EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanOrEqualToThreshold"}, [3.0])``.
    """
    periods = int(alarm.get("EvaluationPeriods") or 1)
    needed = int(alarm.get("DatapointsToAlarm") or periods)
    compare, threshold = COMPARISONS[alarm["ComparisonOperator"]], float(alarm.get("Threshold") or 0)
    known = [value for value in values if value is not None][:periods]
    breaching = [value for value in known if compare(value, threshold)]
    treatment = alarm.get("TreatMissingData") or "missing"
    if treatment == "breaching":
        missing = periods - len(known)
        state, reason = _state(len(breaching) + missing >= needed, known, breaching, alarm)
        return state, f"{reason} {missing} missing ones count as breaching." if missing else reason
    if treatment == "ignore" and len(breaching) == len(known) < needed:
        return alarm["StateValue"], alarm.get("StateReason", "")
    if treatment == "missing" and not known:
        return INSUFFICIENT_DATA, f"Insufficient Data: no datapoint in {periods} periods."
    if treatment == "missing":
        needed = min(needed, len(known))
    return _state(len(breaching) >= needed, known, breaching, alarm)


def _state(is_alarm: bool, known: list[float], breaching: list[float], alarm: Mapping[str, Any]) -> tuple[str, str]:
    shown = ", ".join(f"{value:g}" for value in (breaching or known)[:5]) or "none"
    said = f"{len(breaching)} of {len(known)} datapoints [{shown}] were {alarm['ComparisonOperator']} {alarm.get('Threshold') or 0:g}"
    return (ALARM if is_alarm else OK), f"Threshold Crossed: {said}."


def _values(cloudwatch: Any, alarm: Mapping[str, Any], now: float) -> list[float | None]:
    """Return the statistic of each period that the alarm looks at, the newest first."""
    dimensions = cloudwatch._dims_key(cloudwatch._dims_from_list(alarm.get("Dimensions") or []))
    points = cloudwatch._metrics.get((alarm["Namespace"], alarm["MetricName"], dimensions)) or []
    count = int(alarm.get("EvaluationPeriods") or 1) + FURTHER_PERIODS
    found = _by_period(points, now, int(alarm.get("Period") or 60), count)
    statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average"
    return [
        cloudwatch._stat_value(cloudwatch._calc_stats(found[period]), statistic, found[period])
        if period in found
        else None
        for period in range(count)
    ]


def _by_period(points: Sequence[Any], now: float, seconds: int, count: int) -> dict[int, list[Any]]:
    """Return the values of the newest periods, by how many periods ago; they are kept for two weeks, and come almost in order."""
    found: dict[int, list[Any]] = {}
    older = 0
    for point in reversed(points):
        period = int((now - point["Timestamp"]) // seconds)
        if 0 <= period < count:
            found.setdefault(period, []).append(point)
        elif period >= count and (older := older + 1) > MAX_OLDER_POINTS:
            break
    return found


def _enter(cloudwatch: Any, alarm: dict[str, Any], state: str, reason: str, now: float) -> None:
    """Bring an alarm into another state, write that down, and tell those who asked for it."""
    before, alarm["StateValue"] = alarm["StateValue"], state
    alarm["StateReason"], alarm["StateUpdatedTimestamp"] = reason, int(now)
    cloudwatch._record_history(alarm["AlarmName"], before, state, reason)
    cloudwatch._dispatch_alarm_actions(alarm, before, state, reason)
    cloudwatch._evaluate_parent_alarms(alarm)
