"""Compare the orders table with the curated table, and repair the orders that differ."""
