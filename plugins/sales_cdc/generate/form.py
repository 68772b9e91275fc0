"""Declare what the forms share of DAGs that write orders."""

from __future__ import annotations

from airflow.sdk import Param

from sales_cdc.cost.confirmation import FREE_DOLLARS, PATTERN


def cost_param(default: str = FREE_DOLLARS) -> Param:
    """Return the Param ``confirm_cost_up_to_dollars``: an amount as text, so that it is exact."""
    return Param(
        default, type="string", pattern=PATTERN, title="Confirm the cost, up to dollars",
        description="Nothing is written when the forecast for AWS is higher. 'make cost' shows how it is counted.",
    )  # fmt: skip
