"""FastAPI: routers with routes that no application includes."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator

from pytest_distaudit.domain.facts import CodeFact, CodeFlaw
from pytest_distaudit.domain.finding import Spot
from pytest_distaudit.sources.facts.python_modules import Module, Modules

_SIGNS = ("APIRouter", "FastAPI", "include_router")
_METHODS = frozenset(("get", "post", "put", "delete", "patch", "head", "options", "websocket", "api_route", "route"))
#: A router or an application: the module's file and the variable.
_Name = tuple[str, str]


def unmounted_routers(modules: Modules) -> Iterator[CodeFact]:
    """Routers that no application of the tree reaches; nothing where one includes what cannot be known."""
    survey = _Survey(modules)
    for module in modules.all:
        tree = module.tree() if any(sign in module.text for sign in _SIGNS) else None
        if tree:
            survey.read(module, tree)
    if not survey.apps or survey.unknown:
        return
    reached = survey.reached()
    for name, (line, prefix) in sorted(survey.routers.items()):
        if name in survey.routed and name not in reached:
            yield CodeFact(CodeFlaw.ROUTER_NOT_INCLUDED, name[1], Spot(name[0], line), prefix)


class _Survey:
    def __init__(self, modules: Modules) -> None:
        self.modules = modules
        self.apps: set[_Name] = set()
        self.routers: dict[_Name, tuple[int, str]] = {}
        self.routed: set[_Name] = set()
        self.unknown = False
        self._included: dict[_Name, list[tuple[Module, ast.expr, dict[str, tuple[str, str]]]]] = defaultdict(list)

    def read(self, module: Module, tree: ast.Module) -> None:
        names = _imported_names(tree)
        for node in ast.walk(tree):
            if isinstance(node, (ast.Assign, ast.AnnAssign)):
                self._assigned(module, node)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                self._called(module, node, node.func, names)

    def _assigned(self, module: Module, node: ast.Assign | ast.AnnAssign) -> None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        made = _last_name(node.value.func) if isinstance(node.value, ast.Call) else ""
        for target in targets:
            if made and isinstance(target, (ast.Name, ast.Attribute)):
                key = (module.file, _last_name(target))
                if made == "FastAPI":
                    self.apps.add(key)
                elif made == "APIRouter" and isinstance(target, ast.Name):
                    self.routers[key] = (node.lineno, _prefix(node.value))

    def _called(self, module: Module, node: ast.Call, func: ast.Attribute, names: dict[str, tuple[str, str]]) -> None:
        owner = (module.file, _last_name(func.value))
        if func.attr == "include_router":
            argument = node.args[0] if node.args else next((k.value for k in node.keywords if k.arg == "router"), None)
            if argument is None or not isinstance(argument, (ast.Name, ast.Attribute)):
                self.unknown = True
            else:
                self._included[owner].append((module, argument, names))
        elif func.attr in _METHODS or func.attr in ("add_api_route", "add_route"):
            self.routed.add(owner)

    def reached(self) -> set[_Name]:
        """All that applications include, directly or through other routers."""
        seen: set[_Name] = set()
        # An owner that is no known router (a function's parameter) counts as an application.
        pending = [owner for owner in self._included if owner not in self.routers]
        while pending:
            for module, argument, names in self._included.get(pending.pop(), ()):
                for name in self._meant(module, argument, names):
                    if name not in seen:
                        seen.add(name)
                        pending.append(name)
        return seen

    def _meant(self, module: Module, argument: ast.expr, names: dict[str, tuple[str, str]]) -> set[_Name]:
        """The routers that an expression may mean; every one of that name where it cannot be followed."""
        if isinstance(argument, ast.Name):
            if (module.file, argument.id) in self.routers:
                return {(module.file, argument.id)}
            base, name = names.get(argument.id, ("", argument.id))
            found = {(other.file, name) for other in self.modules.named(base, module)} if base else set()
        else:
            base = _imported_base(argument, names)
            name = _last_name(argument)
            found = {(other.file, name) for other in self.modules.named(base, module)} if base else set()
        known = found & self.routers.keys()
        return known or {key for key in self.routers if key[1] == name or name not in {key[1] for key in self.routers}}


def _imported_names(tree: ast.Module) -> dict[str, tuple[str, str]]:
    """Local names to the module and the name they stand for."""
    names: dict[str, tuple[str, str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            for alias in node.names:
                names[alias.asname or alias.name] = (base, alias.name)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                names[alias.asname or alias.name.partition(".")[0]] = (alias.name if alias.asname else "", alias.name)
    return names


def _imported_base(argument: ast.expr, names: dict[str, tuple[str, str]]) -> str:
    """The module before the last dot of ``a.b.router``."""
    parts: list[str] = []
    node = argument.value if isinstance(argument, ast.Attribute) else argument
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    base, name = names.get(node.id, ("", node.id))
    top = f"{base}{name}" if base.endswith(".") else f"{base}.{name}" if base and base != name else name
    return ".".join([top, *reversed(parts)])


def _prefix(value: ast.expr | None) -> str:
    keywords = value.keywords if isinstance(value, ast.Call) else []
    found = next((k.value for k in keywords if k.arg == "prefix"), None)
    return str(found.value) if isinstance(found, ast.Constant) else ""


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
