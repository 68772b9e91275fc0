"""What the batch asks Athena, by the names of the files in ``include/sql/``. Pure."""

from __future__ import annotations

RAW_CHECKS = {
    "change_events_are_whole": "change events that lack their order, type, time or sequence number",
    "counts_by_event_type": "event types with fewer changes in the table than the ledger says were written",
    "deletes_are_rows": "deletes that carry values",
    "changes_follow_an_insert": "orders that changed without having been inserted",
}
"""By check in ``checks/``, what a row means."""

CURATED_CHECKS = {
    "changes_are_unique": "changes that are in orders_changes more than once",
    "current_is_the_latest_change": "orders whose current state is not their latest change",
    "deleted_orders_stay_deleted": "deleted orders that stand",
    "delivered_lines_are_taken": "reasons for which too many of the pipeline's own lines were quarantined",
    "raw_changes_are_curated": "changes of raw objects that the curated tables lack",
}
"""By check in ``curated_checks/``, what a row means."""

SEED_QUERIES = ("laptops", "laptops_by_five")
VIEWS = ("orders", "orders_history")
INSIGHTS = (
    "revenue_by_product_and_day",
    "demand_and_prices_by_day",
    "cancellation_rate",
    "most_changed_orders",
    "change_mix_by_hour",
)
CHANGED_ORDERS = "changed_orders"

VIEW_FILES = [f"views/{name}.sql" for name in VIEWS]
QUESTION_FILES = [*(f"insights/{name}.sql" for name in INSIGHTS), f"report/{CHANGED_ORDERS}.sql"]
"""What the report shows the rows of."""
