"""Test how often tasks look on each target."""

from __future__ import annotations

from sales_cdc.deployment.polling import BY_TARGET, Polling
from sales_cdc.deployment.settings import Settings

LOCAL, AWS = BY_TARGET["local"], BY_TARGET["aws"]


def test_the_target_decides() -> None:
    assert Polling.of(Settings(target="aws", region="eu-central-1")) is AWS


def test_the_laptop_looks_often_and_aws_seldom() -> None:
    assert LOCAL.crawl["poll_interval"] <= 1 <= 15 <= AWS.crawl["poll_interval"]
    assert LOCAL.rows["poke_interval"] <= 1 < AWS.rows["poke_interval"] < 5
    assert LOCAL.objects["poke_interval"] <= 2 < 15 <= AWS.objects["poke_interval"]


def test_waits_of_minutes_leave_their_slot_on_aws() -> None:
    assert AWS.crawl["deferrable"]
    assert AWS.job["deferrable"]
    assert AWS.query["deferrable"]
    assert AWS.job_sensor["mode"] == AWS.objects["mode"] == "reschedule"


def test_a_query_is_waited_for_as_long_as_athena_lets_it_run() -> None:
    for polling in BY_TARGET.values():
        assert polling.query["sleep_time"] * polling.query["max_polling_attempts"] >= 1800


def test_a_deferred_wait_counts_whole_seconds() -> None:
    assert isinstance(AWS.query["sleep_time"], int)
