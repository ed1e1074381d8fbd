"""Circuit breakers that can never open: they exclude every exception, or wrap coroutines that they never await."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from pytest_distaudit.domain.facts import CodeFact, CodeFlaw
from pytest_distaudit.domain.finding import Spot
from pytest_distaudit.sources.facts.python_modules import Module, Modules

_ALL = frozenset(("Exception", "BaseException"))


def breakers(modules: Modules) -> tuple[tuple[CodeFact, ...], int]:
    """The flawed breakers, and how many are built in all."""
    found: list[CodeFact] = []
    count = 0
    for module in modules.all:
        tree = module.tree() if "CircuitBreaker" in module.text else None
        if tree:
            built = [
                node for node in ast.walk(tree) if isinstance(node, ast.Call) and _name(node.func) == "CircuitBreaker"
            ]
            count += len(built)
            found.extend(_excluding(module, built))
            if re.search(r"\bpybreaker\b", module.text):
                found.extend(_unawaited(module, tree))
    return tuple(found), count


def _excluding(module: Module, built: list[ast.Call]) -> Iterator[CodeFact]:
    for call in built:
        for keyword in call.keywords:
            listed = (
                keyword.value.elts if isinstance(keyword.value, (ast.List, ast.Tuple, ast.Set)) else [keyword.value]
            )
            if keyword.arg in ("exclude", "excluded_exceptions", "ignore") and any(
                _name(item) in _ALL for item in listed
            ):
                yield CodeFact(
                    CodeFlaw.BREAKER_EXCLUDES_ALL, "CircuitBreaker", Spot(module.file, call.lineno), keyword.arg or ""
                )


def _unawaited(module: Module, tree: ast.Module) -> Iterator[CodeFact]:
    """A synchronous breaker gets a coroutine back at once and counts that as success."""
    coroutines = {node.name for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef)}
    held = {
        _name(target)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and _name(node.value.func) == "CircuitBreaker"
        for target in node.targets
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncFunctionDef) and any(_name(item) in held for item in node.decorator_list):
            yield CodeFact(CodeFlaw.BREAKER_NOT_AWAITED, node.name, Spot(module.file, node.lineno), "decorator")
        elif isinstance(node, ast.Call) and _passes_coroutine(node, held, coroutines):
            yield CodeFact(CodeFlaw.BREAKER_NOT_AWAITED, _name(node.args[0]), Spot(module.file, node.lineno), "call")


def _passes_coroutine(call: ast.Call, held: set[str], coroutines: set[str]) -> bool:
    func = call.func
    called = isinstance(func, ast.Attribute) and func.attr == "call" and _name(func.value) in held
    return called and bool(call.args) and _name(call.args[0]) in coroutines


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
