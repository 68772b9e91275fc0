"""Answer the actions on job definitions.

Source: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-jobs-job.html"""

from __future__ import annotations

import threading
import time
from functools import partial

from local_cloud import constraints
from local_cloud.context import Context
from local_cloud.glue.resources import Resources, page
from local_cloud.glue.tags import Tags
from local_cloud.wire import Json, JsonService, Request, ServiceError

COMMANDS = ("glueetl", "pythonshell")
TIMEOUT_MINUTES = {"glueetl": 2880, "pythonshell": 2880}
LATER_VERSION_TIMEOUT_MINUTES = 480
MAX_TIMEOUT_MINUTES = 7 * 24 * 60


class Jobs(JsonService):
    """The control plane of jobs; ``runs.py`` runs them."""

    name = "glue"
    check = staticmethod(partial(constraints.check, "glue"))

    def __init__(self, context: Context) -> None:
        self._tags = Tags(context, "job")
        self._lock = threading.Lock()
        self._jobs = Resources(context.store, "Job")

    def create_job(self, params: Json, request: Request) -> Json:
        tags = params.pop("Tags", {})
        now = time.time()
        job = {**_definition(params), "Name": params["Name"], "CreatedOn": now, "LastModifiedOn": now}
        with self._lock:
            self._jobs.create(request.region, job["Name"], job)
        self._tags.put(request, job["Name"], tags)
        return {"Name": job["Name"]}

    def update_job(self, params: Json, request: Request) -> Json:
        """Replace the definition by the new one as a whole (UpdateJob).

        Source: https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateJob.html
        """
        with self._lock:
            current = self._jobs.get(request.region, params["JobName"])
            job = {**_definition(params["JobUpdate"]), "Name": params["JobName"], "CreatedOn": current["CreatedOn"]}
            self._jobs.put(request.region, params["JobName"], {**job, "LastModifiedOn": time.time()})
        return {"JobName": params["JobName"]}

    def get_job(self, params: Json, request: Request) -> Json:
        return {"Job": self._jobs.get(request.region, params["JobName"])}

    def get_jobs(self, params: Json, request: Request) -> Json:
        return page(self._jobs.all(request.region), params, "Jobs")

    def list_jobs(self, params: Json, request: Request) -> Json:
        return page([job["Name"] for job in self._jobs.all(request.region)], params, "JobNames")

    def batch_get_jobs(self, params: Json, request: Request) -> Json:
        found = {name: self._jobs.find(request.region, name) for name in params["JobNames"]}
        return {
            "Jobs": [job for job in found.values() if job is not None],
            "JobsNotFound": [name for name, job in found.items() if job is None],
        }

    def delete_job(self, params: Json, request: Request) -> Json:
        """Delete a job; an unknown one is no error (DeleteJob).

        Source: https://docs.aws.amazon.com/glue/latest/webapi/API_DeleteJob.html
        """
        self._jobs.delete(request.region, params["JobName"])
        self._tags.remove_all(request, params["JobName"])
        return {"JobName": params["JobName"]}


def check_timeout(params: Json) -> None:
    """Refuse a job, or a run, that could last for more than a week (Job structure, StartJobRun).

    Raises:
        ServiceError: ``InvalidInputException``.

    Sources: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-jobs-job.html,
    https://docs.aws.amazon.com/glue/latest/webapi/API_StartJobRun.html
    """
    if (params.get("Timeout") or 0) > MAX_TIMEOUT_MINUTES:
        raise ServiceError(
            "InvalidInputException", f"Timeout {params['Timeout']} is above {MAX_TIMEOUT_MINUTES} minutes."
        )


def _definition(params: Json) -> Json:
    """Return a job's fields with Glue's defaults.

    Raises:
        ServiceError: ``InvalidInputException``, an unknown command, no script, or a capacity given in both ways.
    """
    command = params.get("Command") or {}
    _check_definition(params, command)
    version = params.get("GlueVersion", "5.0" if command["Name"] == "glueetl" else "3.0")
    timeout = LATER_VERSION_TIMEOUT_MINUTES if version >= "5" else TIMEOUT_MINUTES[command["Name"]]
    return {
        "DefaultArguments": {},
        "MaxRetries": 0,
        "Timeout": timeout,
        "ExecutionProperty": {"MaxConcurrentRuns": 1},
        "GlueVersion": version,
        **{key: value for key, value in params.items() if value is not None},
        "Command": {"PythonVersion": "3", **command},
    }


def _check_definition(params: Json, command: Json) -> None:
    if command.get("Name") not in COMMANDS:
        raise ServiceError(
            "InvalidInputException",
            f"The local cloud runs commands {' and '.join(COMMANDS)}, not {command.get('Name')!r}.",
        )
    if not str(command.get("ScriptLocation", "")).startswith("s3://"):
        raise ServiceError("InvalidInputException", "Command.ScriptLocation has to be the s3:// path of a script.")
    if not params.get("Role"):
        raise ServiceError("InvalidInputException", "A job needs a Role.")
    if params.get("MaxCapacity") is not None and (params.get("WorkerType") or params.get("NumberOfWorkers")):
        raise ServiceError(
            "InvalidInputException", "Give MaxCapacity, or WorkerType and NumberOfWorkers, but not both."
        )
    check_timeout(params)
