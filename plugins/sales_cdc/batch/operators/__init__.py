"""Airflow operators of the batch."""
