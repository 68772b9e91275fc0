"""Cron expressions (Time-based schedules for jobs and crawlers, AWS Glue).

Source: https://docs.aws.amazon.com/glue/latest/dg/monitor-data-warehouse-schedule.html
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from local_cloud.glue.crawler.schedule import ScheduleError, parse
from local_cloud.glue.crawler.scheduler import CrawlScheduler
from local_cloud.wire import ServiceError

SUNDAY_NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "following"),
    [
        ("cron(15 12 * * ? *)", "2026-11-22T12:15"),
        ("cron(0 10 * * ? *)", "2026-11-23T10:00"),
        ("cron(0/15 * * * ? *)", "2026-11-22T12:15"),
        ("cron(5-10/5 * * * ? *)", "2026-11-22T12:05"),
        ("cron(0 18 ? * MON-FRI *)", "2026-11-23T18:00"),
        ("cron(0 8 1 * ? *)", "2026-12-01T08:00"),
        ("cron(0 8 L * ? *)", "2026-11-30T08:00"),
        ("cron(0 0 29 2 ? *)", "2028-02-29T00:00"),
        ("cron(0 8 ? * 3#2 *)", "2026-12-08T08:00"),
        ("cron(0 8 ? * 6L *)", "2026-11-27T08:00"),
        ("cron(0 8 28W * ? *)", "2026-11-27T08:00"),
        ("cron(0 0 1 JAN,JUL ? 2027-2028)", "2027-01-01T00:00"),
    ],
)
def test_an_expression_names_the_next_minute(expression: str, following: str) -> None:
    found = parse(expression).next_after(SUNDAY_NOON)
    assert found is not None
    assert found.strftime("%Y-%m-%dT%H:%M") == following
    assert parse(expression).matches(found)


def test_a_schedule_of_the_past_never_fires_again() -> None:
    assert parse("cron(0 0 1 1 ? 2020)").next_after(SUNDAY_NOON) is None


@pytest.mark.parametrize(
    "expression",
    [
        "rate(5 minutes)", "cron(* * * *)", "cron(60 * * * ? *)", "cron(0 0 * * * *)", "cron(0 0 ? * ? *)", "cron(a * * * ? *)",
        "cron(0/0 * * * ? *)", "cron(0 0 32 * ? *)", "cron(0 0 ? * 8 *)",
    ],
)  # fmt: skip
def test_anything_else_is_refused(expression: str) -> None:
    with pytest.raises(ScheduleError):
        parse(expression)


def test_a_due_crawler_starts_once_in_its_minute() -> None:
    begun: list[str] = []
    scheduler = CrawlScheduler(
        lambda: [("r", "due", "cron(0 12 * * ? 2090)"), ("r", "later", "cron(1 12 * * ? 2090)")],
        lambda region, name: begun.append(name),
    )
    noon = datetime(2090, 1, 1, 12, 0, tzinfo=UTC)
    for second in (0, 1, 59):
        scheduler.tick(noon.replace(second=second))
    assert begun == ["due"]
    scheduler.tick(noon.replace(minute=1))
    assert begun == ["due", "later"]


def test_a_running_crawler_does_not_keep_others_from_starting() -> None:
    begun: list[str] = []

    def begin(region: str, name: str) -> None:
        if name == "busy":
            raise ServiceError("CrawlerRunningException", "busy")
        begun.append(name)

    scheduler = CrawlScheduler(lambda: [("r", name, "cron(* * * * ? *)") for name in ("busy", "free")], begin)
    scheduler.tick(datetime(2090, 1, 1, tzinfo=UTC))
    assert begun == ["free"]
