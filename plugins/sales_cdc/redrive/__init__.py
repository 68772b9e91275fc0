"""Try failed records again: those under ``errors/`` and those of the pipe's dead-letter queue."""
