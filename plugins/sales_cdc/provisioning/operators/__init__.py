"""Airflow operators that provision and remove resources."""
