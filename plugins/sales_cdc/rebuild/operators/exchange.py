"""Exchange the live tables with the rebuilt ones, and remove those that are not needed any more."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import Event
from typing import Any

from airflow.providers.common.compat.sdk import AirflowException, AirflowSkipException

from sales_cdc.contract import bucket_keys
from sales_cdc.rebuild.operators.step import RebuildOperator, RebuildRefusedError
from sales_cdc.rebuild.tables import OLD, State

POLL_SECONDS = 2
PATIENCE_SECONDS = 20 * 60


class JobBusyError(AirflowException):
    """Raised when runs of the curate job go on for too long; nothing was exchanged, a retry waits again."""


@dataclass(frozen=True)
class ExchangeMark:
    """Hold the key of a mark; ``folder`` also has an object for each run of the job that waits, named by its id."""

    key: str

    @property
    def folder(self) -> str:
        return self.key.removesuffix("mark")


class ExchangeTablesOperator(RebuildOperator):
    """Give the live names the rebuilt tables, and keep the former tables under names with ``old``.

    A mark in the bucket holds up runs of the job that start meanwhile, and runs that go on are waited for: no run writes to
    both. Each table is exchanged by one conditional update of the catalog. A retry goes on with the tables that are left; until
    then the mark stays, because a run would write to new and former tables.

    Returns:
        ``exchanged``: how many tables this attempt exchanged; ``kept``: the names of the former tables.

    Raises:
        JobBusyError: a run of the job did not end in time; nothing was exchanged by this attempt.
        ExchangeError: a table could not be exchanged; those before it are.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._stop = Event()

    def on_kill(self) -> None:
        self._stop.set()

    def execute(self, context: Any) -> dict[str, Any]:
        state = self._state()
        if state is None:
            raise RebuildRefusedError("No rebuild was begun: run the task plan_rebuild first. Nothing was exchanged.")
        done = self._exchange(state) if state.phase != "exchanged" else 0
        for mark in self._marks():
            self._remove_mark(mark)  # of an attempt that was stopped after its last table
        return {"exchanged": done, "incoming": state.incoming, "kept": self._present(OLD)}

    def _exchange(self, state: State) -> int:
        mark = self._mark()
        self._await_runs(state, mark)
        self._keep_state(replace(state, phase="exchanging"))
        outgoing = dict(self._names(state.outgoing))
        done: int = sum(self.hook.exchange(live, name, outgoing[live]) for live, name in self._names(state.incoming))
        self._keep_state(replace(state, phase="exchanged"))
        return done

    def _mark(self) -> ExchangeMark:
        """Return the mark of an attempt that was stopped, or a new one, which no run has seen."""
        mark = next(iter(self._marks()), ExchangeMark(f"{bucket_keys.EXCHANGES}{uuid.uuid4()}/mark"))
        self._put_mark(mark)
        return mark

    def _marks(self) -> list[ExchangeMark]:
        return [ExchangeMark(key) for key in self._lake.keys(bucket_keys.EXCHANGES) if key.endswith("/mark")]

    def _put_mark(self, mark: ExchangeMark) -> None:
        self._lake.put_json(mark.key, {"since": datetime.now(UTC).isoformat()})

    def _await_runs(self, state: State, mark: ExchangeMark) -> None:
        """Wait for the job's runs, but for those that wait for the mark."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            keys = list(self._lake.keys(mark.folder))
            waiting = {key.removeprefix(mark.folder) for key in keys}
            runs = [run for run in self._active_runs() if run["Id"] not in waiting]
            if not runs and mark.key in keys:
                return
            if mark.key not in keys:
                self._put_mark(mark)  # another attempt gave up and removed it: look once more
            if time.monotonic() > deadline or self._stop.wait(POLL_SECONDS):
                if state.phase == "building":
                    self._remove_mark(mark)
                raise JobBusyError(
                    f"Exchange the curated tables: the job '{self.job_name}' has runs that go on, such as {runs[0]['Id'] if runs else '?'}. "
                    "Nothing was exchanged by this attempt. Wait for their end, or stop them, and clear this task."
                )

    def _remove_mark(self, mark: ExchangeMark) -> None:
        s3 = self._lake.get_conn()
        for key in sorted(self._lake.keys(mark.folder), key=mark.key.__eq__):  # the mark last
            s3.delete_object(Bucket=self.bucket, Key=key)


class DeleteOldTablesOperator(RebuildOperator):
    """Remove the former tables, with their files, once a rebuild is confirmed; skipped in other runs.

    Returns:
        By table, how many files were removed.

    Raises:
        RebuildRefusedError: a rebuild is still exchanging its tables.
        ExchangeError: a table's folder is not its own.
    """

    def execute(self, context: Any) -> dict[str, int]:
        if context["params"]["action"] != "delete_old":
            raise AirflowSkipException('Nothing is removed unless a run is given {"action": "delete_old"}.')
        state = self._state()
        if state is not None and state.phase == "exchanging":
            raise RebuildRefusedError(
                f"Remove the former tables: the rebuild that {state.run_id} began is still exchanging them. Run this DAG without "
                "an action first, which ends that. Nothing was removed."
            )
        removed = self._remove(OLD)
        self.log.info("Removed, by table, so many files: %s.", removed or "there were no former tables")
        return removed
