"""Relays: what the audit puts between a caller and the system that it calls."""
