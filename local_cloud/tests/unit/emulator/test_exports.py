"""An export that a stop interrupted is reported as failed; time alone completes none."""

from __future__ import annotations

import asyncio
import math
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from local_cloud.emulator.exports import Exports, _packed
from local_cloud.emulator.seams import SeamMovedError


def nobody(*_: Any) -> None:
    """Return no keys, and no client."""


async def answered(*_: Any) -> tuple[int, dict[str, str], bytes]:
    return 200, {}, b"{}"


def test_an_export_that_a_stop_interrupted_has_failed() -> None:
    exports = {name: {"ExportStatus": status} for name, status in (("a", "IN_PROGRESS"), ("b", "COMPLETED"))}
    dynamodb = SimpleNamespace(
        _tables={}, _exports=exports, _pitr_settings={}, _table_name_from_arn=nobody, _EXPORT_COMPLETE_AFTER_SEC=1
    )
    handle = Exports(dynamodb, nobody, nobody).around(answered)
    asyncio.run(handle("POST", "/", {"x-amz-target": "DynamoDB_20120810.DescribeTable"}, b"{}", {}))  # type: ignore[arg-type]
    assert exports["a"]["ExportStatus"] == "IN_PROGRESS"
    asyncio.run(handle("POST", "/", {"x-amz-target": "DynamoDB_20120810.DescribeExport"}, b"{}", {}))  # type: ignore[arg-type]
    assert {name: each["ExportStatus"] for name, each in exports.items()} == {"a": "FAILED", "b": "COMPLETED"}
    assert math.isinf(dynamodb._EXPORT_COMPLETE_AFTER_SEC)


def test_an_empty_table_is_one_empty_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local_cloud.emulator.exports.ITEMS_A_FILE", 2)
    assert [count for count, _ in _packed([])] == [0]
    assert [count for count, _ in _packed([{}] * 5)] == [2, 2, 1]


def test_a_missing_name_is_an_error() -> None:
    with pytest.raises(SeamMovedError, match="_pitr_settings"):
        Exports(ModuleType("dynamodb"), nobody, nobody)
