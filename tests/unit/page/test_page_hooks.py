"""The page's reads of AWS when it refuses, fails or takes too long; against botocore's own models."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from botocore.stub import ANY, Stubber
from sales_cdc.aws.athena import Policy, QueryFailedError
from sales_cdc.deployment.endpoint_guard import EndpointRefusedError
from sales_cdc.deployment.settings import Settings
from sales_cdc.deployment.topology import Topology
from sales_cdc.page.reads.lake_query import LakeQuery
from sales_cdc.page.trouble import trouble
from sales_cdc.verdict.lake_reader import MAX_SHOWN_BYTES, LakeReader
from sales_cdc.verdict.observation import answer

AT = datetime(2026, 11, 25, tzinfo=UTC)
RUN = {"QueryExecutionId": "q1"}


class StubbedClients:
    """One stubbed client in the place of all."""

    def __init__(self, service: str) -> None:
        self._client = boto3.client(service, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
        self.stub = Stubber(self._client)

    def client(self, service: str) -> Any:
        return self._client

    def topology(self) -> Topology:
        return Topology(Settings.from_environment({"SALES_CDC_TARGET": "local"}), "000000000000")


@pytest.fixture
def athena() -> Iterator[StubbedClients]:
    clients = StubbedClients("athena")
    with clients.stub:
        yield clients
        clients.stub.assert_no_pending_responses()


@pytest.fixture
def s3() -> Iterator[StubbedClients]:
    clients = StubbedClients("s3")
    with clients.stub:
        yield clients
        clients.stub.assert_no_pending_responses()


def state(name: str, reason: str = "") -> dict[str, Any]:
    return {"QueryExecution": {"Status": {"State": name, **({"StateChangeReason": reason} if reason else {})}}}


def test_a_query_that_fails_tells_athenas_reason(athena: StubbedClients) -> None:
    athena.stub.add_response("start_query_execution", RUN)
    athena.stub.add_response("get_query_execution", state("FAILED", "TABLE_NOT_FOUND: no raw_orders"), RUN)
    with pytest.raises(QueryFailedError, match="TABLE_NOT_FOUND"):
        LakeQuery(athena).ask("page/order_now.sql", {"pieces": [1]}, ("a",))  # type: ignore[arg-type]


def test_a_query_that_takes_too_long_is_stopped(athena: StubbedClients) -> None:
    query = LakeQuery(athena, Policy(patience_seconds=-1.0))  # type: ignore[arg-type]
    athena.stub.add_response("start_query_execution", RUN)
    athena.stub.add_response("get_query_execution", state("RUNNING"), RUN)
    athena.stub.add_response("stop_query_execution", {}, RUN)
    with pytest.raises(QueryFailedError, match="was stopped"):
        query.ask("page/order_now.sql", {"pieces": [1]}, ("a",))


def test_a_report_too_large_to_show_is_not_fetched(s3: StubbedClients) -> None:
    listed = {"Key": "ledger/repair/run.json", "LastModified": AT, "Size": MAX_SHOWN_BYTES + 1}
    s3.stub.add_response("list_objects_v2", {"Contents": [listed], "IsTruncated": False})
    with pytest.raises(ValueError, match="too large"):
        LakeReader(s3).newest_report("ledger/repair/")  # type: ignore[arg-type]


def test_a_listing_ends_after_five_pages(s3: StubbedClients) -> None:
    for page in range(5):
        listed = {"Key": f"ledger/repair/{page}.json", "LastModified": AT + timedelta(page), "Size": 2}
        answered = {"Contents": [listed], "IsTruncated": True, "NextContinuationToken": f"after {page}"}
        s3.stub.add_response("list_objects_v2", answered)
    s3.stub.add_response("get_object", {"Body": io.BytesIO(b"{}")}, {"Bucket": ANY, "Key": "ledger/repair/4.json"})
    assert LakeReader(s3).newest_report("ledger/repair/")  # type: ignore[arg-type]


class ManyRuns:
    """An S3 client over nothing but keys: of each minute of some days, one run."""

    def __init__(self, keys: dict[str, datetime]) -> None:
        self._stored = dict(sorted(keys.items()))
        self.listings = 0

    def client(self, service: str) -> ManyRuns:
        return self

    def topology(self) -> Topology:
        return Topology(Settings.from_environment({"SALES_CDC_TARGET": "local"}), "000000000000")

    def get_paginator(self, operation: str) -> ManyRuns:
        return self

    def paginate(self, Prefix: str, StartAfter: str = "", Delimiter: str = "", **_: str) -> Iterator[Any]:  # noqa: N803
        found = [key for key in self._stored if key.startswith(Prefix) and key > StartAfter]
        rolled = {key: key.removeprefix(Prefix).partition(Delimiter) if Delimiter else ("", "", "") for key in found}
        folders = {Prefix + head + end for head, end, _ in rolled.values() if end}
        self.listings += 1
        yield {"CommonPrefixes": [{"Prefix": folder} for folder in folders]}
        contents = [{"Key": key, "LastModified": self._stored[key], "Size": 2} for key in found if not rolled[key][1]]
        for start in range(0, len(contents), 1000):
            self.listings += 1
            yield {"Contents": contents[start : start + 1000]}

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        return {"Body": io.BytesIO(b"{}")}


def ago(kind: str, minutes: int) -> tuple[str, datetime]:
    at = datetime.now(UTC) - timedelta(minutes=minutes)
    return f"ledger/batch/{kind}__{at:%Y-%m-%dT%H-%M-%S-00-00}/report.json", at


@pytest.mark.parametrize("newest", ["manual", "scheduled", "asset_triggered", "by-hand"])
def test_the_newest_report_is_found_behind_any_number_of_runs(newest: str) -> None:
    """Runs that arrivals start are many: five pages of them were seen, and what came later was not."""
    runs = dict(ago("asset_triggered", minutes) for minutes in range(30, 12_000))
    runs |= dict(ago("scheduled", 1440 * day) for day in range(1, 10)) | dict([ago("manual", 1440 * 90)])
    key, at = ago(newest, 1)
    key = key if newest != "by-hand" else "ledger/batch/by-hand/report.json"
    clients = ManyRuns(runs | {key: at})
    found = LakeReader(clients).newest_report("ledger/batch/", "/report.json")  # type: ignore[arg-type]
    assert found
    assert found.key == key
    assert clients.listings < 20


@pytest.mark.parametrize("days", [3, 90, 800])
def test_the_newest_report_is_found_when_nothing_has_run_for_days(days: int) -> None:
    """The oldest five pages of the days before were seen: the report of a run of long ago was called the last one."""
    runs = dict(ago("asset_triggered", 1440 * days + minutes) for minutes in range(12_000))
    runs |= {key.replace("report", name): at for key, at in runs.items() for name in ("account", "changed")}
    clients = ManyRuns(runs | {"ledger/batch/asset_triggered__of-old/report.json": datetime(2020, 1, 1, tzinfo=UTC)})
    found = LakeReader(clients).newest_report("ledger/batch/", "/report.json")  # type: ignore[arg-type]
    assert found
    assert found.key == max(key for key in runs if key.endswith("report.json"))
    assert clients.listings < 30


def refused(code: str, message: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Any")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (refused("NotFoundException"), "missing"),
        (refused("NoSuchBucket"), "missing"),
        (refused("InvalidRequestException", "WorkGroup x is not found."), "missing"),
        (refused("InvalidRequestException", "Malformed."), "invalid"),
        (refused("AccessDeniedException"), "denied"),
        (refused("ThrottlingException"), "passing"),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), "unreachable"),
    ],
)
def test_a_refusal_is_of_the_kind_that_decides_what_to_do(error: Exception, kind: str) -> None:
    def call() -> dict[str, Any]:
        raise error

    answered = answer(call)
    assert answered.refusal == kind
    assert answered.remedy


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (refused("NoSuchBucket"), "setup"),
        (refused("AccessDenied"), "denied"),
        (NoCredentialsError(), "denied"),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), "unreachable"),
        (EndpointRefusedError(operation="x", endpoint="y", target="local", allowed="z", remedy="Mend it."), "denied"),
        (refused("ThrottlingException"), "failed"),
        (refused("ExpiredTokenException"), "denied"),
        (QueryFailedError("q1", "FAILED", "why"), "failed"),
        (ValueError("why"), "failed"),
    ],
)
def test_every_trouble_has_a_title_and_something_to_do(error: Exception, kind: str) -> None:
    found = trouble(error)
    assert found.kind == kind
    assert found.title
    assert found.remedy
    assert not found.is_unexpected


def test_the_newest_objects_are_found_by_time_and_not_by_name() -> None:
    """Firehose's names begin with the configuration version: those of version 10 come before those of version 9."""
    now = datetime.now(UTC).replace(minute=30, second=0, microsecond=0)
    hour = f"raw/orders/dt={now:%Y-%m-%d}/hr={now:%H}/"
    older = {f"{hour}sales-cdc-delivery-9-{n:02}.json": now - timedelta(minutes=20 - n) for n in range(15)}
    newer = {f"{hour}sales-cdc-delivery-10-{n:02}.json": now + timedelta(minutes=n) for n in range(3)}
    reader = LakeReader(ManyRuns(older | newer))  # type: ignore[arg-type]
    keys = [each.key for each in reader.newest_changes().objects]
    assert keys[:3] == [f"{hour}sales-cdc-delivery-10-{n:02}.json" for n in (2, 1, 0)]
    assert keys[3] == f"{hour}sales-cdc-delivery-9-14.json"
