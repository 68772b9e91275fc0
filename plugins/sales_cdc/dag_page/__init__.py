"""Give DAGs their shared arguments, and Airflow's pages their descriptions and links."""
