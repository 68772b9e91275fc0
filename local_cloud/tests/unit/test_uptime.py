"""Time in which the cloud is down does not count towards a stream's retention."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from local_cloud.uptime import FILE_NAME, Retention, Uptime

HOUR = 3600.0
WEEKEND = (100 * HOUR, 160 * HOUR)


@pytest.mark.parametrize(
    ("downtimes", "now", "horizon"),
    [
        ([], 200, 176),
        ([WEEKEND], 200, 176),  # it was over before
        ([WEEKEND], 170, 86),
        ([WEEKEND], 160, 76),
        ([(10, 20), WEEKEND, (161, 162)], 170, 85),
        ([(70, 80), WEEKEND], 170, 86),
        ([(80, 90), WEEKEND], 170, 76),
    ],
)
def test_the_horizon_counts_hours_of_uptime_only(
    downtimes: list[tuple[float, float]], now: float, horizon: float
) -> None:
    hours = [(down, up) if up > HOUR else (down * HOUR, up * HOUR) for down, up in downtimes]
    assert Uptime(hours).horizon(now * HOUR, 24 * HOUR) == horizon * HOUR


def test_a_start_notes_how_long_the_cloud_was_down(tmp_path: Path) -> None:
    written = tmp_path / "state"
    assert Uptime.continued(tmp_path, [], 5 * HOUR).horizon(6 * HOUR, HOUR) == 5 * HOUR
    written.touch()
    for last, start in ((10 * HOUR, 20 * HOUR), (21 * HOUR, 30 * HOUR)):
        os.utime(written, (last, last))
        uptime = Uptime.continued(tmp_path, [written], start)
    assert uptime.horizon(31 * HOUR, 3 * HOUR) == 9 * HOUR
    assert Uptime.kept(tmp_path).horizon(31 * HOUR, 3 * HOUR) == 9 * HOUR


def test_a_start_succeeds_when_a_power_cut_left_the_downtimes_empty(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / FILE_NAME).touch()
    assert Uptime.kept(tmp_path).horizon(6 * HOUR, HOUR) == 5 * HOUR
    assert "cannot be read" in caplog.text


def test_a_retention_is_subtracted_as_a_number_of_seconds_would_be() -> None:
    assert 200 * HOUR - Retention(Uptime(), 24 * HOUR) == 176 * HOUR
    assert 170 * HOUR - Retention(Uptime([WEEKEND]), 24 * HOUR) == 86 * HOUR
