"""The batch's daily timetable, which refuses a run for the future.

Airflow registers it through the plugin, so that the scheduler and the API server know it too.
Source: https://airflow.apache.org/docs/apache-airflow/stable/howto/timetable.html
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.timetables.base import DataInterval
from airflow.timetables.trigger import CronTriggerTimetable
from pendulum import DateTime

CLOCK_DIFFERENCE = timedelta(minutes=5)


class FutureRunError(ValueError):
    """Raised when somebody triggers a run with a logical date in the future; the API answers 400 with the message."""


class DailyTimetable(CronTriggerTimetable):
    """Run at midnight UTC, and refuse a manual run whose logical date is in the future.

    Airflow's scheduler would set such a run to running, start none of its tasks until that date, and start no other run meanwhile,
    because a batch runs once at a time.
    """

    def infer_manual_data_interval(self, *, run_after: DateTime) -> DataInterval:
        """Return the interval of a manual run.

        Args:
            run_after: the run's logical date.

        Raises:
            FutureRunError: it is more than five minutes ahead; less is a difference of clocks.
        """
        now = datetime.now(UTC)
        if run_after > now + CLOCK_DIFFERENCE:
            raise FutureRunError(
                f"Trigger a run for {run_after.isoformat()}: that is in the future (now it is {now.isoformat(timespec='seconds')}). "
                "Airflow would start none of its tasks before then, and no other run. Leave the logical date empty, or give a past one."
            )
        return super().infer_manual_data_interval(run_after=run_after)
