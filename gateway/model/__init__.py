"""The vocabulary of the exchange: frozen values that every other package speaks in."""
