"""The Airflow operators of reconciliation and repair."""
