"""Compile calls of Trino's functions: a file for each chapter of its documentation; ``registry.py`` lists them."""
