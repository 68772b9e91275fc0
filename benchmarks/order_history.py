"""Make histories of orders in any size, as raw lines of the transformer and as rows that Spark makes.

Change n of a history is step n // orders of order n % orders; its second follows from its number, 50,000 a day.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

DAY, LINES_PER_OBJECT, CHANGES_PER_ORDER = 50_000, 20_000, 4
FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
PRODUCTS = ("laptop", "phone", "tablet", "monitor", "keyboard", "mouse")


def order_id(number: int) -> str:
    return hashlib.md5(str(number).encode()).hexdigest()  # noqa: S324 (a name, no secret)


def line(number: int, order: int, step: int, first_day: datetime = FIRST_DAY) -> str:
    """Return a line in the transformer's form."""
    kind = ("INSERT", "MODIFY", "MODIFY", "REMOVE" if order % 2 else "MODIFY")[step]
    moment = first_day + timedelta(seconds=number * 86_400 // DAY)
    fields, customer = '"product_name":null,"quantity":null,"price":null', ""
    if kind != "REMOVE":
        cents = number * 7919 % 200_000
        product = PRODUCTS[order % len(PRODUCTS)]
        fields = f'"product_name":"{product}","quantity":{1 + number % 9},"price":{cents // 100}.{cents % 100:02}'
        customer = f',"customer":"customer-{order % 5000}"'
    return (
        f'{{"orderID":"{order_id(order)}",{fields},"event_type":"{kind}","creation_time":"{moment:%Y-%m-%dT%H:%M:%S}.000Z",'
        f'"event_id":"{order_id(-number)}","sequence_number":"{10**20 + number * 10**6:040}","actor":"user"{customer}}}\n'
    )


def history_sql(changes: int) -> str:
    """Return the statement with which Spark makes the same changes as rows of orders_changes."""
    orders = changes // CHANGES_PER_ORDER
    kind = f"CASE WHEN id < {orders} THEN 'INSERT' WHEN id >= {3 * orders} AND id % {orders} % 2 = 1 THEN 'REMOVE' ELSE 'MODIFY' END"
    alive = "CASE WHEN event_type <> 'REMOVE' THEN {} END"
    return f"""
        SELECT md5(CAST(id % {orders} AS string)) AS orderid, {alive.format(f"element_at(array{PRODUCTS}, CAST(id % {orders} % 6 + 1 AS int))")} AS product_name,
            {alive.format("1 + id % 9")} AS quantity, {alive.format("CAST(id * 7919 % 200000 / 100 AS decimal(12,2))")} AS price, event_type,
            CAST(timestamp_seconds({int(FIRST_DAY.timestamp())} + id * 86400 div {DAY}) AS timestamp_ntz) AS creation_time,
            md5(concat('-', id)) AS event_id, lpad(concat('1', lpad(id * 1000000, 20, '0')), 40, '0') AS sequence_number, 'user' AS actor,
            CAST(NULL AS string) AS source_stream, CAST(NULL AS string) AS rescued_data
        FROM (SELECT id, {kind} AS event_type FROM range(0, {changes}, 1, 8))"""  # noqa: S608 (numbers of ours)


def write_raw(folder: Path, lines: Iterator[str]) -> None:
    folder.mkdir(parents=True)
    for number, chunk in enumerate(batched(lines, LINES_PER_OBJECT)):
        (folder / f"{number:06}.json").write_text("".join(chunk))


def batched(lines: Iterator[str], size: int) -> Iterator[list[str]]:
    while chunk := list(itertools.islice(lines, size)):
        yield chunk


def history_lines(changes: int, first_day: datetime = FIRST_DAY) -> Iterator[str]:
    orders = changes // CHANGES_PER_ORDER
    return (line(number, number % orders, number // orders, first_day) for number in range(changes))


def day_lines(history: int) -> Iterator[str]:
    """Return the lines of the day after a history: a quarter new orders, the rest changes of older orders."""
    orders = history // CHANGES_PER_ORDER
    for number in range(history, history + DAY):
        is_new = number % CHANGES_PER_ORDER == 0
        yield line(number, number if is_new else number * 7919 % orders, 0 if is_new else 1 + number % 3)
