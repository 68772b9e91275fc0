"""Which requests give a role to a service, and which roles these are."""

from __future__ import annotations

import asyncio
import json
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from local_cloud.emulator.passed_roles import check_passed_roles, gives_roles, roles
from local_cloud.emulator.seams import SeamMovedError

ACCOUNT = "000000000000"
PIPE, READER, WRITER = (f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("pipe", "reader", "writer"))
DELIVERY = {
    "KinesisStreamSourceConfiguration": {"RoleARN": READER},
    "ExtendedS3DestinationConfiguration": {
        "RoleARN": WRITER,
        "ProcessingConfiguration": {
            "Processors": [{"Parameters": [{"ParameterName": "RoleArn", "ParameterValue": PIPE}]}]
        },
    },
}


@pytest.mark.parametrize(
    ("method", "path", "action", "gives"),
    [
        ("POST", "/v1/pipes/orders", "", True),
        ("PUT", "/v1/pipes/orders", "", True),
        ("POST", "/v1/pipes/orders/start", "", False),
        ("DELETE", "/v1/pipes/orders", "", False),
        ("POST", "/2015-03-31/functions", "", True),
        ("PUT", "/2015-03-31/functions/f/configuration", "", True),
        ("PUT", "/2015-03-31/functions/f/code", "", False),
        ("POST", "/2015-03-31/functions/f/invocations", "", False),
        ("POST", "/", "CreateDeliveryStream", True),
        ("POST", "/", "UpdateJob", True),
        ("POST", "/", "StartJobRun", False),
    ],
)
def test_requests_that_create_or_change_something_with_a_role_give_roles(
    method: str, path: str, action: str, gives: bool
) -> None:
    assert gives_roles(method, path, action) is gives


@pytest.mark.parametrize(
    ("request_", "found"),
    [
        ({"RoleArn": PIPE, "Source": "arn:aws:kinesis:us-east-1:000000000000:stream/s"}, [PIPE]),
        (DELIVERY, [READER, WRITER, PIPE]),
        ({"Name": "raw", "Role": "reader"}, [READER]),
        ({"JobUpdate": {"Role": READER}}, [READER]),
        ({"Description": "no role"}, []),
    ],
)
def test_every_role_of_a_request_is_found(request_: dict[str, Any], found: list[str]) -> None:
    assert list(roles(request_, ACCOUNT)) == found


def test_a_request_with_a_role_that_may_not_be_passed_does_not_reach_its_handler() -> None:
    asked: list[tuple[str, str, Any]] = []

    def enforce(service: str, action: str, *_: Any, resource_arn: str, service_context: Any, **__: Any) -> Any:
        asked.append((action, resource_arn, service_context))
        return (403, {}, b"denied") if resource_arn == WRITER else None

    async def handler(*_: Any) -> Any:
        return 200, {}, b"{}"

    handle = check_passed_roles("firehose", handler, SimpleNamespace(_enforce_data_plane=enforce))
    headers = {"x-amz-target": "Firehose_20150804.CreateDeliveryStream"}
    answer = asyncio.run(handle("POST", "/", headers, json.dumps(DELIVERY).encode(), {}))  # type: ignore[arg-type]
    assert answer[0] == 403
    assert asked[-1] == ("iam:PassRole", WRITER, {"iam:PassedToService": "firehose.amazonaws.com"})


def test_a_missing_check_is_an_error() -> None:
    with pytest.raises(SeamMovedError, match="_enforce_data_plane"):
        check_passed_roles("pipes", lambda *_: None, ModuleType("app"))  # type: ignore[arg-type,return-value]
