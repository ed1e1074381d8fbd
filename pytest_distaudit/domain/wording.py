"""Small words that checks and reports share."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """``1 queue``, ``2 queues``: regular nouns only."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
