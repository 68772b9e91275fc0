"""Write changes while faults strike, and judge whether the curated tables are exact."""
