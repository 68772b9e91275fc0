"""Say from all that is open whether the tables can be trusted, since when, why, and what to do."""
