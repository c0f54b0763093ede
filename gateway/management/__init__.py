"""How people see and ask: the control socket, its client, and the tables of the command line."""
