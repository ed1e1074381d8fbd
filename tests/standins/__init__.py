"""Doubles of products that no package carries, and the smallest things that real ones need to work with."""
