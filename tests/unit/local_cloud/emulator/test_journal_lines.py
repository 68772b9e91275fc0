"""Every item that DynamoDB took fits into a line of its journal."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from local_cloud.emulator.journal import DynamoDBJournal


@pytest.mark.parametrize("text", ["laptop", "Gerät", "line\nbreak", "half a pair: \ud83d"])
def test_a_line_holds_the_item_as_it_was(tmp_path: Path, text: str) -> None:
    item = {"orderid": {"S": text}}
    journal = DynamoDBJournal(tmp_path / "journal", SimpleNamespace())
    journal.append("orders", None, item, None)
    journal.append("orders", item, None, None)
    journal.flush()
    written, deleted = [json.loads(line) for line in (tmp_path / "journal").read_bytes().splitlines()]
    assert written[2:] == ["orders", None, item, None]
    assert deleted[2:] == ["orders", item, None, None]
