"""Faults on demand: what happens rarely on AWS happens often here, by a seeded plan that is the same at every run.

At ``/_local_cloud/faults``, GET shows the plan and counts what it did, PUT sets a plan, DELETE ends it. After a start no plan
is set. ``POST /_local_cloud/crash`` kills the services process, which then starts again.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from random import Random
from typing import Any

from local_cloud.wire import Answer, Handler

PUT_RECORDS_LIMIT = 500
COMMA_PATHS = ("ignored", "columns", "first")
MAX_VALUES = {"seed": float("inf"), "delay_seconds": 60.0, "eventual_consistency": 600.0}
DYNAMODB_WRITES = frozenset({"BatchWriteItem", "PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"})
Json = dict[str, Any]


@dataclass(frozen=True)
class FaultPlan:
    """Hold the share of each fault, from 0 to 1: of records for ``duplicate`` and ``reorder``, of calls for the others.

    ``duplicate`` writes a Kinesis record two times; ``reorder`` exchanges it with another of its PutRecords call;
    ``delay_seconds`` holds back every Kinesis GetRecords; ``throttle`` refuses Kinesis PutRecords and DynamoDB writes;
    ``lambda_error`` and ``lambda_timeout`` fail an Invoke; ``s3_error`` answers PutObject with 503 Slow Down.

    ``eventual_consistency`` is the time in seconds for which what is new is not yet as it will be (room ``weather``).
    ``comma_path`` is what a crawler does with a JSON classifier whose path is a list of paths: one of ``COMMA_PATHS``.
    """

    seed: int = 0
    duplicate: float = 0.0
    reorder: float = 0.0
    delay_seconds: float = 0.0
    throttle: float = 0.0
    lambda_error: float = 0.0
    lambda_timeout: float = 0.0
    s3_error: float = 0.0
    eventual_consistency: float = 0.0
    comma_path: str = COMMA_PATHS[0]

    @classmethod
    def parse(cls, document: Any) -> FaultPlan:
        """Read a plan.

        Raises:
            ValueError: an unknown fault, a share outside 0 to 1, a time that is negative or too long, an unknown choice, or no
                JSON object.
        """
        if not isinstance(document, dict):
            raise ValueError("give a JSON object of faults")
        known = {field.name for field in fields(cls)}
        if unknown := sorted(document.keys() - known):
            raise ValueError(f"unknown faults {unknown}; known are {sorted(known)}")
        for name, value in document.items():
            if name == "comma_path":
                if value not in COMMA_PATHS:
                    raise ValueError(f"comma_path is {value!r}: give one of {', '.join(COMMA_PATHS)}")
                continue
            most = MAX_VALUES.get(name, 1.0)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
                raise ValueError(f"{name} is {value!r}: give a number from 0 to {most:g}")
        return cls(**document)


class Faults:
    """Apply the current plan. Each fault has its own random numbers, so that one fault does not change another."""

    def __init__(self) -> None:
        self.set(FaultPlan())

    def set(self, plan: FaultPlan) -> None:
        """Replace the plan and reset the counts."""
        self.plan = plan
        self.done: Counter[str] = Counter()
        self._dice: dict[str, Random] = {}

    def strikes(self, fault: str) -> bool:
        """Draw whether the fault happens now, and count it if it does."""
        share: float = getattr(self.plan, fault)
        if share <= 0:
            return False
        dice = self._dice.setdefault(fault, Random(f"{self.plan.seed}/{fault}"))  # noqa: S311 - repeatable on purpose
        hit = dice.random() < share
        self.done[fault] += hit
        return hit

    def choose(self, fault: str, count: int) -> int:
        return self._dice[fault].randrange(count)

    def describe(self) -> Json:
        plan = {field.name: getattr(self.plan, field.name) for field in fields(self.plan)}
        return {"plan": plan, "done": dict(self.done)}

    def around(self, service: str, handler: Handler) -> Handler:
        """Return the handler with the faults of its service."""
        strike = {"kinesis": self._kinesis, "dynamodb": self._dynamodb, "lambda": self._lambda, "s3": self._s3}[service]

        async def handle(method: str, path: str, headers: Mapping[str, str], body: bytes, query: Json) -> Answer:
            return await strike(handler, method, path, headers, body, query)

        return handle

    async def _kinesis(
        self, handler: Handler, method: str, path: str, headers: Mapping[str, str], body: bytes, query: Json
    ) -> Answer:
        action = headers.get("x-amz-target", "").rpartition(".")[2]
        if action == "GetRecords" and self.plan.delay_seconds:
            await asyncio.sleep(self.plan.delay_seconds)
        if action != "PutRecords" or self.plan == FaultPlan():
            return await handler(method, path, headers, body, query)
        if self.strikes("throttle"):
            return _error(
                400, "ProvisionedThroughputExceededException", "Rate exceeded for the stream (a fault on demand)."
            )
        call = json.loads(body)
        if len(call["Records"]) > PUT_RECORDS_LIMIT:  # MiniStack refuses it, as AWS does
            return await handler(method, path, headers, body, query)
        written, places = self._disturb(call["Records"])
        results: list[Json] = []
        # With duplicates, a full call has more records than one call may have.
        for start in range(0, max(1, len(written)), PUT_RECORDS_LIMIT):
            part = {**call, "Records": written[start : start + PUT_RECORDS_LIMIT]}
            status, answer_headers, answer = await handler(method, path, headers, json.dumps(part).encode(), query)
            if status != 200:
                return status, answer_headers, answer
            results += json.loads(answer)["Records"]
        wanted = [results[place] for place in places]
        document = {"FailedRecordCount": sum("ErrorCode" in record for record in wanted), "Records": wanted}
        return 200, answer_headers, json.dumps({**json.loads(answer), **document}).encode()

    def _disturb(self, records: list[Json]) -> tuple[list[Json], list[int]]:
        """Return the records as they will be written, and the index of each requested record among them."""
        order = list(range(len(records)))
        for at in range(len(order)):
            if self.strikes("reorder"):
                other = self.choose("reorder", len(order))
                order[at], order[other] = order[other], order[at]
        written: list[Json] = []
        places = [0] * len(records)
        for at in order:
            places[at] = len(written)
            written += [records[at]] * (2 if self.strikes("duplicate") else 1)
        return written, places

    async def _dynamodb(
        self, handler: Handler, method: str, path: str, headers: Mapping[str, str], body: bytes, query: Json
    ) -> Answer:
        action = headers.get("x-amz-target", "").rpartition(".")[2]
        if action in DYNAMODB_WRITES and self.strikes("throttle"):
            return _error(
                400,
                "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
                "The level of configured provisioned throughput for the table was exceeded (a fault on demand).",
            )
        return await handler(method, path, headers, body, query)

    async def _lambda(
        self, handler: Handler, method: str, path: str, headers: Mapping[str, str], body: bytes, query: Json
    ) -> Answer:
        if not path.endswith("/invocations"):
            return await handler(method, path, headers, body, query)
        if self.strikes("lambda_error"):
            return _function_error("Unhandled", {"errorMessage": "a fault on demand", "errorType": "RuntimeError"})
        if self.strikes("lambda_timeout"):
            return _function_error(
                "Unhandled", {"errorMessage": "Task timed out after 60.00 seconds (a fault on demand)"}
            )
        return await handler(method, path, headers, body, query)

    async def _s3(
        self, handler: Handler, method: str, path: str, headers: Mapping[str, str], body: bytes, query: Json
    ) -> Answer:
        if method == "PUT" and "/" in path.strip("/") and self.strikes("s3_error"):
            reason = "<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Please reduce your request rate (a fault on demand).</Message></Error>"
            return 503, {"Content-Type": "application/xml"}, reason.encode()
        return await handler(method, path, headers, body, query)


def _error(status: int, code: str, message: str) -> Answer:
    return (
        status,
        {"Content-Type": "application/x-amz-json-1.1"},
        json.dumps({"__type": code, "message": message}).encode(),
    )


def _function_error(kind: str, document: Json) -> Answer:
    body = json.dumps(document).encode()
    log = base64.b64encode(document["errorMessage"].encode()).decode()
    return 200, {"Content-Type": "application/json", "X-Amz-Function-Error": kind, "X-Amz-Log-Result": log}, body
