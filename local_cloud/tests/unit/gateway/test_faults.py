"""Faults are off by default, the same for the same seed, and lose no record."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from local_cloud.gateway.faults import COMMA_PATHS, FaultPlan, Faults
from local_cloud.glue.schemas.path_lists import CommaPath

HEADERS = {"x-amz-target": "Kinesis_20131202.PutRecords"}


class Kinesis:
    """Answer PutRecords as Kinesis does, and keep the records."""

    def __init__(self) -> None:
        self.written: list[str] = []

    async def handle(
        self, method: str, path: str, headers: Any, body: bytes, query: Any
    ) -> tuple[int, dict[str, str], bytes]:
        names = [record["Data"] for record in json.loads(body)["Records"]]
        self.written += names
        answers = [{"SequenceNumber": f"{name}@{at}", "ShardId": "0"} for at, name in enumerate(names)]
        return 200, {}, json.dumps({"FailedRecordCount": 0, "Records": answers}).encode()


def put(faults: Faults, kinesis: Kinesis, names: list[str]) -> tuple[int, Any]:
    body = json.dumps({"Records": [{"Data": name} for name in names]}).encode()
    status, _, answer = asyncio.run(faults.around("kinesis", kinesis.handle)("POST", "/", HEADERS, body, {}))
    return status, json.loads(answer)


def faults(**plan: float) -> Faults:
    made = Faults()
    made.set(FaultPlan.parse(plan))
    return made


NAMES = [str(n) for n in range(200)]


def test_without_a_plan_there_is_no_fault() -> None:
    kinesis = Kinesis()
    put(Faults(), kinesis, NAMES)
    assert kinesis.written == NAMES


def test_a_crawler_ignores_a_list_of_paths_unless_it_is_asked_otherwise() -> None:
    assert Faults().describe()["plan"]["comma_path"] == CommaPath.IGNORED
    assert FaultPlan.parse({"comma_path": "columns"}).comma_path == CommaPath.COLUMNS
    assert tuple(CommaPath) == COMMA_PATHS


def test_duplicates_and_disorder_lose_nothing_and_every_record_gets_its_own_answer() -> None:
    kinesis = Kinesis()
    status, answer = put(faults(seed=1, duplicate=0.3, reorder=0.3), kinesis, NAMES)
    assert status == 200
    assert set(kinesis.written) == set(NAMES)
    assert len(kinesis.written) > len(NAMES)
    assert [record["SequenceNumber"].split("@")[0] for record in answer["Records"]] == NAMES
    assert list(dict.fromkeys(kinesis.written)) != NAMES


def test_the_same_seed_does_the_same() -> None:
    runs = []
    for _ in range(2):
        kinesis = Kinesis()
        put(faults(seed=7, duplicate=0.2, reorder=0.2), kinesis, NAMES)
        runs.append(kinesis.written)
    assert runs[0] == runs[1]


def test_a_throttled_call_writes_nothing() -> None:
    kinesis = Kinesis()
    status, answer = put(faults(throttle=1), kinesis, NAMES)
    assert (status, answer["__type"]) == (400, "ProvisionedThroughputExceededException")
    assert kinesis.written == []


@pytest.mark.parametrize("action", ["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"])
def test_every_write_to_dynamodb_can_be_throttled(action: str) -> None:
    """A handler that fails at every call shows that none reached it."""

    async def handle(*_: object) -> tuple[int, dict[str, str], bytes]:
        raise AssertionError

    headers = {"x-amz-target": f"DynamoDB_20120810.{action}"}
    refused = asyncio.run(faults(throttle=1).around("dynamodb", handle)("POST", "/", headers, b"{}", {}))
    assert refused[0] == 400
    assert json.loads(refused[2])["__type"].endswith("#ProvisionedThroughputExceededException")


def test_faults_are_counted() -> None:
    made = faults(seed=1, duplicate=0.5)
    kinesis = Kinesis()
    put(made, kinesis, NAMES)
    assert made.describe()["done"]["duplicate"] == len(kinesis.written) - len(NAMES)


@pytest.mark.parametrize(
    "wrong",
    [
        {"duplicate": 2},
        {"duplicate": -0.1},
        {"duplicate": True},
        {"nothing": 1},
        [],
        {"seed": "a"},
        {"eventual_consistency": 601},
        {"comma_path": "last"},
        {"comma_path": ["first"]},
    ],
)
def test_a_wrong_plan_is_refused_with_what_is_wrong(wrong: Any) -> None:
    with pytest.raises(ValueError, match=r"duplicate|unknown|object|seed|eventual|comma_path"):
        FaultPlan.parse(wrong)
