"""Let a run begin only when its forecast is not above what its Params confirm. Pure: no Airflow, no AWS client."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from sales_cdc.cost.forecast import Forecast
from sales_cdc.cost.prices import in_dollars

PARAM = "confirm_cost_up_to_dollars"
PATTERN = r"^[0-9]{1,9}(\.[0-9]{1,2})?$"
FREE_DOLLARS = "10"
"""What a run may cost without anybody's confirmation, unless its DAG is stricter."""


class CostNotConfirmedError(ValueError):
    """Raised when a run would cost more than was confirmed, or when what was confirmed is no amount; nothing was written."""


def require_confirmed(found: Forecast, confirmed: str, doing: str) -> None:
    """Refuse what costs more on AWS than ``confirmed``; ``doing`` names it, for the message.

    Raises:
        CostNotConfirmedError: the forecast is higher, or ``confirmed`` is no amount of money.

    Example::

        require_confirmed(forecast(Usage(10_000_000)), "10", "Writing 10,000,000 changes")
    """
    if found.dollars > allowed_dollars(confirmed):
        raise CostNotConfirmedError(
            f"{doing} is forecast to cost {in_dollars(found.dollars)} on AWS, and {PARAM} is {confirmed}. Start a new run with a "
            "higher one. Nothing was written."
        )


def allowed_dollars(text: str) -> Decimal:
    """Read an amount of money that a form gives as text, so that it is exact.

    Raises:
        CostNotConfirmedError: the text is no amount of money.
    """
    try:
        amount = Decimal(text)
    except (InvalidOperation, TypeError, ValueError):
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0:
        raise CostNotConfirmedError(
            f"{PARAM} is {text!r}: it has to be an amount such as 5 or 12.50. Nothing was written."
        )
    return amount
