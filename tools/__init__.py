"""What `tasks.py` is made of: set-up, quality gates, generated pages. Standard library only."""
