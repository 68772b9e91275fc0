"""Run one of the pipeline's DAGs and print its answer; Airflow's own log is in a file: ``make setup``, ``make generate``, ``make batch``,
``make teardown``.

Parameters are given as ``name=value``, or as one JSON object::

    make generate ARGS="inserts=100 updates=20"
    make generate ARGS='{"inserts": 100}'
    make teardown CONFIRM=sales-cdc
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from decimal import ROUND_CEILING
from functools import partial
from pathlib import Path
from typing import Any

import airflow_database
import boto3
from botocore.exceptions import BotoCoreError, ClientError
from command_log import StepFailedError, interrupt_on_sigterm, run_logged, step_failed
from interruption import Interruption
from rich.console import Console
from sales_cdc.contract import bucket_keys
from sales_cdc.cost.confirmation import FREE_DOLLARS, PARAM, CostNotConfirmedError, allowed_dollars
from sales_cdc.cost.forecast import Usage, forecast
from sales_cdc.cost.prices import in_dollars
from sales_cdc.deployment import endpoint_guard
from sales_cdc.deployment.settings import Settings, SettingsError
from sales_cdc.deployment.topology import Topology
from sales_cdc.generate.workload import Workload, WorkloadError

LOCAL = Path(os.environ.get("LOCAL_CLOUD_HOME", ".local"))
NEXT_STEPS = {
    "setup": "Again, it goes on where it was: make setup",
    "generate": "What it wrote, if anything, is on its way to Athena, for the next batch: make batch",
    "batch": "Again, it goes on where it was: make batch",
    "teardown": "Again, it removes what is left: make teardown CONFIRM={prefix}",
}
console = Console(highlight=False, soft_wrap=True)


def main(arguments: list[str]) -> int:
    interrupt_on_sigterm()
    name, *given = arguments
    interruption = Interruption(
        f"the run of sales_cdc_{name}",
        NEXT_STEPS[name].format(prefix=os.environ.get("SALES_CDC_PREFIX") or Settings.prefix),
    )
    try:
        settings = Settings.from_environment()
        conf = parameters(name, given, os.environ.get("CONFIRM", ""), os.environ.get("CONFIRM_COST", ""))
        require_plannable(name, conf, settings)
        endpoint_guard.install(settings)
        run(name, conf, settings)
        for line in ANSWERS[name](Ledger(settings), conf):
            console.print(line, markup=False)
    except (StepFailedError, SettingsError) as error:
        print(error, file=sys.stderr)
        return 1
    except (ClientError, BotoCoreError) as error:
        print(f"{name} ended, but its answer could not be read: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(interruption.end(), file=sys.stderr)
        return 130
    return 0


def parameters(name: str, given: list[str], confirm: str = "", confirm_cost: str = "") -> dict[str, Any]:
    """Return the run's parameters, with what CONFIRM and CONFIRM_COST say.

    Raises:
        StepFailedError: they cannot be read, or teardown was not confirmed.

    >>> parameters("generate", ["inserts=5", "--updates=2"])
    {'inserts': 5, 'updates': 2}
    """
    text = " ".join(given).strip()
    conf = _document(text) if text.startswith("{") else dict(_pair(name, each) for each in given)
    if name == "generate" and (confirmed := confirm_cost or conf.get(PARAM)):
        conf[PARAM] = str(confirmed)
    if name == "teardown" and confirm:
        conf["confirm"] = confirm
    prefix = os.environ.get("SALES_CDC_PREFIX") or Settings.prefix
    if name == "teardown" and conf.get("confirm") != prefix:
        wrong = f"CONFIRM is '{conf['confirm']}', and this deployment is '{prefix}'. T" if conf.get("confirm") else "t"
        raise StepFailedError(
            f"Nothing was removed: {wrong}eardown deletes the orders, the tables and everything else that setup made. If you mean it: make teardown CONFIRM={prefix}"
        )
    return conf


def require_plannable(name: str, conf: dict[str, Any], settings: Settings) -> None:
    """Refuse what the DAG generate would refuse, before Airflow starts: counts that are none, and a cost that is not confirmed.

    Raises:
        StepFailedError: says which count, or how to confirm the cost.
    """
    if name != "generate":
        return
    try:
        workload = Workload(1, *(conf.get(kind, 0) for kind in ("inserts", "updates", "deletes")))
        allowed = allowed_dollars(conf.get(PARAM, FREE_DOLLARS))
    except (WorkloadError, CostNotConfirmedError) as error:
        raise StepFailedError(str(error)) from error
    changes = sum(workload.counts.values())
    dollars = forecast(Usage(changes), settings.region).dollars
    if dollars > allowed:
        raise StepFailedError(
            f"Nothing was written: {changes:,} changes cost about {in_dollars(dollars)} on AWS, and {PARAM} is {allowed}. If you mean "
            f'it: make generate CONFIRM_COST={dollars.to_integral_value(ROUND_CEILING)} ARGS="…"'
        )


def _document(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise StepFailedError(f"ARGS is no JSON object ({error}): {text}") from error
    if not isinstance(found, dict):
        raise StepFailedError(f"ARGS is no JSON object: {text}")
    return found


def _pair(name: str, text: str) -> tuple[str, Any]:
    parameter, equals, value = text.removeprefix("--").partition("=")
    if not equals or not parameter:
        raise StepFailedError(
            f'ARGS holds {text!r}: give parameters as name=value, such as make {name} ARGS="inserts=100 updates=20"'
        )
    try:
        return parameter.replace("-", "_"), json.loads(value)
    except ValueError:
        return parameter.replace("-", "_"), value


def run(name: str, conf: dict[str, Any], settings: Settings) -> None:
    """Run the DAG to its end, on a local cloud that runs.

    Raises:
        StepFailedError: a step failed; the reason is its last line.
    """
    if settings.target == "local":
        _step("start the local cloud", "start-cloud", [sys.executable, "-m", "local_cloud", "start"])
    require_set_up(name, settings)
    if airflow_database.is_missing():
        with airflow_database.being_made():
            _step("make Airflow's database", "airflow-db", airflow_database.COMMAND)
    command = ["airflow", "dags", "test", f"sales_cdc_{name}", *(["-c", json.dumps(conf)] if conf else [])]
    _step(f"sales_cdc_{name}", name, command)


def require_set_up(name: str, settings: Settings) -> None:
    """Refuse what needs the pipeline where there is none, before Airflow starts; a bucket that may not be looked at is no reason.

    Raises:
        StepFailedError: there is no bucket, so that setup comes first.
    """
    if name not in ("generate", "batch"):
        return
    try:
        ledger = Ledger(settings)
        ledger.s3.head_bucket(Bucket=ledger.bucket)
    except BotoCoreError:
        return  # Airflow's connection may have what this terminal lacks
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchBucket"):
            raise StepFailedError(
                f"Nothing was done: the pipeline is not set up here yet, there is no bucket '{ledger.bucket}'. First: make setup"
            ) from error


def _step(title: str, log_name: str, command: list[str]) -> None:
    log = LOCAL / "logs" / f"{log_name}.log"
    began = time.monotonic()
    with console.status(f"{title} …"):
        code = run_logged(command, log)
    if code:
        raise step_failed(title, code, log)
    console.print(f"[green]✓[/] {title} [dim]{time.monotonic() - began:.0f} s, log: {os.path.relpath(log)}[/]")


class Ledger:
    """The documents that runs leave in the bucket."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        client = partial(boto3.client, region_name=settings.region, endpoint_url=settings.local_endpoint)
        self.s3 = client("s3")
        self.bucket = Topology(settings, client("sts").get_caller_identity()["Account"]).bucket.name

    def newest(self, prefix: str, name: str) -> dict[str, Any]:
        """Return the newest document of that name, of all runs under the prefix; an empty one when there is none."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        found = [each for page in pages for each in page.get("Contents", []) if each["Key"].endswith(f"/{name}")]
        if not found:
            return {}
        newest = max(found, key=lambda each: each["LastModified"])
        document: dict[str, Any] = json.loads(self.s3.get_object(Bucket=self.bucket, Key=newest["Key"])["Body"].read())
        return {**document, "key": f"s3://{self.bucket}/{newest['Key']}"}


def after_setup(ledger: Ledger, conf: Mapping[str, Any]) -> list[str]:
    if conf.get("plan_only"):
        log = os.path.relpath(LOCAL / "logs" / "setup.log")
        return ["Nothing was changed: this run only planned.", f"The plan is in {log}; make preflight shows it here."]
    if ledger.settings.table and not conf.get("probe_adopted_table"):
        proof = f"No probe order was sent, because the table '{ledger.settings.table}' is yours; ARGS=\"probe_adopted_table=true\" sends one."
        return [f"Every resource is there. {proof}", "Next: make batch."]
    return ["Every resource is there, and a probe order reached S3.", "Next: make generate, then make batch."]


def after_generate(ledger: Ledger, _: Mapping[str, Any]) -> list[str]:
    summary = ledger.newest(bucket_keys.GENERATE_RUNS, "summary.json")
    written = ", ".join(f"{count:,} {kind}" for kind, count in summary.get("written", {}).items())
    skipped = len(summary.get("skipped", []))
    return [
        f"Written: {written}{f'; {skipped:,} skipped, with reasons' if skipped else ''}. The ledger: {summary.get('key')}",
        "Next: make batch.",
    ]


def after_batch(ledger: Ledger, _: Mapping[str, Any]) -> list[str]:
    report = ledger.newest(bucket_keys.BATCH_RUNS, "report.json")
    verdict = report.get("verdict", {})
    counts = [
        f"{kind}: {written:,} written, {report['delivered'][kind]:,} delivered"
        for kind, written in report.get("written", {}).items()
    ]
    lines = [str(verdict.get("sentence", "")), str(verdict.get("reason", "")), str(verdict.get("remedy", ""))]
    return [
        *(line for line in lines if line),
        "; ".join(counts) if any(report.get("written", {}).values()) else "Nothing was written since the batch before.",
        f"The report: {report.get('key')}",
        'Next: make status, make query SQL="SELECT * FROM orders LIMIT 10".',
    ]


def after_teardown(_: Ledger, __: Mapping[str, Any]) -> list[str]:
    return ["All that setup made is gone."]


ANSWERS: dict[str, Callable[[Any, Mapping[str, Any]], list[str]]] = {
    "setup": after_setup,
    "generate": after_generate,
    "batch": after_batch,
    "teardown": after_teardown,
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
