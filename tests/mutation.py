"""Do the judges' tests notice when a judge lies? ``python -m tests.mutation [FAMILY...]``

Every check family is changed in one place at a time, in memory, in a forked process, and its tests
in ``tests/checks`` are run on it; a change that no test notices has survived. The changes are those
that make a judge lie: verdicts swapped, comparisons turned round, thresholds ten times off.
"""

from __future__ import annotations

import ast
import copy
import importlib
import os
import signal
import sys
import types
from collections.abc import Callable, Iterator
from functools import partial
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path

import hypothesis  # noqa: F401 - imported once, here, for every fork
import pytest

import pytest_distaudit.sources.claim_parameters
import pytest_distaudit.testing  # noqa: F401

ROOT = Path(__file__).parents[1]
CHECKS = ROOT / "pytest_distaudit" / "checks"
ENOUGH = 0.95
LIMIT_S = 120
JOBS = int(os.environ.get("JOBS", "2"))

_OPPOSITE = {
    ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE, ast.GtE: ast.Lt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_NEXT = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
_ARITHMETIC = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.Mod: ast.Mult}
_CALLS = {"any": "all", "all": "any", "min": "max", "max": "min"}
#: what a check says of itself, which no judge reads
_WORDS = {"cost_s", "version"}

#: (where, what, the changed node)
Change = tuple[ast.AST, str, ast.AST]


def _answer(word: str) -> ast.stmt:
    return ast.parse(f"return {word}('mutant')").body[0]


def _changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Every way to make this node lie."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for table in (_OPPOSITE, _NEXT):
            if other := table.get(type(node.ops[0])):
                what = f"{type(node.ops[0]).__name__} -> {other.__name__}"
                yield what, ast.Compare(node.left, [other()], node.comparators)
    elif isinstance(node, ast.BoolOp):
        other = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield f"-> {other.__name__}", ast.BoolOp(other(), node.values)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "without not", node.operand
    elif isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        other = _ARITHMETIC[type(node.op)]
        yield f"-> {other.__name__}", ast.BinOp(node.left, other(), node.right)
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield f"{node.value} x 10", ast.Constant(node.value * 10 or 10)
    else:
        yield from _verdicts(node)


def _verdicts(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Another call in its place, above all another verdict."""
    if isinstance(node, ast.Name) and node.id in _CALLS:
        yield f"{node.id} -> {_CALLS[node.id]}", ast.Name(_CALLS[node.id], ast.Load())
    if isinstance(node, ast.FunctionDef) and any("check(" in ast.unparse(each) for each in node.decorator_list):
        for word in ("verified", "refute"):
            yield f"{node.name}: always {word}", _with_body(node, [_answer(word)])
    called = node.value if isinstance(node, (ast.Expr, ast.Return)) else None
    if isinstance(called, ast.Call) and isinstance(called.func, ast.Name):
        for word in {"refute", "unverifiable", "verified"} - {called.func.id}:
            if called.func.id in ("refute", "unverifiable", "verified") and word != "unverifiable":
                yield f"{called.func.id} -> {word}", _answer(word)


def _with_body(node: ast.FunctionDef, body: list[ast.stmt]) -> ast.FunctionDef:
    changed = copy.copy(node)
    changed.body = body
    return changed


def changes(tree: ast.Module) -> Iterator[Change]:
    skipped = {id(inner) for word in ast.walk(tree) if isinstance(word, ast.keyword) and word.arg in _WORDS
               for inner in ast.walk(word)}  # fmt: skip
    for node in ast.walk(tree):
        if id(node) not in skipped:
            for what, changed in _changes(node):
                yield node, what, changed


class _Put(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self._old, self._new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return ast.copy_location(self._new, node) if node is self._old else self.generic_visit(node)


class _Changed(MetaPathFinder, Loader):
    """Has every import of the module bring the changed one."""

    def __init__(self, name: str, tree: ast.Module) -> None:
        self._name, self._code = name, compile(tree, name, "exec")

    def install(self) -> None:
        sys.meta_path.insert(0, self)
        package, _, last = self._name.rpartition(".")
        if sys.modules.pop(self._name, None):
            delattr(sys.modules[package], last)
        importlib.import_module(self._name)

    def find_spec(self, fullname: str, path: object, target: object = None) -> ModuleSpec | None:
        return ModuleSpec(fullname, self) if fullname == self._name else None

    def exec_module(self, module: types.ModuleType) -> None:
        exec(self._code, module.__dict__)


def mutant(source: str, number: int) -> ast.Module:
    """The tree with its ``number``-th change made."""
    tree = ast.parse(source)
    old, _, new = list(changes(tree))[number]
    return ast.fix_missing_locations(_Put(old, new).visit(tree))


def source_of(family: str) -> Path:
    """``files.parity`` is ``files/parity.py``."""
    return CHECKS / f"{family.replace('.', '/')}.py"


def tests_of(family: str) -> list[Path]:
    """The family's own tests; of a part that families share, theirs; without such, all of its folder."""
    folder, _, name = family.rpartition(".")
    home = ROOT / "tests" / "checks" / folder
    sharing = (path.stem for path in CHECKS.glob("[!_]*.py") if f"checks.{name} import" in path.read_text("utf-8"))
    names = sorted(sharing) if name.startswith("_") else [name]
    own = (home / f"test_{each}{ending}.py" for each in names for ending in ("_judges", ""))
    return [path for path in own if path.exists()] or [home]


def started(family: str, tree: ast.Module) -> int:
    """The pid of a process that runs the tests on the changed family; it exits with 0 if none fails."""
    pid = os.fork()
    if pid:
        return pid
    signal.alarm(LIMIT_S)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    code: int = 1
    try:
        _Changed(f"pytest_distaudit.checks.{family}", tree).install()
        options = ("-x", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", "--hypothesis-seed=1", "--assert=plain")
        code = pytest.main([*options, f"--rootdir={ROOT}", *map(str, tests_of(family))])
    finally:
        os._exit(int(code))


def judge(families: list[str], say: Callable[[str], None]) -> float:
    """Print every mutant's fate; the share that was caught."""
    waiting = []
    for family in families:
        source = source_of(family).read_text("utf-8")
        for number, (node, what, _) in enumerate(changes(ast.parse(source))):
            waiting.append((family, f"{family}.py:{getattr(node, 'lineno', 0)}: {what}", mutant(source, number)))
    running: dict[int, str] = {}
    survivors, total = list[str](), len(waiting)
    while waiting or running:
        while waiting and len(running) < JOBS:
            family, words, tree = waiting.pop(0)
            running[started(family, tree)] = words
        pid, status = os.wait()
        words = running.pop(pid)
        if status == 0:
            survivors.append(words)
        say(f"{'survived' if status == 0 else 'caught  '} {words}")
    share = 1 - len(survivors) / total if total else 0.0
    say(f"\n{total - len(survivors)} of {total} caught ({share:.1%}); survivors:")
    for words in survivors:
        say(f"  {words}")
    return share


if __name__ == "__main__":
    os.environ["DISTAUDIT_THOROUGH"] = "1"
    os.chdir(ROOT)
    chosen = sys.argv[1:] or sorted(path.stem for path in CHECKS.glob("*.py") if path.stem != "__init__")
    for family in chosen:
        if os.waitpid(started(family, ast.parse(source_of(family).read_text("utf-8"))), 0)[1]:
            sys.exit(f"{family}: a test fails on the unchanged judges; mutants would prove nothing")
    sys.exit(judge(chosen, partial(print, flush=True)) < ENOUGH)
