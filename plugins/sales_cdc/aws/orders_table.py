"""The orders table as reconciliation and repair see it: whole items, as DynamoDB types them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from functools import cached_property, partial
from itertools import islice
from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from botocore.config import Config

from sales_cdc.aws.errors import explained
from sales_cdc.contract import rotation
from sales_cdc.contract.curated_row import Item
from sales_cdc.contract.order_keys import KEYS
from sales_cdc.contract.rotation import TableFacts

SEGMENTS = 8
KEYS_PER_CALL = 100
CLIENT_CONFIG = Config(max_pool_connections=SEGMENTS, retries={"mode": "standard", "total_max_attempts": 8})


class SourceOrdersHook(AwsBaseHook):
    """Reads one table of orders, consistently. Binary values stay in base64.

    Source: Amazon DynamoDB API Reference, *Scan*, *BatchGetItem*.
    """

    def __init__(self, *, table: str, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "client_type": "dynamodb", "config": kwargs.get("config") or CLIENT_CONFIG})
        self.table = table

    @cached_property
    def _client(self) -> Any:
        """Answers come as they went over the wire: botocore would take longer to decode items than all else takes."""
        client = self.get_conn()
        for operation in ("Scan", "BatchGetItem"):
            client.meta.events.register(f"before-parse.dynamodb.{operation}", _leave_undecoded)
        return client

    def scan(self) -> Iterator[Item]:
        """Every item, in no order; at most ``SEGMENTS`` pages are held.

        Raises:
            CallRefusedError: there is no such table, it may not be read, or nothing answers.
        """
        return (item for _, item in self._scan(list(range(SEGMENTS)), SEGMENTS))

    def scan_parts(self, parts: Collection[int]) -> Iterator[tuple[int, Item]]:
        """Every item of these parts of the table, each with its part, as ``scan``.

        Raises:
            CallRefusedError: as for ``scan``.
        """
        scanned = self._scan(rotation.segments(parts), rotation.SEGMENTS)
        return ((rotation.part_of(segment), item) for segment, item in scanned)

    def _scan(self, segments: list[int], total: int) -> Iterator[tuple[int, Item]]:
        waiting = iter(segments)
        with explained("scan the DynamoDB table", self.table), ThreadPoolExecutor(SEGMENTS) as pool:
            read = partial(self._page, total)
            reading = {pool.submit(read, segment, None): segment for segment in islice(waiting, SEGMENTS)}
            while reading:
                done, _ = wait(reading, return_when=FIRST_COMPLETED)
                for future in done:
                    segment, page = reading.pop(future), future.result()
                    if last := page.get("LastEvaluatedKey"):
                        reading[pool.submit(read, segment, last)] = segment
                    elif (other := next(waiting, None)) is not None:
                        reading[pool.submit(read, other, None)] = other
                    yield from ((segment, item) for item in page["Items"])

    def _page(self, total: int, segment: int, last: Any) -> Any:
        start = {"ExclusiveStartKey": last} if last else {}
        answer = self._client.scan(
            TableName=self.table, Segment=segment, TotalSegments=total, ConsistentRead=True, **start
        )
        return json.loads(answer["undecoded"])

    def facts(self) -> TableFacts:
        """Which table it is, and how large.

        Raises:
            CallRefusedError: as for ``scan``.
        """
        with explained("describe the DynamoDB table", self.table):
            table = self._client.describe_table(TableName=self.table)["Table"]
        made = str(table.get("TableId") or table["CreationDateTime"])
        return TableFacts(made, int(table["ItemCount"]), int(table["TableSizeBytes"]))

    def get(self, order_ids: Collection[str]) -> dict[str, Item]:
        """The items of these orders, by id; absent when there is none.

        Raises:
            CallRefusedError: as for ``scan``.
        """
        ids = list(dict.fromkeys(order_ids))  # DynamoDB refuses a call that names a key twice
        parts = [ids[at : at + KEYS_PER_CALL] for at in range(0, len(ids), KEYS_PER_CALL)]
        with explained("read orders in the DynamoDB table", self.table), ThreadPoolExecutor(SEGMENTS) as pool:
            return {KEYS.of_item(item): item for items in pool.map(self._get_part, parts) for item in items}

    def _get_part(self, order_ids: list[str]) -> list[Item]:
        """DynamoDB answers a part of what was asked for at least, or refuses."""
        items: list[Item] = []
        asked = {self.table: {"Keys": [KEYS.typed(order_id) for order_id in order_ids], "ConsistentRead": True}}
        while asked:
            answer = json.loads(self._client.batch_get_item(RequestItems=asked)["undecoded"])
            items += answer["Responses"].get(self.table, [])
            asked = answer.get("UnprocessedKeys")
        return items


def _leave_undecoded(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    if response_dict["status_code"] < 300:
        customized_response_dict["undecoded"] = response_dict["body"]
        response_dict["body"] = b"{}"
