"""The gateway process: the loopback port, MiniStack behind it, and the requests for our services handed on."""
