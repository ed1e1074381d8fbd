"""Older and newer versions and managed variants of each kind, as the tests name them with ``pytest.mark.variant``."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
WHICH = ("older", "newer", "managed")
_PROTOCOL = "a protocol, no product"
_PROGRAM = "a program of the project, no product"
#: (kind, which) -> why no test names one
NONE: Mapping[tuple[str, str], str] = {
    **{("http", which): _PROTOCOL for which in WHICH},
    **{("process", which): _PROGRAM for which in WHICH},
    ("grpc", "older"): "health checking has one version",
    ("grpc", "newer"): "health checking has one version",
    ("kafka", "older"): "before 0.10 it hangs up on the first question, as anything does that is no broker",
    ("nginx", "older"): "its status page is the same since 1.7.5",
}


@cache
def named() -> Mapping[tuple[str, str], tuple[str, ...]]:
    """(kind, which) -> what the tests' marks say of it, in the tests' order."""
    found: dict[tuple[str, str], list[str]] = {}
    for path in sorted((ROOT / "tests/systems").glob("test_*.py")):
        for kind, which, words in _marks(ast.parse(path.read_text("utf-8"))):
            found.setdefault((kind, which), []).append(words)
    return {key: tuple(dict.fromkeys(words)) for key, words in found.items()}


def _marks(tree: ast.AST) -> Iterator[tuple[str, str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "variant":
            kind, which, words = (ast.literal_eval(argument) for argument in node.args)
            yield kind, which, words


def row(kind: str) -> Iterator[str]:
    """The cells for older, newer and managed."""
    for which in WHICH:
        yield "; ".join(named().get((kind, which), ())) or NONE[kind, which]
