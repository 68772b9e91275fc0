"""Show at the end of a run what was done to each resource."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from airflow.providers.common.compat.sdk import AirflowException, BaseOperator


class SummariseOperator(BaseOperator):
    """Log what the tasks did, from their XComs, and fail when one of them did not succeed.

    Args:
        of_tasks: the ids of tasks that return ``name`` and ``action``; without an ``action`` a task had nothing to do.

    Returns:
        How many resources each action was taken on.

    Raises:
        AirflowException: names the tasks that returned nothing.
    """

    def __init__(self, *, of_tasks: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.of_tasks = list(of_tasks)

    def execute(self, context: Any) -> dict[str, int]:
        outcomes = {task: context["ti"].xcom_pull(task_ids=task) for task in self.of_tasks}
        self.log.info("What was done:\n%s", as_table(outcomes))
        failed = [task for task, outcome in outcomes.items() if outcome is None]
        if failed:
            raise AirflowException(
                f"{len(failed)} of {len(outcomes)} tasks did not succeed: {', '.join(failed)}. The last line of each "
                "task's log says why. Fix that and run the DAG again: it continues where this run stopped."
            )
        return dict(Counter(outcome["action"] for outcome in outcomes.values() if "action" in outcome))


def as_table(outcomes: Mapping[str, Mapping[str, str] | None]) -> str:
    """Return a table with one line a task: its id, its resource and the action.

    The action is ``FAILED`` for a task that returned nothing. A task that had nothing to do has no line.
    """
    rows = [("task", "resource", "action")]
    for task, outcome in outcomes.items():
        if outcome is None:
            rows.append((task, "", "FAILED"))
        elif "action" in outcome:
            rows.append((task, outcome["name"], outcome["action"]))
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    return "\n".join(f"  {task:<{widths[0]}}  {name:<{widths[1]}}  {action}" for task, name, action in rows)
