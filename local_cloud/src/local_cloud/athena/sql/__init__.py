"""Compile queries of Trino's dialect to DuckDB with Trino's types and meaning, or refuse them."""
