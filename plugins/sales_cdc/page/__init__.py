"""The page "Sales CDC" in Airflow: whether changes arrive, what changed, and what it means."""
