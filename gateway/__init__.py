"""Cityline: an office telephone exchange on a small board.

Anything that decides is pure; anything that acts does not decide.
"""

__version__ = "0.1.0"
