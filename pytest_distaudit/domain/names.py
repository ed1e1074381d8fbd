"""Names of components, which are spelled many ways: ``ledger-writer``, ``LedgerWriter``, ``ledger_writer service``."""

from __future__ import annotations

import re
from functools import lru_cache

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[A-Z]+")
#: Words that say what a component is, not which one.
ROLE_WORDS = frozenset(("service", "services", "server", "app", "application", "microservice", "svc", "container"))

_ROLE = re.compile(rf"(?:{'|'.join(sorted(ROLE_WORDS, key=len, reverse=True))})$")


@lru_cache(maxsize=20_000)
def words(name: str) -> tuple[str, ...]:
    """The words of a name in lower case: ``("ledger", "writer")`` for any spelling that shows where they end."""
    return tuple(word.lower() for word in _WORD.findall(name))


@lru_cache(maxsize=20_000)
def core_words(name: str) -> tuple[str, ...]:
    """The words without those at the end that only say "service"; never empty for a name with letters."""
    kept = list(words(name))
    while len(kept) > 1 and kept[-1] in ROLE_WORDS:
        kept.pop()
    return tuple(kept)


@lru_cache(maxsize=20_000)
def fold(name: str) -> str:
    """One key for all spellings of a name: ``web-app``, ``Web App`` and ``webapp`` are ``web``."""
    joined = "".join(core_words(name))
    return _ROLE.sub("", joined) or joined
