"""The pytest side: options, collection, fixtures, hooks."""
