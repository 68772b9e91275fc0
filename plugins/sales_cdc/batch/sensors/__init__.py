"""Airflow sensors of the batch."""
