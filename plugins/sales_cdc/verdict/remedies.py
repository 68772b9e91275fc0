"""Say what to do, in the words that the page, the report and the terminal share. Pure."""

from __future__ import annotations

from sales_cdc.verdict.words import MANY, ONE

SET_UP = "Trigger the DAG sales_cdc_setup; it makes what is missing and changes nothing else."
BATCH = "Trigger the DAG sales_cdc_batch."
REDRIVE = "Trigger the DAG sales_cdc_redrive: it delivers them again, and keeps what fails again with its reason."
REPAIR = f"Trigger the DAG sales_cdc_repair: it sends these {MANY} through the stream again, and compares once more."
BACKFILL = f"Trigger the DAG sales_cdc_backfill, then sales_cdc_batch: it sends every {ONE} through the stream, and says first what that costs."
RECONCILE = "Trigger the DAG sales_cdc_reconcile, or a batch: each compares DynamoDB with the tables, and reads what is overdue."
