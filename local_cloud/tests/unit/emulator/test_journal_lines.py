"""Every written item has its own line in the journal."""

from __future__ import annotations

import json
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from local_cloud.emulator.journal import DynamoDBJournal
from local_cloud.emulator.stream_numbers import StreamNumbers


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


class Scoped(dict[str, Any]):
    """Stand in for a store of MiniStack that holds one account and region."""

    def get_scoped(self, _account: str, _region: str, key: str) -> Any:
        return self.get(key)


def test_replayed_records_return_to_their_stream_and_their_numbers_are_not_given_again(tmp_path: Path) -> None:
    """The clock may have been set back while the cloud was down."""
    closed, table = {"records": []}, {"LatestStreamArn": "new", "sk_name": None, "pk_name": "orderid"}
    dynamodb = SimpleNamespace(
        _tables=Scoped(orders=table), _closed_streams=Scoped(old=closed), _stream_records=Scoped(orders=[])
    )
    change = {"ApproximateCreationDateTime": time.time()}
    records = [
        {"eventSourceARN": stream, "dynamodb": {**change, "SequenceNumber": f"{number:030d}"}}
        for stream, number in (("old", 7 * 10**29), ("new", 8 * 10**29), ("forgotten", 9 * 10**29))
    ]
    lines = [["0", "us-east-1", "orders", None, None, record] for record in records]
    (tmp_path / "journal").write_text("".join(json.dumps(line) + "\n" for line in lines))
    numbers = StreamNumbers()
    DynamoDBJournal(tmp_path / "journal", dynamodb, numbers=numbers).replay()
    assert (closed["records"], dynamodb._stream_records["orders"]) == ([records[0]], [records[1]])
    assert int(numbers.sequence_number()) == 9 * 10**29 + 1
