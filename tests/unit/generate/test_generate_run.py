"""Test how a run cuts its plan, logs its progress, and keeps numbers exact on S3."""

from __future__ import annotations

import json
from decimal import Decimal

from sales_cdc.aws.ledger_folder import json_line
from sales_cdc.generate.run import PART_CHANGES, ProgressLog, parts
from sales_cdc.generate.workload import Change


def changes(*order_ids: str) -> list[Change]:
    return [Change(n, "MODIFY", order_id) for n, order_id in enumerate(order_ids)]


def test_no_order_is_duplicated_in_a_part_and_changes_keep_their_order() -> None:
    planned = changes("a", "b", "a", "a", "c")
    assert [[change.order_id for change in part] for part in parts(planned)] == [["a", "b"], ["a"], ["a", "c"]]


def test_parts_are_bounded() -> None:
    sizes = [len(part) for part in parts(changes(*map(str, range(PART_CHANGES + 1))))]
    assert sizes == [PART_CHANGES, 1]


def test_no_changes_give_no_part() -> None:
    assert list(parts([])) == []


def test_progress_is_logged_every_few_seconds_and_at_the_end_with_rate_and_time_left() -> None:
    now, said = [0.0], list[str]()
    progress = ProgressLog(said.append, clock=lambda: now[0])
    for seconds, done in ((0, 1_000), (2, 1_400), (6, 2_200), (7, 2_300), (8, 5_000)):
        now[0] = seconds
        progress("MODIFY", done, 5_000)
    assert said == [
        "MODIFY: 2,200 of 5,000 changes (200/s, about 14 s to go)",
        "MODIFY: 5,000 of 5,000 changes (500/s)",
    ]


def test_decimals_are_json_numbers_with_every_digit() -> None:
    document = {
        "price": Decimal("1299.90"),
        "many": Decimal("0.1234567890123456789012345678"),
        "é": ["x", 1, None, Decimal(2)],
    }
    line = json_line(document)
    assert line.count("\n") == 1
    assert json.loads(line, parse_float=Decimal) == document
    assert '"price": 1299.90' in line
