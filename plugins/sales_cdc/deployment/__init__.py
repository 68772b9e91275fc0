"""Describe one deployment: its settings, the names of its resources, and the endpoints it may call."""
