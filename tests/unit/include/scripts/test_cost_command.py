"""``make cost``: its tables, and what it refuses."""

from __future__ import annotations

from types import ModuleType

import pytest

from tests import shipped


@pytest.fixture(scope="module")
def command() -> ModuleType:
    return shipped.load("include/scripts/cost.py")


def test_every_line_comes_with_its_formula_and_every_price_with_its_page(
    command: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert command.main(["--changes", "1000000", "--days", "30", "--region", "eu-west-3"]) == 0
    shown = capsys.readouterr().out
    assert "$48.47" in shown
    assert "changes × record, rounded up to 5 KB" in shown
    assert (
        "Amazon DynamoDB pricing for on-demand capacity, us-east-1, 2026-11: $0.625 per million write request units"
        in shown
    )
    assert "There are no prices of eu-west-3" in shown


def test_a_rate_shows_which_limit_comes_first_and_what_moves_it(
    command: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    command.main(["--rate", "50", "--plain-writes"])
    assert "50 changes a second, even over the day, stay within every limit." in capsys.readouterr().out
    command.main(["--rate", "5000", "--plain-writes"])
    assert "meet first: DynamoDB, a new table. wait" in capsys.readouterr().out


@pytest.mark.parametrize(
    "given", [["--changes", "-1"], ["--changes", "1.5"], ["--days", "NaN"], ["--rate", "0"], ["--item-bytes", "0"]]
)
def test_amounts_that_mean_nothing_are_refused(command: ModuleType, given: list[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(given)
