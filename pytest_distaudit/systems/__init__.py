"""How each kind of system is observed: a table of asks and a parser a file."""
