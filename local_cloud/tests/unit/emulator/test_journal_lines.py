"""Every written item has its own line in the journal."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from local_cloud.emulator.journal import DynamoDBJournal


@pytest.mark.parametrize("text", ["laptop", "Gerät", "line\nbreak", "half a pair: \ud83d"])
def test_a_line_holds_the_whole_item(tmp_path: Path, text: str) -> None:
    item = {"orderid": {"S": text}}
    journal = DynamoDBJournal(tmp_path / "journal", SimpleNamespace())
    journal.append("orders", None, item, None)
    journal.append("orders", item, None, None)
    journal.flush()
    written, deleted = [json.loads(line) for line in (tmp_path / "journal").read_bytes().splitlines()]
    assert written[2:] == ["orders", None, item, None]
    assert deleted[2:] == ["orders", item, None, None]


def test_the_write_after_a_line_that_a_crash_cut_off_has_its_own_line(tmp_path: Path) -> None:
    """It used to become a part of that line, and the next crash lost it."""
    path = tmp_path / "journal"
    path.write_bytes(b'["000000000000","us-east-1","orders",null,{"orderid":{"S":"a"}},null]\n["0000000')
    for name in ("b", "c"):
        journal = DynamoDBJournal(path, SimpleNamespace())
        journal.append("orders", None, {"orderid": {"S": name}}, None)
        journal.flush()
    assert [new["orderid"]["S"] for *_, new, _ in journal._lines()] == ["a", "b", "c"]
