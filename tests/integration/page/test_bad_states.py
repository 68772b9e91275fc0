"""Put a deployment on a live cloud into twelve bad states: page, report and terminal give the same true verdict, until it is mended.

Airflow's database is its own tables in memory; the tables of the lake are made by statements, and the reports are written as a batch
writes them.
"""

from __future__ import annotations

import io
import json
import os
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.api_fastapi.execution_api.routes.task_instances import get_task_instance_states
from airflow.models.dag import DagModel
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from sales_cdc.aws.athena import Athena
from sales_cdc.batch.own_run import failing_run, passing_run
from sales_cdc.batch.report_document import with_verdict
from sales_cdc.batch.report_page import as_markdown, failure_page
from sales_cdc.contract import bucket_keys
from sales_cdc.deployment.settings import Settings
from sales_cdc.deployment.topology import Topology
from sales_cdc.page.reader import DeploymentReader
from sales_cdc.page.reads import airflow_runs
from sales_cdc.page.tabs import verdict as tab
from sales_cdc.verdict.clients import DeploymentClients
from sales_cdc.verdict.reading import read_evidence, unreadable
from sales_cdc.verdict.sources import DeploymentSources
from sales_cdc.verdict.verdict import Verdict, verdict_on
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from tests import shipped
from tests.browser.bad_states import BAD_STATES, RESCUED
from tests.conftest import Cloud
from tests.integration.dag_runs import DagRun
from tests.ports import free_port
from tests.unit.page.test_airflow_runs import Database
from tests.unit.verdict.test_verdict import REPORT
from tests.waiting import wait_for

pytestmark = pytest.mark.integration
STATUS = shipped.load("include/scripts/status.py")
RUN = "manual__2026-11-25T12:00:00+00:00"
EQUAL = {"run_id": RUN, "counts": {"missing": 0, "extra": 0, "stale": 0}}
ICEBERG = "CREATE TABLE {name} (orderid string, is_deleted boolean) LOCATION '{where}' TBLPROPERTIES ('table_type' = 'ICEBERG')"
TABLES = ("orders_changes", "orders_current", "orders_quarantine", "orders_intake")


class TaskInstance:
    """What a task asks of Airflow, answered from the database as by the execution API."""

    def __init__(self, engine: Engine, run_id: str) -> None:
        self.dag_id, self.run_id, self._engine = "sales_cdc_batch", run_id, engine

    def get_dag(self, dag_id: str) -> Any:
        with Session(self._engine) as session:
            return SimpleNamespace(
                is_paused=session.scalar(select(DagModel.is_paused).where(DagModel.dag_id == dag_id))
            )

    def get_task_states(self, dag_id: str, run_ids: list[str]) -> Any:
        with Session(self._engine) as session:
            return get_task_instance_states(dag_id, session, None, run_ids=run_ids).task_states  # type: ignore[arg-type]


