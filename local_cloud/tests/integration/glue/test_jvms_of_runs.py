"""What runs that share a JVM see of each other: nothing. The judge is a run with a JVM of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.integration.glue.workshop import Workshop

from local_cloud.glue.jobs.spark_environment import SparkLaunch, java_environment
from local_cloud.glue.jobs.spark_jvm import SparkJvm, SparkJvmError

pytestmark = pytest.mark.integration

REPORT = """
import json, os, sys
from pyspark.sql import SparkSession

name = sys.argv[sys.argv.index("--name") + 1]
session = SparkSession.builder.config("spark.mine", name).getOrCreate()
java, context = session._jvm, session.sparkContext
worker = context.parallelize([0], 1).map(lambda _: [os.getcwd(), os.environ["AWS_ACCESS_KEY_ID"]]).first()
java.java.lang.System.err.println("said by the JVM to " + name)
seen = {
    "jvm": java.java.lang.ProcessHandle.current().pid(),
    "folder": os.getcwd() == worker[0] == java.java.lang.System.getProperty("user.dir"),
    "keys": os.environ["AWS_ACCESS_KEY_ID"] == worker[1] == java.java.lang.System.getProperty("aws.accessKeyId"),
    "scratch": context.getConf().get("spark.local.dir").startswith(os.getcwd()),
    "mine": session.conf.get("spark.mine"),
    "left": [java.java.lang.System.getProperty("spark.left"), session.catalog.listTables() != [], session.conf.get("spark.sql.ansi.enabled")],
    "level": str(java.org.apache.logging.log4j.LogManager.getRootLogger().getLevel()),
}
print(json.dumps(seen))
java.java.lang.System.setProperty("spark.left", "behind")
session.conf.set("spark.sql.ansi.enabled", "true")
session.range(3).createOrReplaceTempView("left")
context.setLogLevel("INFO")
if "--bucket" in sys.argv:
    print(session.read.text(f"s3://{sys.argv[sys.argv.index('--bucket') + 1]}/seen.txt").collect())
"""
CLEAN = {"folder": True, "keys": True, "scratch": True, "left": [None, False, "false"]}


def report(workshop: Workshop, run: Any) -> dict[str, Any]:
    assert run["JobRunState"] == "SUCCEEDED", run
    seen: dict[str, Any] = json.loads(workshop.log(run, "output")[0])
    return seen


def job(workshop: Workshop, **settings: Any) -> str:
    """Make a job whose runs and those of other tests do not share a JVM."""
    own = {"--conf": f"spark.app.name={workshop.name}"}
    at_once = {"MaxConcurrentRuns": 2}
    return workshop.job(
        REPORT, command="glueetl", GlueVersion="5.1", DefaultArguments=own, ExecutionProperty=at_once, **settings
    )


def role_that_reads_scripts_alone(workshop: Workshop) -> str:
    name = f"{workshop.name}-scripts"
    trust = {"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}
    made = workshop.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
    scripts = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{workshop.name}/*.py"}
    others = {"Effect": "Allow", "Action": ["s3:GetBucketLocation", "logs:*"], "Resource": "*"}
    policy = json.dumps({"Statement": [scripts, others]})
    workshop.iam.put_role_policy(RoleName=name, PolicyName="scripts", PolicyDocument=policy)
    return str(made["Role"]["Arn"])


def test_runs_share_a_jvm_one_after_another_and_see_nothing_of_each_other(workshop: Workshop) -> None:
    """Keys, folders, settings, views, levels and logs are each run's own; another role may not read what the first one may."""
    workshop.s3.put_object(Bucket=workshop.name, Key="seen.txt", Body=b"secret\n")
    privileged = job(workshop)
    first = workshop.run(privileged, bucket=workshop.name, name="first")
    assert "value='secret'" in workshop.log(first, "output")[1]
    seen = report(workshop, first)
    assert seen.items() >= {**CLEAN, "mine": "first"}.items()

    role = role_that_reads_scripts_alone(workshop)
    denied = workshop.run(job(workshop, Role=role), bucket=workshop.name, name="second")
    errors = "\n".join(workshop.log(denied, "error"))
    assert (denied["JobRunState"], "AccessDenied" in errors) == ("FAILED", True)
    second = json.loads(workshop.log(denied, "output")[0])
    assert second == {**seen, "mine": "second"}
    assert "said by the JVM to first" not in errors
    assert " INFO " not in errors.partition("said by the JVM to second")[0], "the level that the first run set"
    assert "said by the JVM to second" in errors
    assert not is_alive(second["jvm"]), "a JVM ends with a run that failed"

    folder = Path(os.environ["LOCAL_CLOUD_HOME"]).resolve() / "cloud" / "glue" / "jobs" / first["Id"]
    assert "said by the JVM to first" in (folder / "error.log").read_text()
    assert not (folder / "error.log").is_symlink()

    runs = [workshop.start(privileged, name=each) for each in ("one", "other")]
    both = [report(workshop, workshop.wait(privileged, run)) for run in runs]
    assert [each["mine"] for each in both] == ["one", "other"]
    assert all(each.items() >= CLEAN.items() for each in both)
    assert len({each["jvm"] for each in (seen, *both)}) == 3, "runs at once have a JVM each"
    assert [is_alive(each["jvm"]) for each in both].count(True) == 1, "one at most idles"


LAUNCH = SparkLaunch(("pyspark-shell",), tuple({"PATH": os.environ["PATH"], **java_environment()}.items()))
OWNER = f"""
import sys, time
from pathlib import Path
from local_cloud.glue.jobs.spark_environment import SparkLaunch
from local_cloud.glue.jobs.spark_jvm import SparkJvm

jvm = SparkJvm({LAUNCH!r}, Path(sys.argv[1]))
jvm.wait_until_ready()
print(jvm.process_id, flush=True)
time.sleep(600)
"""


def is_alive(process_id: int) -> bool:
    """Whether a process runs; one that only waits to be reaped does not."""
    try:
        return bool(psutil.Process(process_id).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def has_ended(process_id: int) -> bool:
    deadline = time.monotonic() + 60
    while is_alive(process_id) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not is_alive(process_id)


def test_a_jvm_ends_with_the_process_that_started_it_however_that_ends(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OWNER, str(tmp_path / "jvm")]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3] / "src")}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout
        process_id = int(owner.stdout.readline())
        assert is_alive(process_id)
        owner.kill()
    assert has_ended(process_id)


def test_a_jvm_that_was_killed_is_lent_to_nobody_and_leaves_the_runs_log(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "error.log").write_text("said before\n")
    jvm = SparkJvm(LAUNCH, tmp_path / "jvm")
    jvm.wait_until_ready()
    jvm.lend(run, {})
    os.kill(jvm.process_id, signal.SIGKILL)
    assert has_ended(jvm.process_id)
    assert not jvm.take_back()
    with pytest.raises(SparkJvmError, match="does not answer"):
        jvm.lend(run, {})
    jvm.end()
    assert "said before" in (run / "error.log").read_text()
    assert not (run / "error.log").is_symlink()
    assert not (tmp_path / "jvm").exists()


def test_a_jvm_that_does_not_start_says_why(tmp_path: Path) -> None:
    jvm = SparkJvm(SparkLaunch(("--no-such-option",), LAUNCH.environment), tmp_path / "jvm")
    with pytest.raises(SparkJvmError, match="did not start"):
        jvm.wait_until_ready()
    jvm.end()
