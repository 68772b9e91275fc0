"""The Airflow operators of a drill, apart from those it shares with other features."""
