"""Touch the orders that are older than the stream, so that the stream carries them."""
