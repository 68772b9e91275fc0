"""Test the rebuild DAG with the real job: exact after any history, stopped and begun again at each step, with a batch meanwhile."""

from __future__ import annotations

import random
import threading
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from pyiceberg.catalog import Catalog, load_catalog
from sales_cdc.aws.athena import Athena
from sales_cdc.deployment.settings import Settings
from sales_cdc.deployment.topology import Topology
from sales_cdc.rebuild.catalog import CuratedCatalogHook

from tests.conftest import Cloud
from tests.e2e.test_curated_exactness import COLUMNS
from tests.integration.dag_runs import DagRun
from tests.unit.include.glue import histories
from tests.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
FURTHER = COLUMNS[11:]
LIVE = {"orders_changes", "orders_current", "orders_quarantine", "orders_intake"}
VIEWS = {"orders", "orders_history"}


class Killed(BaseException):
    """The worker ends here."""


class LakeHouse:
    """Hold the lake of a deployment: its bucket, its job and its catalog."""

    def __init__(self, cloud: Cloud, topology: Topology) -> None:
        self.cloud, self.topology = cloud, topology
        access = {
            "access-key-id": "test",
            "secret-access-key": "test",
            "region": "us-east-1",
            "endpoint": cloud.endpoint,
        }
        settings = {f"{service}.{name}": value for service in ("s3", "glue") for name, value in access.items()}
        self.catalog: Catalog = load_catalog("lake", type="glue", **settings)
        self.glue = cloud.client("glue")

    def deliver(self, key: str, lines: list[str]) -> None:
        body = "".join(f"{line}\n" for line in lines).encode()
        place = {"Bucket": self.topology.bucket.name, "Key": f"raw/orders/dt=2026-11-22/hr=10/{key}"}
        self.cloud.client("s3").put_object(**place, Body=body)

    def start_job(self) -> str:
        return str(self.glue.start_job_run(JobName=self.topology.job.name)["JobRunId"])

    def job_ends(self, run_id: str) -> str:
        def ended() -> str | None:
            state = self.glue.get_job_run(JobName=self.topology.job.name, RunId=run_id)["JobRun"]["JobRunState"]
            return state if state not in {"STARTING", "RUNNING", "STOPPING", "WAITING"} else None

        return str(wait_for(ended, "the run's end", seconds=240))

    def stop_the_build_once_it_has_committed(self) -> None:
        table = (self.topology.database.name, "orders_rebuild_changes")
        wait_for(lambda: self.catalog.table_exists(table) and self.catalog.load_table(table).current_snapshot(), "a commit", seconds=240)  # fmt: skip
        (run, *_) = self.glue.get_job_runs(JobName=self.topology.job.name)["JobRuns"]
        self.glue.batch_stop_job_run(JobName=self.topology.job.name, JobRunIds=[run["Id"]])

    def say(self, sql: str) -> None:
        athena = Athena(self.cloud.client("athena"), workgroup=self.topology.workgroup.name, database=self.topology.database.name)  # fmt: skip
        athena.wait(athena.start(sql))

    def tables(self) -> set[str]:
        return {table["Name"] for table in self.glue.get_tables(DatabaseName=self.topology.database.name)["TableList"]}

    def rows(self, table: str, *columns: str) -> list[tuple[Any, ...]]:
        """Return a table's rows, sorted, read by PyIceberg, which shares no code with Spark."""
        found = self.catalog.load_table((self.topology.database.name, table)).scan(selected_fields=columns).to_arrow()
        return sorted((tuple(row[column] for column in columns) for row in found.to_pylist()), key=repr)

    def is_exact(self, changes: list[histories.Change]) -> None:
        assert self.rows("orders_changes", *COLUMNS) == histories.expected_changes(changes, FURTHER)
        current = self.rows("orders_current", *COLUMNS, "is_deleted")
        assert current == histories.expected_current(changes, FURTHER)
        assert self.rows("orders_quarantine", "raw_line") == [("no change",)]


