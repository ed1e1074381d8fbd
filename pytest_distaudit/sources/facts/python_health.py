"""Health endpoints of Python services that answer 200 whatever happens."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from pytest_distaudit.domain.facts import CodeFact, CodeFlaw
from pytest_distaudit.domain.finding import Spot
from pytest_distaudit.sources.facts.python_modules import Module, Modules

_PATH = re.compile(r"/(?:health|healthz|healthcheck|ready|readyz|readiness|status)/?")
_ROUTES = frozenset(("get", "route", "api_route"))
#: What lets an endpoint answer something else than 200.
_ERRORS = frozenset(("abort", "HTTPException", "status_code", "status", "make_response"))
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def always_healthy(modules: Modules) -> Iterator[CodeFact]:
    """Endpoints that ask something, catch every failure and answer as before."""
    for module in modules.all:
        tree = module.tree() if "health" in module.text and "except" in module.text else None
        for node in ast.walk(tree) if tree else ():
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                path = _health_path(node)
                if path and _swallows(node) and not _may_refuse(node):
                    yield _fact(module, node, path)


def _fact(module: Module, node: _Function, path: str) -> CodeFact:
    return CodeFact(CodeFlaw.ALWAYS_HEALTHY, node.name, Spot(module.file, node.lineno), path)


def _health_path(node: _Function) -> str:
    """The path of a route that a function is decorated with, if it is one of health."""
    for item in node.decorator_list:
        if (
            isinstance(item, ast.Call)
            and isinstance(item.func, ast.Attribute)
            and item.func.attr in _ROUTES
            and item.args
        ):
            path = item.args[0]
            if isinstance(path, ast.Constant) and isinstance(path.value, str) and _PATH.fullmatch(path.value):
                return path.value
    return ""


def _swallows(node: _Function) -> bool:
    """Whether a handler for every exception goes on, or returns an answer."""
    handlers = [item for item in ast.walk(node) if isinstance(item, ast.ExceptHandler)]
    return any(item.type is None or _names(item.type) & {"Exception", "BaseException"} for item in handlers)


def _may_refuse(node: _Function) -> bool:
    """Whether anything in it raises, or sets a status."""
    if any(isinstance(item, ast.Raise) for item in ast.walk(node)):
        return True
    keywords = {item.arg for item in ast.walk(node) if isinstance(item, ast.keyword)}
    pairs = any(
        isinstance(item, ast.Return)
        and isinstance(item.value, ast.Tuple)
        and any(isinstance(part, ast.Constant) and isinstance(part.value, int) for part in item.value.elts)
        for item in ast.walk(node)
    )
    return pairs or bool((keywords | _names(node)) & _ERRORS)


def _names(node: ast.AST) -> set[str]:
    names = {item.id for item in ast.walk(node) if isinstance(item, ast.Name)}
    return names | {item.attr for item in ast.walk(node) if isinstance(item, ast.Attribute)}
