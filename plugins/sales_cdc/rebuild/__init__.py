"""Make the curated tables again from ``raw/`` beside the live ones, and exchange them."""
