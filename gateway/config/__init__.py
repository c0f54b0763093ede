"""The files that people write, checked as a whole and frozen: `load.load_configuration`."""
