"""Python modules of an audited tree: their names, imports and, where wanted, syntax."""

from __future__ import annotations

import ast
import re
import warnings
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

_ENTRY_NAME = re.compile(
    r"(?:^|/)(?:__main__|main|app|manage|wsgi|asgi|server|worker|celery|run|setup|cli|gunicorn[\w.]*|faststream)\.py$"
)
_ENTRY_TEXT = re.compile(
    r"__name__\s*==\s*[\"']__main__[\"']|\bFastAPI\(|\bFlask\(|\bCelery\(|^@\w+\.(?:task|command)", re.MULTILINE
)
_DYNAMIC = re.compile(r"\bimport_module\(|\b__import__\(|autodiscover_tasks|pkgutil\.|entry_points\(")
_IMPORT = re.compile(
    r"^[ \t]*from[ \t]+([.\w]+)[ \t]+import[ \t]+(\([^)]{0,4000}\)|[^\n#]{1,400})|^[ \t]*import[ \t]+([\w.]+)",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Module:
    """One file; ``name`` is its dotted path from the top of the tree, a package's without ``__init__``."""

    file: str
    name: str
    text: str
    imports: tuple[tuple[str, int], ...]

    @property
    def package(self) -> str:
        """What relative imports start from."""
        return self.name if self.file.endswith("__init__.py") else self.name.rpartition(".")[0]

    def tree(self) -> ast.Module | None:
        """The syntax; None for what is no Python of this version."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return ast.parse(self.text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


class Modules:
    """All modules, found by any tail of their dotted name: what is importable depends on where a program starts."""

    def __init__(self) -> None:
        self.all: list[Module] = []
        self._by_last: dict[str, list[Module]] = defaultdict(list)

    def add(self, file: str, text: str, imports: tuple[tuple[str, int], ...]) -> None:
        """Add a file."""
        name = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        module = Module(file, name, text, imports)
        self.all.append(module)
        self._by_last[name.rpartition(".")[2]].append(module)

    def named(self, name: str, importer: Module) -> list[Module]:
        """The modules that ``importer`` may mean by a dotted name, absolute or relative."""
        if name.startswith("."):
            level = len(name) - len(name.lstrip("."))
            base = importer.package.split(".")[: len(importer.package.split(".")) - level + 1]
            name = ".".join([*filter(None, base), *filter(None, [name.lstrip(".")])])
            return [module for module in self._by_last[name.rpartition(".")[2]] if module.name == name]
        tail = f".{name}"
        return [module for module in self._by_last[name.rpartition(".")[2]] if f".{module.name}".endswith(tail)]

    def reached(self) -> frozenset[str]:
        """The files that entry points import, directly or not; empty where that cannot be told."""
        if any(_DYNAMIC.search(module.text) for module in self.all):
            return frozenset()
        pending = [module for module in self.all if _ENTRY_NAME.search(module.file) or _ENTRY_TEXT.search(module.text)]
        seen = {module.file for module in pending}
        while pending:
            for module in self._imported(pending.pop()):
                if module.file not in seen:
                    seen.add(module.file)
                    pending.append(module)
        return frozenset(seen)

    def _imported(self, module: Module) -> Iterator[Module]:
        for match in _IMPORT.finditer(module.text):
            base = match[1] or match[3]
            yield from self._packages(base, module)
            for name in re.findall(r"\w+", match[2] or ""):
                yield from self.named(f"{base}{name}" if base.endswith(".") else f"{base}.{name}", module)

    def _packages(self, name: str, module: Module) -> Iterator[Module]:
        """Importing ``a.b.c`` runs the packages ``a`` and ``a.b`` too."""
        yield from self.named(name, module)
        while "." in name.lstrip("."):
            name = name.rpartition(".")[0]
            yield from self.named(name, module)
