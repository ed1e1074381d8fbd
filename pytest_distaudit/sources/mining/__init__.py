"""Mining: the checkable statements of a project's documents, as proposals. Every name is loaded when it is used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_distaudit.sources.mining.miner import mine, mine_text
    from pytest_distaudit.sources.mining.names import names_of
    from pytest_distaudit.sources.mining.tree import documents_of

__all__ = ["documents_of", "mine", "mine_text", "names_of"]
_HOME = {"documents_of": "tree", "mine": "miner", "mine_text": "miner", "names_of": "names"}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
