"""From a dialled number to a destination, pure."""
