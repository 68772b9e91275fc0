"""Find out before setup what stands in its way: every check reads, and none writes."""
