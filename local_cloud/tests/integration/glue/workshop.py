"""A bucket with scripts and a role of a test's own for jobs, through boto3."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass
from typing import Any

ENDED = {"SUCCEEDED", "FAILED", "TIMEOUT", "STOPPED"}
ARGUMENTS = "import json, sys\nprint(json.dumps(sys.argv[1:]))\n"
SLEEP = "import time\ntime.sleep(60)\n"


@dataclass(frozen=True)
class Workshop:
    """A bucket with scripts and a role of a test's own, with the clients to use them."""

    name: str
    role: str
    s3: Any
    glue: Any
    iam: Any
    logs: Any

    def job(self, script: str, command: str = "pythonshell", **settings: Any) -> str:
        name = f"{self.name}-{uuid.uuid4().hex[:6]}"
        location = f"s3://{self.name}/{name}.py"
        self.s3.put_object(Bucket=self.name, Key=f"{name}.py", Body=script.encode())
        settings.setdefault("Role", self.role)
        self.glue.create_job(
            Name=name, Command={"Name": command, "ScriptLocation": location, "PythonVersion": "3"}, **settings
        )
        return name

    def start(self, job: str, **arguments: str) -> str:
        given = {f"--{name}": value for name, value in arguments.items()}
        return str(self.glue.start_job_run(JobName=job, Arguments=given)["JobRunId"])

    def wait(self, job: str, run_id: str, states: set[str] = ENDED) -> Any:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            run = self.glue.get_job_run(JobName=job, RunId=run_id)["JobRun"]
            if run["JobRunState"] in states:
                return run
            time.sleep(0.1)
        raise AssertionError(f"run {run_id} of {job} did not reach {states}")

    def run(self, job: str, **arguments: str) -> Any:
        return self.wait(job, self.start(job, **arguments))

    def log(self, run: Any, stream: str) -> list[str]:
        group = f"{run['LogGroupName']}/{stream}"
        events = self.logs.get_log_events(logGroupName=group, logStreamName=run["Id"], limit=1000)["events"]
        return [event["message"] for event in events]

    def allow(self, *actions: str) -> None:
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        policy = json.dumps({"Statement": [statement]})
        self.iam.put_role_policy(RoleName=self.name, PolicyName="all", PolicyDocument=policy)
