"""What Glue is asked for instead of all partitions passes every partition that the condition can be true of."""

from __future__ import annotations

import itertools

import pytest
from sqlglot import exp, parse_one

from local_cloud.athena.sql.parsing.chains import with_balanced_chains
from local_cloud.athena.sql.queries.file_pruning import MAX_EXPRESSION, catalog_expression, demand
from local_cloud.glue.catalog.partition_expression import parse

KEYS = ("dt", "hr")
VALUES = ("2026-01-01", "2026-01-02", "2026-01-03", "09", "10", "")


def expression(condition: str) -> str:
    found = demand(
        parse_one(condition, dialect="trino"), lambda column: column.name if isinstance(column, exp.Column) else None
    )
    return catalog_expression([found] if found else [], KEYS)


@pytest.mark.parametrize(
    ("condition", "asked"),
    [
        ("dt > '2026-01-01'", "dt > '2026-01-01'"),
        ("dt > '2026-01-02' OR (dt = '2026-01-02' AND hr >= '10')", "(dt > '2026-01-02' OR dt = '2026-01-02')"),
        ("dt IN ('2026-01-01', '2026-01-03')", "(dt = '2026-01-01' OR dt = '2026-01-03')"),
        ("'2026-01-02' <= dt", "dt >= '2026-01-02'"),
        ("dt BETWEEN '2026-01-01' AND '2026-01-02'", "(dt >= '2026-01-01' AND dt <= '2026-01-02')"),
        ("dt = '2026-01-01' OR hr = '09'", ""),
        ("dt = 'it''s'", ""),
        ("dt > 5", ""),
        ("other = 'x'", ""),
        ("dt >= '2026-01-02' AND (dt > 5 OR dt < '2026-01-03')", "dt >= '2026-01-02'"),
    ],
)
def test_what_is_asked(condition: str, asked: str) -> None:
    assert expression(condition) == asked


def test_no_partition_that_can_pass_is_left_out() -> None:
    comparisons = [
        f"{key} {sign} '{value}'" for key in KEYS for sign in ("=", "<", ">=") for value in ("2026-01-02", "10")
    ]
    for first, second, third in itertools.product(comparisons, repeat=3):
        for joined in (f"({first} AND {second}) OR {third}", f"({first} OR {second}) AND {third}"):
            if not (asked := expression(joined)):
                continue
            passes, meant = (parse(text, dict.fromkeys(KEYS, "string")) for text in (asked, joined))
            for row in ({"dt": dt, "hr": hr} for dt, hr in itertools.product(VALUES, repeat=2)):
                assert passes(row) or not meant(row), (joined, asked, row)


@pytest.mark.parametrize("count", [100, 1_000, 10_000])
@pytest.mark.parametrize("form", ["dt IN ({})", "dt IN ({}) AND hr = '09'", "dt IN ({}) OR hr = '09'"])
def test_no_more_is_asked_than_glue_takes(form: str, count: int) -> None:
    days = [f"2026-{number:05}" for number in range(count)]
    asked = expression(form.format(", ".join(f"'{day}'" for day in days)))
    assert len(asked) <= MAX_EXPRESSION
    if asked:
        passes = parse(asked, dict.fromkeys(KEYS, "string"))
        assert all(passes({"dt": day, "hr": "09"}) for day in days)
        assert not passes({"dt": "2027-00000", "hr": "09"})


def test_what_glue_would_refuse_is_left_out_of_what_it_is_asked() -> None:
    ranges = " OR ".join(f"dt >= '2026-{number:05}'" for number in range(1_000))
    condition = with_balanced_chains(parse_one(ranges, dialect="trino"))
    long = demand(condition, lambda column: column.name)
    short = demand(parse_one("hr = '09'", dialect="trino"), lambda column: column.name)
    assert long is not None
    assert short is not None
    assert catalog_expression([long, short], KEYS) == "hr = '09'"
