"""What histories and measurements show, one rule a file, each with its source. Pure: standard library and types."""
