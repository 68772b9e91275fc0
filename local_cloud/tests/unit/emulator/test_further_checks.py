"""A request reaches its handler only when its caller has every permission that it needs; hidden tags leave an error."""

from __future__ import annotations

import asyncio
import json
from types import ModuleType, SimpleNamespace
from typing import Any

import botocore.session
import pytest
from ministack.core import iam_actions

from local_cloud.emulator.function_tags import hide_tags
from local_cloud.emulator.further_checks import check_further
from local_cloud.emulator.permission_checks import with_resources
from local_cloud.emulator.requests import Requests
from local_cloud.emulator.seams import SeamMovedError
from local_cloud.emulator.stream_tags import tag_new_streams
from local_cloud.emulator.table_filter import filter_tables

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:f"
ACTIONS = SimpleNamespace(
    extract_iam_action=iam_actions.extract_iam_action,
    extract_resource_arn=with_resources(iam_actions.extract_resource_arn, lambda _: None),
)


class Emulator:
    """Deny an action on the resources of a kind, and note what was asked."""

    def __init__(self, *denied: str) -> None:
        self.denied, self.asked = denied, list[str]()

    def _routing_params(self, _method: str, _path: str, _headers: Any, _body: bytes, query: Any) -> Any:
        return query

    def _enforce_data_plane(self, _service: str, action: str, *_: Any, resource_arn: str, **__: Any) -> Any:
        self.asked.append(f"{action} {resource_arn.split(':', 5)[5]}")
        return (400, {}, b'{"message": "denied"}') if action in self.denied else None


def call(emulator: Emulator, service: str, action: str, body: dict[str, Any]) -> Any:
    async def handler(*_: Any) -> Any:
        return 200, {}, b"reached"

    handle = check_further(service, handler, emulator, Requests(emulator, ACTIONS))
    headers = {"x-amz-target": f"Any.{action}"}
    return asyncio.run(handle("POST", "/", headers, json.dumps(body).encode(), {}))  # type: ignore[arg-type]


def test_a_database_is_deleted_by_whom_may_delete_its_tables_and_functions_too() -> None:
    emulator = Emulator()
    assert call(emulator, "glue", "DeleteDatabase", {"Name": "shop"})[2] == b"reached"
    assert emulator.asked == [
        f"glue:DeleteDatabase {kind}" for kind in ("database/shop", "table/shop/*", "userDefinedFunction/shop/*")
    ]


def test_tags_at_creation_that_may_not_be_given_stop_the_creation() -> None:
    emulator = Emulator("kinesis:AddTagsToStream")
    assert call(emulator, "kinesis", "CreateStream", {"StreamName": "s", "Tags": {"a": "b"}})[0] == 400
    assert call(emulator, "kinesis", "CreateStream", {"StreamName": "s"})[2] == b"reached"


def test_other_actions_are_not_looked_at() -> None:
    emulator = Emulator()
    assert call(emulator, "kinesis", "PutRecords", {"StreamName": "s", "Tags": {"a": "b"}})[2] == b"reached"
    assert emulator.asked == []


def test_get_tables_leaves_out_what_its_caller_may_not_see() -> None:
    emulator = SimpleNamespace(
        _enforce_data_plane=lambda *_, resource_arn, **__: None if resource_arn.endswith("table/db1/stores") else (400,)
    )

    async def handler(*_: Any) -> Any:
        return 200, {}, json.dumps({"TableList": [{"Name": "customers"}, {"Name": "stores"}]}).encode()

    def tables(action: str) -> list[str]:
        headers = {"x-amz-target": f"AWSGlue.{action}"}
        handle = filter_tables(handler, emulator)
        answer = asyncio.run(handle("POST", "/", headers, b'{"DatabaseName": "db1"}', {}))  # type: ignore[arg-type]
        return [table["Name"] for table in json.loads(answer[2])["TableList"]]

    assert tables("GetTables") == ["stores"]
    assert tables("SearchTables") == ["customers", "stores"]


def test_a_stream_has_the_tags_that_it_was_made_with() -> None:
    calls: list[tuple[str, Any]] = []

    async def handler(_method: str, _path: str, headers: Any, body: bytes, _query: Any) -> Any:
        calls.append((headers["x-amz-target"], json.loads(body)))
        return 200, {}, b""

    def create(**request: Any) -> None:
        headers = {"x-amz-target": "Kinesis_20131202.CreateStream"}
        asyncio.run(tag_new_streams(handler)("POST", "/", headers, json.dumps(request).encode(), {}))  # type: ignore[arg-type]

    create(StreamName="s", Tags={"owner": "us"})
    assert calls[1:] == [("Kinesis_20131202.AddTagsToStream", {"StreamName": "s", "Tags": {"owner": "us"}})]
    create(StreamName="t")
    assert len(calls) == 3


def get_function(emulator: Emulator, path: str = "/2015-03-31/functions/f") -> Any:
    document = {"Configuration": {"FunctionArn": f"{FUNCTION}:1"}, "Tags": {"owner": "us"}}

    async def handler(*_: Any) -> Any:
        return 200, {"Content-Length": "99"}, json.dumps(document).encode()

    _, headers, body = asyncio.run(hide_tags(handler, emulator)("GET", path, {}, b"", {}))  # type: ignore[arg-type]
    return json.loads(body), headers


def test_tags_are_shown_to_whom_may_list_them() -> None:
    emulator = Emulator()
    assert get_function(emulator)[0]["Tags"] == {"owner": "us"}
    assert emulator.asked == ["lambda:ListTags function:f"]


def test_tags_are_hidden_from_others_with_an_error_of_botocores_form() -> None:
    shown, headers = get_function(Emulator("lambda:ListTags"))
    assert "Tags" not in shown
    assert headers == {}
    shape = botocore.session.Session().get_service_model("lambda").shape_for("TagsError")
    assert shown["TagsError"].keys() == set(shape.members)
    assert shown["TagsError"] == {"ErrorCode": "AccessDeniedException", "Message": "denied"}


def test_only_get_function_hides_tags() -> None:
    emulator = Emulator("lambda:ListTags")
    assert "Tags" in get_function(emulator, "/2015-03-31/functions/f/configuration")[0]
    assert emulator.asked == []


@pytest.mark.parametrize(
    "wrap", [hide_tags, lambda handler, app: check_further("glue", handler, app, Requests(Emulator(), ACTIONS))]
)
def test_a_missing_check_is_an_error(wrap: Any) -> None:
    with pytest.raises(SeamMovedError, match="_enforce_data_plane"):
        wrap(lambda *_: None, ModuleType("app"))
