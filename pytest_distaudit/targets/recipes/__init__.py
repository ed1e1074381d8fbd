"""How each kind of system is started natively."""
