"""Take delivered changes into curated tables, check them and report on them."""
