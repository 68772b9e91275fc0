"""Ask for orders that changed without having been inserted, among those that the job found to be new."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from airflow.providers.amazon.aws.hooks.glue import GlueJobHook
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields

from sales_cdc.batch.operators.run_statements import RAW_SIDE, QueryOperator, with_changed
from sales_cdc.batch.watermark_ledger import Note, WatermarkHook
from sales_cdc.contract.bucket_keys import run_key

ENDED_STATES = frozenset({"SUCCEEDED", "STOPPED", "FAILED", "TIMEOUT", "ERROR", "EXPIRED"})


class FirstChangesOperator(QueryOperator):
    """Run the query of one SQL file that asks whether orders begin with their insert.

    Only the whole history says whether a change is an order's first. The Spark job knows it of the orders that it takes, since it merges
    them with the current state, and notes those that are new and begin without an insert, before it commits anything. This task waits
    for the job's note and asks for these orders. It asks for all orders where no job runs, where its run ends without a note, and in
    an audit.

    Args:
        bucket: the bucket with the ledger.
        job_name: the Glue job.
        starting_task: the task that returned the id of the job's run.

    Raises:
        AirflowException: the query failed; the message has its id and its state.
    """

    template_fields = (*QueryOperator.template_fields, *aws_template_fields("bucket", "job_name"))

    def __init__(
        self, *, bucket: str, job_name: str, starting_task: str, note_seconds: float = 1, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.bucket = bucket
        self.job_name = job_name
        self.starting_task = starting_task
        self.note_seconds = note_seconds
        self._file = str(kwargs["query"])

    def execute(self, context: Any) -> Any:
        asked = with_changed(context, RAW_SIDE)
        changed = asked["params"].get("changed")
        if changed is not None:
            orders = self._noted(context)
            known = {} if orders is None else {"changed": replace(changed, without_insert=tuple(orders))}
            params = {**context["params"], **known}
            self.query = self.get_template_env().get_template(self._file).render({**context, "params": params})
        return super().execute(context)

    def _noted(self, context: Any) -> list[str] | None:
        """Return the orders that notes name, once the job of this run has left its own; None without such a note."""
        run = context["ti"].xcom_pull(task_ids=self.starting_task)
        if not run:
            return None
        connection = {"aws_conn_id": self.aws_conn_id, "region_name": self.region_name, "verify": self.verify}
        ledger, glue = WatermarkHook(bucket=self.bucket, **connection), GlueJobHook(**connection).conn
        while True:
            state = glue.get_job_run(JobName=self.job_name, RunId=run)["JobRun"]["JobRunState"]
            notes = ledger.notes()
            if any(is_of_run(note.key, context["run_id"]) for note in notes):
                return sorted(orders_of(notes))
            if state in ENDED_STATES:
                self.log.warning("The job's run %s ended %s and left no note: all orders are asked for.", run, state)
                return None
            time.sleep(self.note_seconds)


def is_of_run(key: str, run_id: str) -> bool:
    """Return whether a note was left by the job of a DAG run."""
    return key.rpartition("/")[2].startswith(f"{run_key(run_id)}-")


def orders_of(notes: list[Note]) -> set[str]:
    """Return the orders that notes name as begun without an insert."""
    return {str(order) for note in notes for order in note.document.get("without_insert", [])}
