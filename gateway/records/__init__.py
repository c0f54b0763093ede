"""The call journal and what is computed from it."""
