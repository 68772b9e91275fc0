"""Airflow operators of the rebuild."""
