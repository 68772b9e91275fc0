"""Trino's functions: one file for each of its documentation's chapters, and ``registry.py``, which lists them."""
