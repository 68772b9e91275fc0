"""Run a DAG's tasks in this process, one after another, without scheduler and database."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from airflow.dag_processing.dagbag import DagBag
from airflow.providers.common.compat.sdk import DownstreamTasksSkipped
from airflow.sdk import BaseSensorOperator, TriggerRule
from airflow.sdk.definitions.mappedoperator import MappedOperator
from airflow.sdk.exceptions import AirflowSkipException
from airflow.sdk.execution_time import macros

DAGS = Path(__file__).resolve().parents[2] / "dags"
POKES_SECONDS = 240
"""How long a sensor pokes: on a busy machine a Glue job alone can take minutes. A condition that holds earlier ends the wait at once."""
AT_ONCE = 8


class DagRun:
    """Run a DAG file with the current environment; ``outcomes`` holds what each task returned."""

    def __init__(self, file: str, **params: Any) -> None:
        bag = DagBag(DAGS / file)
        assert not bag.import_errors
        (self.dag,) = bag.dags.values()
        self.params = {**self.dag.params.dump(), **params}
        self.outcomes: dict[str, Any] = {}
        self.skipped: set[str] = set()
        self.run_id = f"test-{uuid.uuid4()}"
        self.conf: dict[str, Any] = {}
        self.try_number, self.map_index, self.stats_tags = 1, -1, {}
        self.run_type, self.start_date = "manual", datetime.now(UTC)

    def run(self, *beginnings: str) -> None:
        """Run the tasks whose ids begin so (all by default) in their order, up to the first error."""
        for task in self.dag.topological_sort():
            if task.task_id.startswith(beginnings or ("",)) and not self._is_left_out(task):
                try:
                    self.outcomes[task.task_id] = self._run_task(task.task_id)
                except AirflowSkipException:
                    self.skipped.add(task.task_id)

    def _is_left_out(self, task: Any) -> bool:
        """Skip a task as the scheduler does: when any task before it was skipped, or all of them, by its trigger rule.

        Some are skipped by name already, by a task that skips all after it.
        """
        if task.task_id in self.skipped or task.trigger_rule == TriggerRule.ONE_FAILED:  # the first error ends the run
            return True
        before = task.upstream_task_ids
        every = task.trigger_rule == TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS
        tolerant = task.trigger_rule not in (TriggerRule.ALL_SUCCESS, TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS)
        gone = before & self.skipped
        if gone and not tolerant and (gone == before or not every):
            self.skipped.add(task.task_id)
            return True
        return False

    def run_only(self, *task_ids: str) -> None:
        """Run these tasks and no other, in the DAG's order, up to the first error."""
        for task in self.dag.topological_sort():
            if task.task_id in task_ids:
                self.outcomes[task.task_id] = self._run_task(task.task_id)

    def run_at_once(self) -> None:
        """Run every task as soon as those before it have ended, as Airflow's scheduler does, up to the first error."""
        ran = [task for task in self.dag.tasks if task.trigger_rule != TriggerRule.ONE_FAILED]
        waiting = {task.task_id: set(task.upstream_task_ids) for task in ran}
        running: dict[Future[Any], str] = {}
        with ThreadPoolExecutor(AT_ONCE) as pool:
            while waiting or running:
                for task_id in [each for each, before in waiting.items() if before <= self.outcomes.keys()]:
                    del waiting[task_id]
                    running[pool.submit(self._run_task, task_id)] = task_id
                for ended in wait(running, return_when=FIRST_COMPLETED).done:
                    self.outcomes[running.pop(ended)] = ended.result()

    def _run_task(self, task_id: str) -> Any:
        task = self.dag.get_task(task_id)
        if isinstance(task, MappedOperator):
            (name,) = task.expand_input.value
            mapped = self.outcomes[task.expand_input.value[name].operator.task_id]
            return [self._execute(task.unmap({name: each})) for each in mapped]
        return self._execute(task)

    def _execute(self, task: Any) -> Any:
        params = {**task.params.dump(), **self.params}
        context = {"ti": self, "params": params, "task": task, "run_id": self.run_id, "dag_run": self, "macros": macros}
        task.render_template_fields(context)
        if not isinstance(task, BaseSensorOperator):
            return self._outcome(task, context)
        deadline = time.monotonic() + POKES_SECONDS
        while not (seen := task.poke(context)):
            assert time.monotonic() < deadline, f"{task.task_id} saw nothing within {POKES_SECONDS} s"
            time.sleep(0.2)
        return getattr(seen, "xcom_value", None)

    def _outcome(self, task: Any, context: dict[str, Any]) -> Any:
        try:
            return task.execute(context)
        except DownstreamTasksSkipped as skip:
            self.skipped |= set(skip.tasks)
            return None

    def actions(self) -> dict[str, str]:
        """Return what was done to each resource, by task."""
        return {
            task: each["action"] for task, each in self.outcomes.items() if isinstance(each, dict) and "action" in each
        }

    def xcom_push(self, key: str, value: Any) -> None:
        """Ignore the operators' links for the UI."""

    def xcom_pull(self, task_ids: str, key: str = "return_value", **_: Any) -> Any:
        """Stand for Airflow's task instance in templates and operators; it keeps parts of an outcome only where a task says so."""
        outcome = self.outcomes.get(task_ids)
        if key == "return_value" or outcome is None:
            return outcome
        assert self.dag.get_task(task_ids).multiple_outputs, f"{task_ids} has no XCom {key}: it lacks multiple_outputs"
        return outcome[key]
