"""Start, follow, stop and retry job runs.

Source: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-jobs-runs.html"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from local_cloud import constraints
from local_cloud.context import Context
from local_cloud.glue.cloudwatch_logs import write_log
from local_cloud.glue.jobs.class_archive import ArchiveMaker
from local_cloud.glue.jobs.jobs import check_timeout
from local_cloud.glue.jobs.process import JobProcess, Outcome, end_orphan
from local_cloud.glue.jobs.setup import JobOrder
from local_cloud.glue.jobs.spark_jvms import SparkJvms
from local_cloud.glue.resources import Resources, page
from local_cloud.glue.role import PRINCIPAL, role_arn
from local_cloud.wire import Json, JsonService, Request, ServiceError

logger = logging.getLogger("local_cloud.glue")

LOG_GROUP = "/aws-glue/jobs"
UNFINISHED = ("STARTING", "RUNNING", "STOPPING", "WAITING")
_INTERNAL = ("Region", "Account", "ProcessId")


class JobRuns(JsonService):
    """Runs jobs, each in a process of its own. ``minute_seconds`` is how long a minute of a job's timeout lasts."""

    name = "glue"
    check = staticmethod(partial(constraints.check, "glue"))

    def __init__(self, context: Context, *, minute_seconds: float = 60.0) -> None:
        self._context, self._minute_seconds = context, minute_seconds
        self._lock = threading.RLock()
        self._jobs = Resources(context.store, "Job")
        self._runs = context.store.collection("glue.jobrun")
        self._processes: dict[str, JobProcess] = {}
        self._archives = ArchiveMaker()
        self._jvms = SparkJvms(context.config.state_dir / "glue" / "jvms", context.config.jvm_idle_seconds)
        self._closing = False

    def start(self) -> None:
        """Fail every run that was under way when the cloud died, and end what is left of it."""
        for key, run in self._runs:
            if run["JobRunState"] in UNFINISHED:
                end_orphan(run.get("ProcessId"), run["Id"])
                reason = "The local cloud ended while the job ran."
                self._runs.put(
                    key, {**run, "JobRunState": "FAILED", "ErrorMessage": reason, "CompletedOn": time.time()}
                )

    def stop(self) -> None:
        """End every run; the next start marks them as failed."""
        self._closing = True
        self._archives.stop()
        for process in list(self._processes.values()):
            process.stop()
        self._jvms.stop()

    def start_job_run(self, params: Json, request: Request) -> Json:
        job = self._jobs.get(request.region, params["JobName"])
        check_timeout(params)
        run = self._starting(job, params, request)
        limit = job["ExecutionProperty"].get("MaxConcurrentRuns", 1)
        with self._lock:
            under_way = [r for r in self._of(request.region, job["Name"]) if r["JobRunState"] in UNFINISHED]
            if len(under_way) >= limit:
                raise ServiceError("ConcurrentRunsExceededException", f"Concurrent runs exceeded for {job['Name']}")
            self._begin(job, run)
        return {"JobRunId": run["Id"]}

    def _starting(self, job: Json, params: Json, request: Request) -> Json:
        """Return the document of a run that is about to start."""
        previous = self._find(request.region, job["Name"], params["JobRunId"]) if params.get("JobRunId") else None
        attempt = {"PreviousRunId": previous["Id"], "Attempt": previous["Attempt"] + 1} if previous else {}
        now = time.time()
        return {
            "Id": f"jr_{uuid.uuid4().hex}{uuid.uuid4().hex}",
            "Attempt": 0,
            "JobName": job["Name"],
            "StartedOn": now,
            "LastModifiedOn": now,
            "JobRunState": "STARTING",
            "Arguments": params.get("Arguments", {}),
            "PredecessorRuns": [],
            "ExecutionTime": 0,
            "Timeout": params.get("Timeout") or job["Timeout"],
            "LogGroupName": LOG_GROUP,
            "GlueVersion": job["GlueVersion"],
            **{key: value for key in _CAPACITY if (value := params.get(key, job.get(key))) is not None},
            **attempt,
            "Region": request.region,
            "Account": request.account,
        }

    def _begin(self, job: Json, run: Json) -> None:
        self._put(run)
        threading.Thread(target=self._run, args=(job, run), name=f"job-{job['Name']}", daemon=True).start()

    def get_job_run(self, params: Json, request: Request) -> Json:
        return {"JobRun": _shown(self._find(request.region, params["JobName"], params["RunId"]))}

    def get_job_runs(self, params: Json, request: Request) -> Json:
        self._jobs.get(request.region, params["JobName"])
        runs = sorted(self._of(request.region, params["JobName"]), key=lambda run: -run["StartedOn"])
        return page([_shown(run) for run in runs], params, "JobRuns")

    def batch_stop_job_run(self, params: Json, request: Request) -> Json:
        stopped, errors = [], []
        for run_id in params["JobRunIds"]:
            named = {"JobName": params["JobName"], "JobRunId": run_id}
            try:
                self._stop_run(self._find(request.region, params["JobName"], run_id))
                stopped.append(named)
            except ServiceError as error:
                errors.append({**named, "ErrorDetail": {"ErrorCode": error.code, "ErrorMessage": error.message}})
        return {"SuccessfulSubmissions": stopped, "Errors": errors}

    def _stop_run(self, run: Json) -> None:
        with self._lock:
            if run["JobRunState"] not in UNFINISHED:
                raise ServiceError(
                    "InvalidInputException", f"Job run {run['Id']} is {run['JobRunState']}: it cannot be stopped"
                )
            self._put({**run, "JobRunState": "STOPPING"})
            process = self._processes.get(run["Id"])
        if process is not None:
            process.stop()

    def _run(self, job: Json, run: Json) -> None:
        outcome = self._outcome(job, run)
        if self._closing:
            return
        now = time.time()
        with self._lock:
            reason = {"ErrorMessage": outcome.error} if outcome.error else {}
            self._processes.pop(run["Id"], None)
            ended = {
                "JobRunState": outcome.state,
                "CompletedOn": now,
                "ExecutionTime": round(outcome.seconds),
                **reason,
            }
            self._put({**self._current(run), **ended})
            if outcome.state == "FAILED" and run["Attempt"] < int(job.get("MaxRetries", 0)):
                self._begin(job, {**run, **_next_attempt(run), "JobRunState": "STARTING", "StartedOn": now})

    def _outcome(self, job: Json, run: Json) -> Outcome:
        """Run the script to its end, and put its log into CloudWatch Logs."""
        role, region = role_arn(job["Role"], run["Account"]), run["Region"]
        order = JobOrder.of(job, run, role, float(run["Timeout"]) * self._minute_seconds)
        process = JobProcess(self._context, self._jvms, order, self._followed(run))
        with self._lock:
            self._processes[run["Id"]] = process
            if self._current(run)["JobRunState"] == "STOPPING":
                process.stop()
        try:
            outcome = process.run()
            self._write_logs(process, role, region, run["Id"])
            if process.archive and outcome.state == "SUCCEEDED":
                self._archives.begin(process.archive)
        except Exception as error:
            logger.exception("job run %s failed", run["Id"])
            return Outcome("FAILED", f"Internal Service Exception: {error}")
        return outcome

    def _followed(self, run: Json) -> Callable[[int], None]:
        def running(process_id: int) -> None:
            with self._lock:
                current = self._current(run)
                state = "STOPPING" if current["JobRunState"] == "STOPPING" else "RUNNING"
                self._put({**current, "JobRunState": state, "ProcessId": process_id})

        return running

    def _write_logs(self, process: JobProcess, role: str, region: str, run_id: str) -> None:
        for stream, lines in (("output", process.output_lines()), ("error", process.error_lines())):
            if not lines:
                continue
            refused = None
            try:
                logs = self._context.clients.client("logs", role, region=region, principal=PRINCIPAL)
                refused = write_log(logs, f"{LOG_GROUP}/{stream}", run_id, [(time.time(), line) for line in lines])
            except Exception as error:
                refused = str(error)
            if refused:
                logger.warning("the log of job run %s could not be written: %s", run_id, refused)

    def _put(self, run: Json) -> None:
        self._runs.put(f"{run['Region']}/{run['JobName']}/{run['Id']}", {**run, "LastModifiedOn": time.time()})

    def _current(self, run: Json) -> Json:
        return self._runs.get(f"{run['Region']}/{run['JobName']}/{run['Id']}") or run

    def _find(self, region: str, job: str, run_id: str) -> Json:
        self._jobs.get(region, job)
        found = self._runs.get(f"{region}/{job}/{run_id}")
        if found is None:
            raise ServiceError("EntityNotFoundException", f"Job run {run_id} of job {job} does not exist")
        return found

    def _of(self, region: str, job: str) -> list[Json]:
        return [run for key, run in self._runs if key.startswith(f"{region}/{job}/")]


_CAPACITY = (
    "AllocatedCapacity", "MaxCapacity", "WorkerType", "NumberOfWorkers", "SecurityConfiguration", "NotificationProperty", "ExecutionClass",
)  # fmt: skip


def _next_attempt(run: Json) -> Json:
    first, attempt = run["Id"].partition("_attempt_")[0], run["Attempt"] + 1
    return {"Id": f"{first}_attempt_{attempt}", "Attempt": attempt, "PreviousRunId": run["Id"]}


def _shown(run: Json) -> Json:
    shown: dict[str, Any] = {key: value for key, value in run.items() if key not in _INTERNAL}
    if run["JobRunState"] in UNFINISHED:
        shown["ExecutionTime"] = round(time.time() - run["StartedOn"])
    return shown
