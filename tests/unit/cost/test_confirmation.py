"""Test what a run may cost, and how that is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from sales_cdc.cost.confirmation import CostNotConfirmedError, allowed_dollars, require_confirmed
from sales_cdc.cost.forecast import Usage, forecast


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-1", "", "5 dollars", None])
def test_a_text_that_is_no_amount_of_money_is_refused(text: Any) -> None:
    with pytest.raises(CostNotConfirmedError, match=r"an amount such as 5 or 12\.50"):
        allowed_dollars(text)


def test_money_is_exact() -> None:
    assert allowed_dollars("12.10") == Decimal("12.10")


def test_a_forecast_is_refused_only_above_what_was_confirmed() -> None:
    found = forecast(Usage(1_000_000))
    require_confirmed(found, str(found.dollars), "Writing")
    with pytest.raises(
        CostNotConfirmedError, match=r"^Writing is forecast to cost \$\d\.\d\d on AWS, .* is 1\. Start a new run"
    ):
        require_confirmed(found, "1", "Writing")
