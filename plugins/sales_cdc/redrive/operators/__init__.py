"""The Airflow operators of a redrive."""
