"""Baton beside the ordinary way, on one machine, in one run: `make bench`."""
