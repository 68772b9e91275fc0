"""Turn what was read into what the page draws, without reading anything."""