@pytest.fixture
def lake_house(cloud: Cloud, prefix: str, monkeypatch: pytest.MonkeyPatch) -> LakeHouse:
    monkeypatch.setenv("SALES_CDC_PREFIX", prefix)
    DagRun("sales_cdc_setup.py").run("find_account", "roles", "lake")
    return LakeHouse(cloud, Topology(Settings.from_environment(), "000000000000"))


def rebuild(**params: Any) -> DagRun:
    return DagRun("sales_cdc_rebuild.py", **params)


def test_a_rebuild_is_exact_whatever_stops_it_and_can_be_taken_back_and_confirmed(
    lake_house: LakeHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(11)
    changes = histories.random_histories(rng, orders=40, changes=30)
    *early, arriving, late = histories.arrivals(rng, changes, batches=4)
    for number, lines in enumerate(early):
        lake_house.deliver(f"{number}.json", lines)
    lake_house.deliver("bad.json", ["no change"])
    assert lake_house.job_ends(lake_house.start_job()) == "SUCCEEDED"
    lake_house.catalog.load_table((lake_house.topology.database.name, "orders_changes")).delete(
        "creation_time < '2026-11-06T00:00:00'"
    )
    lake_house.say("UPDATE orders_current SET price = DECIMAL '0.01', is_deleted = false WHERE event_type <> 'INSERT'")

    with pytest.raises(AirflowFailException, match=r"raw/ holds [\d,]+ bytes in 3 objects.*\$0\.\d+.*Nothing was done"):
        rebuild(confirm_cost_up_to_dollars="0").run("find_account", "plan")
    assert not any("rebuild" in name for name in lake_house.tables())

    stopped = rebuild()
    stopper = threading.Thread(target=lake_house.stop_the_build_once_it_has_committed)
    stopper.start()
    with pytest.raises(AirflowException):
        stopped.run("find_account", "plan", "build")
    stopper.join()
    resumed = rebuild()
    resumed.run("find_account", "plan", "build", "check")
    assert resumed.outcomes["plan_rebuild"]["phase"] == "building"

    lake_house.deliver("arriving.json", arriving)
    batch = lake_house.start_job()  # is waited for, or waits: until the exchange that was stopped has been ended
    _kill_in_the_middle_of_the_exchange(resumed, monkeypatch)
    lake_house.deliver("late.json", late)
    ended = rebuild()
    ended.run()
    assert ended.skipped == {"build_tables", "check_rebuilt", "delete_old_tables"}
    assert lake_house.job_ends(batch) == "SUCCEEDED"
    lake_house.is_exact(changes)
    kept = {name.replace("orders_", "orders_old_") for name in LIVE}
    assert lake_house.tables() == LIVE | kept | VIEWS

    with pytest.raises(AirflowFailException, match=r"still keeps the former tables.*delete_old"):
        rebuild().run("find_account", "plan")
    rebuild(action="restore_old").run()
    assert lake_house.tables() == LIVE | VIEWS
    assert 0 < len(lake_house.rows("orders_changes", "orderid")) < len(changes), "as somebody left it"

    again = rebuild()
    again.run()
    assert again.skipped == {"delete_old_tables"}
    removing = rebuild(action="delete_old")
    removing.run()
    assert all(removing.outcomes["delete_old_tables"].values())
    assert lake_house.tables() == LIVE | VIEWS
    lake_house.is_exact(changes)
    listed = lake_house.cloud.client("s3").list_objects_v2(
        Bucket=lake_house.topology.bucket.name, Prefix="ledger/rebuild/"
    )
    assert not any("exchange" in found["Key"] for found in listed["Contents"])


def _kill_in_the_middle_of_the_exchange(run: DagRun, monkeypatch: pytest.MonkeyPatch) -> None:
    exchange, tables = CuratedCatalogHook.exchange, iter(range(10))

    def exchange_or_die(self: CuratedCatalogHook, *names: str) -> bool:
        if next(tables) == 2:
            raise Killed
        return exchange(self, *names)

    with monkeypatch.context() as patch:
        patch.setattr(CuratedCatalogHook, "exchange", exchange_or_die)
        with pytest.raises(Killed):
            run.run("exchange")
