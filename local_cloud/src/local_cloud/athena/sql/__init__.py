"""Queries of Trino's dialect, compiled to DuckDB with Trino's types and meaning, or refused."""