class Live:
    """A deployment that setup made, with what a batch leaves, and Airflow's tables beside it."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud, self.environment = cloud, pytest.MonkeyPatch()
        self.environment.setenv("SALES_CDC_PREFIX", f"t{uuid.uuid4().hex[:8]}")
        self.environment.setenv("SALES_CDC_EVENT_DRIVEN", "on")
        self.environment.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "sqlite://")
        self.environment.setattr("sales_cdc.verdict.sources.DeploymentClients", self.clients_of)
        self._clients: dict[str, DeploymentClients] = {}
        DagRun("sales_cdc_setup.py").run()
        self.topology = Topology(Settings.from_environment(), "000000000000")
        group, database = self.topology.workgroup.name, self.topology.database.name
        self._athena = Athena(cloud.client("athena"), workgroup=group, database=database)
        for name in TABLES:
            self.make(name)
        where = self.topology.s3_uri("raw/orders/")
        self.sql(f"CREATE EXTERNAL TABLE raw_orders (orderid string) ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION '{where}'")  # fmt: skip
        for view in ("orders", "orders_history"):
            self.sql(f"CREATE VIEW {view} AS SELECT orderid FROM orders_current")
        self.report()
        self.put(f"{bucket_keys.BATCH_RUNS}{RUN}/account.json", {"run_id": RUN, "unaccounted": 0})
        self.put(f"{bucket_keys.RECONCILE_RUNS}{RUN}.json", EQUAL)
        self.runs("success")

    def clients_of(self, settings: Settings) -> DeploymentClients:
        """Return the clients of Airflow's connection as it is now: they are made once, which takes most of the time."""
        return self._clients.setdefault(os.environ["AIRFLOW_CONN_AWS_DEFAULT"], DeploymentClients(settings))

    def sql(self, statement: str) -> None:
        self._athena.run(statement)

    def make(self, name: str) -> None:
        self.sql(ICEBERG.format(name=name, where=self.topology.s3_uri(f"curated/{name}-{uuid.uuid4().hex}/")))

    def put(self, key: str, *documents: Any) -> None:
        body = "\n".join(map(json.dumps, documents)).encode()
        self.cloud.client("s3").put_object(Bucket=self.topology.bucket.name, Key=key, Body=body)

    def delete(self, key: str) -> None:
        self.cloud.client("s3").delete_object(Bucket=self.topology.bucket.name, Key=key)

    def report(self, **more: Any) -> None:
        self.put(f"{bucket_keys.BATCH_RUNS}{RUN}/report.json", {"run_id": RUN, **more})

    def runs(self, *states: str, paused: bool = False) -> None:
        """Let Airflow know the batch with runs that ended so."""
        database = Database()
        database.dag("batch", paused=paused, assets={"any": [{"asset": {"name": "arrivals"}}]})
        database.runs("batch", *states)
        if states[-1] == "failed":
            database.failed_task(f"run-{len(states) - 1}", "check_curated")

        @contextmanager
        def session() -> Iterator[Session]:
            with Session(database.engine) as opened:
                yield opened

        self.environment.setattr(airflow_runs, "create_session", session)
        self.task_instance = TaskInstance(database.engine, f"run-{len(states) - 1}")
        self.fails = states[-1] == "failed"

    def verdicts(self) -> dict[str, Verdict]:
        """Return what the page, the terminal and a task see, each by its own way."""
        settings, instance = Settings.from_environment(), self.task_instance
        runs = failing_run(instance, datetime.now(UTC)) if self.fails else passing_run(instance)
        try:
            in_task = verdict_on(read_evidence(DeploymentSources(settings), settings, runs))
        except (ClientError, BotoCoreError) as error:
            in_task = verdict_on(unreadable(error, datetime.now(UTC), runs))
        page = tab.current(DeploymentReader(settings), settings)
        return {"page": page, "terminal": STATUS.current(settings), "report": in_task}


@contextmanager
def failed_batch(live: Live) -> Iterator[None]:
    live.runs("success", "failed")
    yield
    live.runs("success")


@contextmanager
def paused(live: Live) -> Iterator[None]:
    live.runs("success", paused=True)
    yield
    live.runs("success")


@contextmanager
def disabled_rule(live: Live) -> Iterator[None]:
    events, name = live.cloud.client("events"), live.topology.arrivals_rule.name
    events.disable_rule(Name=name)
    yield
    events.enable_rule(Name=name)


@contextmanager
def stopped_pipe(live: Live) -> Iterator[None]:
    pipes, name = live.cloud.client("pipes"), live.topology.pipe.name
    pipes.stop_pipe(Name=name)
    wait_for(lambda: pipes.describe_pipe(Name=name)["CurrentState"] == "STOPPED", "a stopped pipe")
    yield
    pipes.start_pipe(Name=name)
    wait_for(lambda: pipes.describe_pipe(Name=name)["CurrentState"] == "RUNNING", "a running pipe")


@contextmanager
def dropped_table(live: Live) -> Iterator[None]:
    live.sql("DROP TABLE orders_current")
    yield
    live.make("orders_current")


@contextmanager
def failed_records(live: Live) -> Iterator[None]:
    key = "errors/processing-failed/dt=2026-11-25/f.json"
    live.put(key, *[{"errorMessage": "price is 'ten'"}] * 3)
    yield
    live.delete(key)


@contextmanager
def rescued(live: Live) -> Iterator[None]:
    live.report(open=RESCUED)
    yield
    live.report()


