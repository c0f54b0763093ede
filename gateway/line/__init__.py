"""Signalling of one analog port, pure: what its edges mean, and what state that leaves it in."""
