"""Serve the page Sales CDC inside Airflow: the pipeline's state, orders, changes, insights and reports."""
