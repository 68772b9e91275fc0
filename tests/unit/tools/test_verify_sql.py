"""The comparison of the local Athena's answers with a real Trino's sees every difference, and covers every statement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from sales_cdc.deployment.settings import Settings
from sales_cdc.deployment.topology import Topology

from tools.verify_sql import SQL, WRITING, Case, answered, cases, difference


def test_every_file_that_reads_is_a_case() -> None:
    topology = Topology(Settings.from_environment({"SALES_CDC_TARGET": "local"}), "000000000000")
    made = list(cases(("it's one",), topology))
    files = {path.relative_to(SQL).as_posix() for path in SQL.rglob("*.sql")}
    assert {case.name.removesuffix(" (raw)") for case in made} == files - set(WRITING)
    for case in made:
        statement = "\n".join(line for line in case.sql.splitlines() if not line.startswith("--"))
        assert "{{" not in statement
        assert statement.count("?") == len(case.values)


def test_values_are_written_into_trinos_statement() -> None:
    case = Case("a", "SELECT 'x' WHERE a = ?", ("it's",))
    assert case.for_trino == "EXECUTE IMMEDIATE 'SELECT ''x'' WHERE a = ?' USING 'it''s'"
    assert Case("a", "SELECT 1").for_trino == "SELECT 1"


def difference_of(kind: str, ours: Sequence[Any], theirs: Sequence[Any]) -> str | None:
    one, other = (answered(["a"], [kind], [[value] for value in values]) for values in (ours, theirs))
    return difference(one, other)


@pytest.mark.parametrize(
    ("kind", "ours", "theirs"),
    [
        ("decimal(12,2)", "10.50", "10.50"),
        ("bigint", "5", 5),
        ("double", "0.5", 0.5),
        ("boolean", "true", True),
        ("timestamp(6)", "2026-11-20 09:00:00.000", "2026-11-20 09:00:00.000000"),
        ("varchar", "1.0", "1.0"),
        ("varchar", None, None),
    ],
)
def test_the_two_spellings_of_a_value_are_equal(kind: str, ours: Any, theirs: Any) -> None:
    assert difference_of(kind, [ours], [theirs]) is None


@pytest.mark.parametrize(
    ("kind", "ours", "theirs"),
    [
        ("decimal(12,2)", "10.50", "10.51"),
        ("timestamp(6)", "2026-11-20 09:00:00.100", "2026-11-20 09:00:00.001000"),
        ("timestamp(3)", "2026-11-20 09:00:00", "2026-11-20 09:00:10"),
        ("varchar", "1.0", "1"),
        ("varchar", "", None),
        ("boolean", "false", None),
    ],
)
def test_another_value_is_seen(kind: str, ours: Any, theirs: Any) -> None:
    assert "rows" in str(difference_of(kind, [ours], [theirs]))


def test_a_missing_row_another_name_and_another_type_are_seen() -> None:
    assert difference_of("bigint", ["1", "1"], [1]) is not None
    assert "names" in str(difference(answered(["a"], ["bigint"], []), answered(["b"], ["bigint"], [])))
    assert "types" in str(difference(answered(["a"], ["bigint"], []), answered(["a"], ["integer"], [])))


def test_the_order_of_rows_does_not_count() -> None:
    assert difference_of("bigint", ["1", "2"], [2, 1]) is None
