"""Calls by the thousand, with audio and the whole product, over city exchanges drawn at random."""
