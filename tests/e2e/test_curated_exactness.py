"""Test the curate job of setup, with its own role, through Glue: stopped half-way and started again."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from pyiceberg.catalog import Catalog, load_catalog
from sales_cdc.contract.declared import contract_path
from sales_cdc.deployment.settings import Settings
from sales_cdc.deployment.topology import Topology
from sales_cdc.provisioning.definitions import lake as definitions
from sales_cdc.provisioning.packaging import artifacts
from sales_cdc.provisioning.policies import permissions, trust_policy

from tests.shipped import ROOT
from tests.unit.include.glue import histories

pytestmark = pytest.mark.e2e

COLUMNS = (
    "orderid", "product_name", "quantity", "price", "event_type", "creation_time", "event_id", "sequence_number", "actor",
    "source_stream", "rescued_data", "colour", "gift", "weight",
)  # fmt: skip
ENDED = {"SUCCEEDED", "FAILED", "TIMEOUT", "STOPPED"}
RUN_SECONDS = 240


@dataclass(frozen=True)
class LakeHouse:
    """Hold the lake of one prefix: bucket, database and job, with its owner's clients."""

    topology: Topology
    client: Callable[[str], Any]
    catalog: Catalog

    def deliver(self, key: str, lines: list[str]) -> None:
        body = "".join(f"{line}\n" for line in lines).encode()
        self.client("s3").put_object(
            Bucket=self.topology.bucket.name, Key=f"raw/orders/dt=2026-11-22/hr=10/{key}", Body=body
        )

    def start(self, **arguments: str) -> str:
        given = {f"--{name}": value for name, value in arguments.items()}
        return str(self.client("glue").start_job_run(JobName=self.topology.job.name, Arguments=given)["JobRunId"])

    def stop(self, run_id: str) -> None:
        self.client("glue").batch_stop_job_run(JobName=self.topology.job.name, JobRunIds=[run_id])

    def outcome(self, run_id: str) -> Any:
        """Wait for the run to end, and return it."""
        self.eventually(lambda: self.has_ended(run_id))
        return self._run(run_id)

    def has_ended(self, run_id: str) -> bool:
        return self._run(run_id)["JobRunState"] in ENDED

    def _run(self, run_id: str) -> Any:
        return self.client("glue").get_job_run(JobName=self.topology.job.name, RunId=run_id)["JobRun"]

    def eventually(self, look: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + RUN_SECONDS
        while time.monotonic() < deadline:
            if seen := look():
                return seen
            time.sleep(0.2)
        raise AssertionError(f"not within {RUN_SECONDS} s")

    def has_committed(self, table: str) -> bool:
        name = (self.topology.database.name, table)
        return self.catalog.table_exists(name) and self.catalog.load_table(name).current_snapshot() is not None

    def rows(self, table: str, *columns: str) -> list[tuple[Any, ...]]:
        """Return a table's rows, sorted, read by PyIceberg, which shares no code with Spark."""
        found = self.catalog.load_table((self.topology.database.name, table)).scan(selected_fields=columns).to_arrow()
        return sorted((tuple(row[column] for column in columns) for row in found.to_pylist()), key=repr)


@pytest.fixture
def lake_house(cloud: Any, prefix: str) -> LakeHouse:
    topology = Topology(Settings(target="local", region="us-east-1", prefix=prefix), account="000000000000")
    s3, glue, iam = (cloud.client(service) for service in ("s3", "glue", "iam"))
    s3.create_bucket(Bucket=topology.bucket.name)
    for artifact in artifacts(topology, ROOT / "include", contract_path()).values():
        s3.put_object(Bucket=topology.bucket.name, Key=artifact.key, Body=artifact.content())
    glue.create_database(DatabaseInput={"Name": topology.database.name})
    role = topology.role("job").name
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(trust_policy(topology, "job")))
    iam.put_role_policy(RoleName=role, PolicyName="job", PolicyDocument=json.dumps(permissions(topology, "job")))
    glue.create_job(**definitions.job(topology))
    access = {"access-key-id": "test", "secret-access-key": "test", "region": "us-east-1", "endpoint": cloud.endpoint}
    settings = {f"{service}.{name}": value for service in ("s3", "glue") for name, value in access.items()}
    return LakeHouse(topology, cloud.client, load_catalog("lake", type="glue", **settings))


@pytest.mark.timeout(2 * RUN_SECONDS)
def test_a_job_stopped_half_way_and_started_again_gives_exactly_the_histories_tables(lake_house: LakeHouse) -> None:
    rng = random.Random(7)
    changes = histories.random_histories(rng, orders=40, changes=50)
    *early, late = histories.arrivals(rng, changes, batches=4)
    for number, lines in enumerate(early):
        lake_house.deliver(f"{number}.json", lines)
    first = lake_house.start()
    lake_house.eventually(lambda: lake_house.has_committed("orders_changes") or lake_house.has_ended(first))
    lake_house.stop(first)
    stopped = lake_house.outcome(first)
    assert stopped["JobRunState"] == "STOPPED", stopped.get("ErrorMessage")

    lake_house.deliver("late.json", [*late, "no change"])
    run = lake_house.outcome(lake_house.start(maintain="true", ledger_key="ledger/curate/second.json"))
    assert run["JobRunState"] == "SUCCEEDED", run.get("ErrorMessage")
    assert lake_house.rows("orders_changes", *COLUMNS) == histories.expected_changes(changes, COLUMNS[11:])
    assert lake_house.rows("orders_current", *COLUMNS, "is_deleted") == histories.expected_current(
        changes, COLUMNS[11:]
    )
    assert lake_house.rows("orders_quarantine", "raw_line") == [("no change",)]
    ledger = lake_house.client("s3").get_object(Bucket=lake_house.topology.bucket.name, Key="ledger/curate/second.json")
    assert json.load(ledger["Body"])["quarantined"] == 1
