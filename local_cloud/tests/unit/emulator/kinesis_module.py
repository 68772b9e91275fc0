"""MiniStack's Kinesis, loaded as a separate module for a test that patches it."""

from __future__ import annotations

import base64
import importlib.util
import json
from typing import Any


class Kinesis:
    """Hold the module, with one stream of the given number of shards."""

    def __init__(self, shards: int = 1) -> None:
        spec = importlib.util.find_spec("ministack.services.kinesis")
        assert spec is not None
        assert spec.loader is not None
        self.module: Any = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.module)
        self.ask("_create_stream", ShardCount=shards)

    @property
    def stream(self) -> dict[str, Any]:
        found: dict[str, Any] = self.module._streams.get("changes")
        return found

    def ask(self, operation: str, **request: Any) -> dict[str, Any]:
        """Return the answer to a request for the stream."""
        status, _, body = getattr(self.module, operation)({"StreamName": "changes", **request})
        answer: dict[str, Any] = json.loads(body)
        assert status == 200, answer
        return answer

    def put(self, *payloads: str, hash_key: int = 0) -> None:
        records = [
            {"Data": base64.b64encode(one.encode()).decode(), "PartitionKey": one, "ExplicitHashKey": str(hash_key)}
            for one in payloads
        ]
        self.ask("_put_records", Records=records)

    def iterator(self, shard_id: str) -> str:
        """Return an iterator at the shard's oldest record."""
        answer = self.ask("_get_shard_iterator", ShardId=shard_id, ShardIteratorType="TRIM_HORIZON")
        return str(answer["ShardIterator"])

    def read(self, iterator: str) -> tuple[list[str], dict[str, Any]]:
        """Return the payloads of a page, and the page."""
        page = self.ask("_get_records", ShardIterator=iterator)
        return [base64.b64decode(one["Data"]).decode() for one in page["Records"]], page
