"""Test how alarms are judged, by the examples of AWS's page on missing data.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html, "How alarm state is evaluated
when data is missing": datapoints from the oldest to the newest, 0 within the threshold, X breaching it, - missing.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from local_cloud.emulator.alarms import judged, patch_alarms
from local_cloud.emulator.queue_depths import queue_depths

KEPT = "kept"
ALL, NOTHING_KNOWN = ("ALARM",) * 4, ("INSUFFICIENT_DATA", KEPT, "ALARM", "OK")
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
EXAMPLES = [
    (3, "0 - X - X", ("OK",) * 4),
    (3, "0 - - - -", ("OK",) * 4),
    (3, "- - - - -", NOTHING_KNOWN),
    (3, "0 X X - X", ALL),
    (3, "- - X - -", ("ALARM", KEPT, "ALARM", "OK")),
    (2, "0 - X - X", ALL),
    (2, "0 0 X 0 X", ALL),
    (2, "0 - X - -", ("OK", "OK", "ALARM", "OK")),
    (2, "- - - - 0", ("OK", "OK", "ALARM", "OK")),
    (2, "- - - X -", ("ALARM", KEPT, "ALARM", "OK")),
]
ABOVE_ONE = {"ComparisonOperator": "GreaterThanOrEqualToThreshold", "Threshold": 1.0}


@pytest.mark.parametrize(("needed", "datapoints", "states"), EXAMPLES)
def test_an_alarm_is_judged_as_in_the_examples_of_aws(needed: int, datapoints: str, states: tuple[str, ...]) -> None:
    values = [{"0": 0.0, "X": 1.0, "-": None}[each] for each in reversed(datapoints.split())]
    for treatment, state in zip(TREATMENTS, states, strict=True):
        alarm = {
            **ABOVE_ONE,
            "EvaluationPeriods": 3,
            "DatapointsToAlarm": needed,
            "TreatMissingData": treatment,
            "StateValue": KEPT,
        }
        assert judged(alarm, values)[0] == state, treatment


@pytest.mark.parametrize(
    ("comparison", "value", "state"),
    [("GreaterThanThreshold", 1.0, "OK"), ("GreaterThanOrEqualToThreshold", 1.0, "ALARM"), ("LessThanThreshold", 1.0, "OK"),
     ("LessThanOrEqualToThreshold", 1.0, "ALARM"), ("LessThanThreshold", 0.5, "ALARM")],
)  # fmt: skip
def test_a_value_is_compared_as_the_alarm_says(comparison: str, value: float, state: str) -> None:
    assert judged({**ABOVE_ONE, "ComparisonOperator": comparison}, [value])[0] == state


class CloudWatch:
    """What the patch uses of MiniStack's module, with the newest and the oldest value of a metric as its statistic."""

    def __init__(self, now: float) -> None:
        self._metrics: dict[Any, list[dict[str, float]]] = {}
        self.told: list[tuple[str, str]] = []
        self.clock = now
        self._evaluate_alarm: Any = None
        patch_alarms(self, lambda: self.clock)

    def _dims_key(self, dimensions: dict[str, str]) -> str:
        return str(dimensions)

    def _dims_from_list(self, dimensions: list[dict[str, str]]) -> dict[str, str]:
        return {each["Name"]: each["Value"] for each in dimensions}

    def _calc_stats(self, points: list[dict[str, float]]) -> dict[str, float]:
        return {"Maximum": max(point["Value"] for point in points), "Sum": sum(point["Value"] for point in points)}

    def _stat_value(self, stats: dict[str, float], name: str, _: Any) -> float:
        return stats[name]

    def _record_history(self, name: str, before: str, after: str, _: str) -> None:
        self.told.append((before, after))

    def _dispatch_alarm_actions(self, *_: Any) -> None:
        pass

    def _evaluate_parent_alarms(self, _: Any) -> None:
        pass

    def put(self, queue: str, value: float, at: float) -> None:
        self._metrics.setdefault(("AWS/SQS", "Visible", str({"QueueName": queue})), []).append(
            {"Value": value, "Timestamp": at}
        )


def alarm_of(queue: str, **more: Any) -> dict[str, Any]:
    return {
        **ABOVE_ONE, "AlarmName": queue, "Namespace": "AWS/SQS", "MetricName": "Visible", "Statistic": "Maximum", "Period": 60,
        "EvaluationPeriods": 1, "Dimensions": [{"Name": "QueueName", "Value": queue}], "StateValue": "INSUFFICIENT_DATA", **more,
    }  # fmt: skip


def test_an_alarm_sees_only_the_values_of_its_own_resource() -> None:
    cloudwatch, mine = CloudWatch(1_000_000), alarm_of("mine")
    cloudwatch.put("theirs", 5, 999_990)
    cloudwatch._evaluate_alarm(mine)
    assert mine["StateValue"] == "INSUFFICIENT_DATA"
    cloudwatch.put("mine", 5, 999_990)
    cloudwatch._evaluate_alarm(mine)
    assert mine["StateValue"] == "ALARM"


def test_an_alarm_ends_when_its_values_are_good_again_and_loses_its_state_when_none_comes() -> None:
    cloudwatch, mine = CloudWatch(1_000_000), alarm_of("mine")
    for at, value in ((1_000_000, 5), (1_000_070, 0)):
        cloudwatch.clock = at
        cloudwatch.put("mine", value, at)
        cloudwatch._evaluate_alarm(mine)
    cloudwatch.clock = 1_000_600
    cloudwatch._evaluate_alarm(mine)
    assert cloudwatch.told == [("INSUFFICIENT_DATA", "ALARM"), ("ALARM", "OK"), ("OK", "INSUFFICIENT_DATA")]


def test_a_day_without_a_value_breaches_when_the_alarm_says_so_even_if_old_values_come_late() -> None:
    daily = {"ComparisonOperator": "LessThanThreshold", "Period": 3600, "EvaluationPeriods": 26, "Statistic": "Sum"}
    cloudwatch, mine = CloudWatch(1_000_000), alarm_of("mine", **daily, TreatMissingData="breaching")
    cloudwatch.put("mine", 1, 1_000_000 - 25 * 3600)
    for hours in range(100, 110):
        cloudwatch.put("mine", 1, 1_000_000 - hours * 3600)
    cloudwatch._evaluate_alarm(mine)
    cloudwatch.clock += 4 * 3600
    cloudwatch._evaluate_alarm(mine)
    assert cloudwatch.told == [("INSUFFICIENT_DATA", "OK"), ("OK", "ALARM")]


def test_a_queues_depth_counts_the_messages_that_can_be_received() -> None:
    queue = {"name": "letters", "messages": [{"visible_at": 5}, {"visible_at": 10}, {"visible_at": 11}]}
    sqs = SimpleNamespace(_queues=SimpleNamespace(all_items=lambda: [("key", queue)]))
    (found,) = queue_depths(sqs, lambda: 10)()
    assert (found.namespace, found.metric, found.dimension) == (
        "AWS/SQS",
        "ApproximateNumberOfMessagesVisible",
        ("QueueName", "letters"),
    )
    assert (found.value, found.unit) == (2.0, "Count")
