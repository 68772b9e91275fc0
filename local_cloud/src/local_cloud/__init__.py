"""AWS's data chain on a laptop: one endpoint on loopback that speaks AWS's wire protocols."""
