"""The stories: what an office lives through, a file each. ``play(stage)``; ``OFFICE`` names its files."""
