"""List the SQL files in ``include/sql/`` that the batch runs, and its checks. Pure.

Insights and the two queries of the brief ask of orders: with another contract there are none.
"""

from __future__ import annotations

from typing import NamedTuple

from sales_cdc.contract.declared import declared_contract, holds_orders


class Check(NamedTuple):
    """Hold what a row of a check means and what to do; the rows' first column replaces ``<orders>``."""

    finding: str
    remedy: str


RAW_CHECKS = {
    "change_events_are_whole": "change events that lack their order, type, time or sequence number",
    "counts_by_event_type": "event types with fewer changes in the table than the ledger says were written",
    "deletes_are_rows": "deletes that carry values",
    "changes_follow_an_insert": "orders that changed without having been inserted",
}
"""What a row means, by check in ``checks/``."""

_ENTITY = declared_contract().view
_CHANGES, _CURRENT = f"{_ENTITY}_changes", f"{_ENTITY}_current"
_REPAIR = (
    'run sales_cdc_repair with {"orders": <orders>}: it sends these orders through the stream again. If that does not help, '
    "run sales_cdc_rebuild: it makes the tables again from raw/, while readers keep these."
)
_REBUILD = "run sales_cdc_rebuild: it makes the tables again from raw/, while readers keep these."
_SETUP = f"run sales_cdc_setup: the deployed transformer and job differ. The lines are in {_ENTITY}_quarantine."
_MEND_ITEMS = (
    "find out who writes such values: rescued_data says which. Mend the items in the table, or declare another type in the contract; "
    "nothing is lost meanwhile. To let the run pass, trigger it with a greater rescued_share."
)
CURATED_CHECKS = {
    "changes_are_unique": Check(f"changes that are in {_CHANGES} more than once", _REBUILD),
    "current_is_the_latest_change": Check("orders whose current state is not their latest change", _REPAIR),
    "deleted_orders_stay_deleted": Check(f"deleted orders that are alive in {_CURRENT}", _REPAIR),
    "delivered_lines_are_taken": Check(
        "reasons for which too many of the pipeline's own lines were quarantined", _SETUP
    ),
    "values_fit_their_columns": Check(
        "changes with values that do not fit their columns, more than rescued_share allows", _MEND_ITEMS
    ),
    "raw_changes_are_curated": Check("changes of raw objects that the curated tables lack", _REBUILD),
}
"""What a row means and what to do then, by file in ``curated_checks/``."""

SEED_QUERIES = ("laptops", "laptops_by_five") if holds_orders() else ()
VIEWS = ("orders", "orders_history")
OF_ORDERS = (
    "revenue_by_product_and_day",
    "demand_and_prices_by_day",
    "cancellation_rate",
    "most_changed_orders",
    "change_mix_by_hour",
)
INSIGHTS = OF_ORDERS if holds_orders() else ()
CHANGED_ORDERS = "changed_orders"
QUARANTINED = "quarantined"
RESCUED = "rescued_orders"

VIEW_FILES = [f"views/{name}.sql" for name in VIEWS]
QUESTION_FILES = [
    *(f"insights/{name}.sql" for name in INSIGHTS),
    *(f"report/{name}.sql" for name in (CHANGED_ORDERS, QUARANTINED, RESCUED)),
]
"""The queries whose rows the report shows."""
