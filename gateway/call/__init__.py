"""Call control, pure, one service a file."""