@contextmanager
def stale(live: Live) -> Iterator[None]:
    """Three days later nothing has been compared since."""
    with pytest.MonkeyPatch.context() as later:
        later.setattr(DeploymentSources, "now", lambda self: datetime.now(UTC) + timedelta(days=3))
        yield


@contextmanager
def connected(**changed: str) -> Iterator[None]:
    """Change Airflow's connection."""
    connection = json.loads(os.environ["AIRFLOW_CONN_AWS_DEFAULT"])
    endpoint = changed.pop("endpoint_url", connection["extra"]["endpoint_url"])
    extra = {**connection["extra"], "endpoint_url": endpoint}
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps({**connection, **changed, "extra": extra}))
        environment.setenv("SALES_CDC_LOCAL_ENDPOINT", endpoint)
        yield


@contextmanager
def cloud_down(live: Live) -> Iterator[None]:
    with connected(endpoint_url=f"http://127.0.0.1:{free_port()}"):
        yield


@contextmanager
def half_built(live: Live) -> Iterator[None]:
    glue = live.cloud.client("glue")
    glue.delete_crawler(Name=live.topology.crawler.name)
    glue.delete_job(JobName=live.topology.job.name)
    yield
    DagRun("sales_cdc_setup.py").run()


@contextmanager
def denied(live: Live) -> Iterator[None]:
    iam, user = live.cloud.client("iam"), f"{live.topology.settings.prefix}-reader"
    allowed = [{"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "Action": "pipes:DescribePipe", "Resource": "*"}]  # fmt: skip
    iam.create_user(UserName=user)
    iam.put_user_policy(UserName=user, PolicyName="all-but", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": allowed}))  # fmt: skip
    key = iam.create_access_key(UserName=user)["AccessKey"]
    with connected(login=key["AccessKeyId"], password=key["SecretAccessKey"]):
        yield


@contextmanager
def empty(live: Live) -> Iterator[None]:
    live.delete(f"{bucket_keys.BATCH_RUNS}{RUN}/report.json")
    yield
    live.report()


STATES: dict[str, Callable[[Live], AbstractContextManager[None]]] = {
    "failed batch": failed_batch, "paused DAG": paused, "disabled rule": disabled_rule, "stopped pipe": stopped_pipe,
    "dropped table": dropped_table, "failed records": failed_records, "rescued values": rescued, "stale reconcile": stale,
    "cloud down": cloud_down, "half-built": half_built, "denied": denied, "empty": empty,
}  # fmt: skip


@pytest.fixture(scope="module")
def live(cloud: Cloud) -> Iterator[Live]:
    made = Live(cloud)
    yield made
    cloud.client("pipes").delete_pipe(Name=made.topology.pipe.name)
    cloud.client("firehose").delete_delivery_stream(DeliveryStreamName=made.topology.delivery.name)
    made.environment.undo()


def timeless(sentence: str) -> str:
    """Leave out since when a batch failed: the task cannot know when its run will have ended."""
    return re.sub(r"since \S+ \S+ UTC: the last batch failed", "since then: the last batch failed", sentence)


def on_terminal(verdict: Verdict) -> str:
    out = io.StringIO()
    STATUS.show(Console(file=out, width=1000, soft_wrap=True), verdict)
    return out.getvalue()


@pytest.mark.parametrize("name", STATES)
def test_a_bad_state_has_one_true_verdict_everywhere_until_it_is_mended(live: Live, name: str) -> None:
    _, state, sentence, remedy = BAD_STATES[name]
    with STATES[name](live):
        found = live.verdicts()
    for where, verdict in found.items():
        assert (where, verdict.state) == (where, state), verdict.sentence
        assert sentence in verdict.sentence
        assert remedy in verdict.remedy
        assert (timeless(verdict.sentence), verdict.reason) == (timeless(found["page"].sentence), found["page"].reason)
    assert found["terminal"].sentence in on_terminal(found["terminal"])
    told = found["report"].as_json()
    assert told["sentence"] in as_markdown(with_verdict(REPORT, told))
    assert told["sentence"] in failure_page({"run_id": RUN, "at": "", "verdict": told})
    for where, verdict in live.verdicts().items():
        assert (where, verdict.state) == (where, "trustworthy"), verdict.sentence
