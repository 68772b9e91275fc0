"""Rows of orders as Athena gives them to the page: a list, the versions of one, how it stands, and what became no row."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sales_cdc.page.reads.lake_query import Rows
from sales_cdc.page.reads.row_counts import Extent

NOW = datetime(2026, 11, 25, 14, 30, 20, tzinfo=UTC)
HOSTILE = "<script>window.hacked = true</script>"
EVENTS = ("MODIFY", "INSERT", "MODIFY", "REMOVE", "MODIFY", "INSERT")
ORDER = "5b1f7d20-5c66-4a0e-9f0e-2f6f0f2a9c11"
LONG = "an order with 5,001 changes"
MANY, LISTED, EVER = 5_001, 1_414, 20_118
OLD = "an order of last year"
EXTENTS = {
    "orders_changes": Extent(1_003_412, 88_000_000),
    "orders_current": Extent(20_118, 2_000_000),
    "orders_quarantine": Extent(120, 40_000),
}
COUNTED = {"changes": 3_412, "lines": 120}
UNSEEN = "evil\u202egnp.exe\n \x07"
RESCUED = '{"price":{"S":"ten"}}'
COLUMNS = ["orderid", "product_name", "quantity", "price", "event_type", "creation_time", "sequence_number", "actor", "customer", "order_status"]  # fmt: skip


def listed(params: Mapping[str, Any], values: Sequence[str]) -> Rows:
    """Return one page of 1,414 orders, or of 20,118 in the whole history; none for the text "nothing", nine for any other text."""
    drawn = random.Random(5)
    columns = ["orderid", "product_name", "quantity", "price", "event_type", "creation_time", "rescued_data", "page_total"]  # fmt: skip
    total = 0 if "nothing" in values else 9 if values else LISTED if "from_time" in params else EVER
    rows: list[list[str | None]] = []
    for at in range(total):
        kind = EVENTS[at % len(EVENTS)] if at else "INSERT"
        gone = kind == "REMOVE"
        name = ORDER if at == 0 else UNSEEN if at == 2 else f"{drawn.getrandbits(128):032x}"
        row = [
            name, HOSTILE if at == 3 else "laptop", None if gone else str(drawn.randint(1, 9) if at else 3),
            None if gone else f"{Decimal(drawn.randint(79_900, 249_999) if at else 109_950) / 100:.2f}",
            kind, f"{NOW - timedelta(minutes=7 * at):%Y-%m-%d %H:%M:%S}.000", RESCUED if at == 4 else None, str(total),
        ]  # fmt: skip
        rows.append(row)
    return Rows(columns, ["varchar"] * len(columns), rows[params["skip"] : params["skip"] + params["size"]])


def versions(params: Mapping[str, Any], values: Sequence[str]) -> Rows:
    """Return the asked page of an order's versions, newest first, with the one before it."""
    order = "".join(values)
    story = _long_story(order) if order == LONG else _old_story(order) if order == OLD else _story(order)
    story = [line for line in story if params["from_time"] <= str(line[5]) < (params["until_time"] or "9")]
    total = len(story)
    last = min(params["until"] or total, total)
    page = [[*line, str(at), str(total)] for at, line in enumerate(story, 1) if last - params["size"] <= at <= last]
    columns = [*COLUMNS, "page_number", "page_total"]
    return Rows(columns, ["varchar"] * len(columns), list(reversed(page)))


def _story(order: str) -> list[list[str | None]]:
    story: list[list[str | None]] = [
        ["laptop", "2", "1249.90", "INSERT", "2026-11-24 09:12:03.000", "1", "user", "Vera Lindqvist", "placed"],
        ["laptop", "3", "1249.90", "MODIFY", "2026-11-24 09:15:41.000", "2", "user", "Vera Lindqvist", "placed"],
        ["laptop", "3", "1189.00", "MODIFY", "2026-11-24 16:40:10.000", "3", "user", "Vera Lindqvist", "paid"],
        [None, None, None, "REMOVE", "2026-11-25 08:02:55.000", "4", "user", None, None],
        ["laptop", "3", "1099.50", "INSERT", "2026-11-25 14:30:20.000", "5", "user", HOSTILE, "placed"],
    ]
    return [[order, *line[:5], str(line[5]).zfill(40), *line[6:]] for line in story]


def _old_story(order: str) -> list[list[str | None]]:
    """Return two changes of the summer before, and one of the year before that."""
    times = ("2024-02-01 10:00:00.000", "2025-06-10 10:00:00.000", "2025-06-30 10:00:00.000")
    return [
        [order, "laptop", str(at), "9.90", "MODIFY" if at else "INSERT", time, str(at).zfill(40), "user", None, None]
        for at, time in enumerate(times)
    ]


def last_change(_: Mapping[str, Any], values: Sequence[str]) -> Rows:
    """Return when the old order changed last; the others have changes of late, and are not asked for."""
    rows: list[list[str | None]] = [["2025-06-30 10:00:00.000"]] if "".join(values) == OLD else []
    return Rows(["creation_time"], ["timestamp"], rows)


def _counted(name: str) -> Rows:
    return Rows([name], ["bigint"], [[str(COUNTED[name])]])


def _long_story(order: str) -> list[list[str | None]]:
    return [
        [order, "laptop", str(at), "9.90", "MODIFY" if at > 1 else "INSERT", "2026-11-24 09:12:03.250", str(at).zfill(40), "user", None, None]
        for at in range(1, MANY + 1)
    ]  # fmt: skip


def standing(_: Mapping[str, Any], values: Sequence[str]) -> Rows:
    """Return the order as the view has it: its price is one batch old."""
    columns = ["orderid", "product_name", "quantity", "price", "customer", "order_status"]
    return Rows(columns, ["varchar"] * 6, [["".join(values), "laptop", "3", "1189.00", HOSTILE, "placed"]])


def item(order: str) -> dict[str, Any]:
    """Return the order as DynamoDB has it."""
    texts = {"product_name": "laptop", "customer": HOSTILE, "order_status": "placed"}
    numbers = {"quantity": "3", "price": "1099.5"}
    return {"orderid": {"S": order}, **{n: {"S": v} for n, v in texts.items()}, **{n: {"N": v} for n, v in numbers.items()}}  # fmt: skip


def quarantined(params: Mapping[str, Any], _: Sequence[str]) -> Rows:
    """Return lines that are no change event, of 120."""
    columns = ["reason", "raw_line", "source_object", "line_number", "page_total"]
    first = params["skip"]
    rows: list[list[str | None]] = [
        ["the line is no JSON object", f"no change {at} {UNSEEN}", "raw/orders/dt=2026-11-25/hr=14/foreign.json", str(at), "120"]
        for at in range(first, min(first + params["size"], 120))
    ]  # fmt: skip
    return Rows(columns, ["varchar"] * 5, rows)


ROWS = {
    "page/orders_listed.sql": listed,
    "page/orders_changed.sql": listed,
    "page/order_versions.sql": versions,
    "page/order_last_change.sql": last_change,
    "page/changes_counted.sql": lambda params, values: _counted("changes"),
    "page/lines_counted.sql": lambda params, values: _counted("lines"),
    "page/order_now.sql": standing,
    "page/quarantined_lines.sql": quarantined,
}
