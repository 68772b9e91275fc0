"""List the checks of rebuilt tables. Pure."""

from __future__ import annotations

from sales_cdc.batch.statements import Check

_JOB = "run sales_cdc_setup, then this DAG again: it begins anew with the job as deployed. If that does not help, it is a defect of the job."
OWN = ("live_changes_are_rebuilt",)
REBUILT_CHECKS = {
    "live_changes_are_rebuilt": Check(
        "changes of the live tables that no raw object holds any more",
        "bring the raw objects back (the bucket keeps old versions for 30 days: remove their delete markers) and clear build_tables. If "
        'the rows were written into the live table by hand, or may go, run the DAG again with {"give_up_changes": true}.',
    ),
    "changes_are_unique": Check("changes that the rebuilt table has more than once", _JOB),
    "current_is_the_latest_change": Check("orders whose rebuilt state is not their latest change", _JOB),
    "deleted_orders_stay_deleted": Check("deleted orders that are alive in the rebuilt table", _JOB),
}
"""What a row means and what to do then, by file in ``curated_checks/``, those of ``OWN`` in ``rebuild/``."""
