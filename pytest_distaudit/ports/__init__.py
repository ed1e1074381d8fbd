"""Protocols and plain evidence types, product-free: what checks and adapters agree on."""
