"""Claim files become modules of native pytest functions, one per claim, at the claim's own line."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.errors import Problem
from pytest_distaudit.plugin.claim_item import ClaimRefuted, run_claim
from pytest_distaudit.plugin.state import BENCH, MARK, Written, claim_of, remember
from pytest_distaudit.reports.wording import defused, one_line
from pytest_distaudit.wiring import Bench


class _Collection:
    """What all claims have in common, wherever they come from."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """One test per case, parametrised by pytest itself."""
        entry: Written | None = getattr(metafunc.function, MARK, None)
        if entry is not None and len(entry.claims) > 0 and entry.claims[0].case:
            cases = list(entry.claims)
            metafunc.parametrize("distaudit_case", cases, ids=[claim.case for claim in cases], indirect=True)

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Waivers, keywords and what other plugins must not do to a claim."""
        if remember(item) is None:
            return
        claim = claim_of(item)
        if claim is None:
            return
        item.extra_keyword_matches.update({claim.check, claim.area, claim.severity.value, *claim.roles.values()} - {""})
        item.add_marker(pytest.mark.distaudit(id=claim.id, area=claim.area, severity=claim.severity.value))
        if claim.waiver and claim.waiver.active(self._bench.today):
            reason = f"waived until {claim.waiver.until} by {claim.waiver.owner}: {claim.waiver.reason}"
            told = defused(one_line(reason, 300))
            item.add_marker(pytest.mark.xfail(strict=True, raises=ClaimRefuted, reason=told))


class ClaimCollection(_Collection):
    """Collection of claims: which files hold them, and how cases multiply."""

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        """Claim files below the claims folder or named on the command line, and documents with inline claims."""
        if file_path.suffix in (".yaml", ".yml"):
            if self._bench.wishes.root / self._bench.project.claims in file_path.parents or parent.session.isinitpath(
                file_path
            ):
                return ClaimFileModule.from_parent(parent, path=file_path)
        elif file_path.suffix in (".md", ".markdown"):
            from pytest_distaudit.sources.inline import mentions_claims

            if mentions_claims(file_path):
                return ClaimFileModule.from_parent(parent, path=file_path)
        return None


class MinedCollection(_Collection):
    """Collection of what nobody has claimed: ``mined`` maps a file to the claims at its lines.

    The files are data. Whatever else would collect them is left out: it might run or import them.
    """

    def __init__(self, bench: Bench, mined: Mapping[Path, Sequence[Claim]]) -> None:
        super().__init__(bench)
        self._mined = mined

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collect_file(
        self, file_path: Path, parent: pytest.Collector
    ) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
        """The file's own claims and nothing else."""
        yield
        claims = self._mined.get(file_path)
        return [] if claims is None else [MinedModule.of(parent, file_path, claims)]

    @pytest.hookimpl(tryfirst=True)
    def pytest_collect_directory(self, path: Path, parent: pytest.Collector) -> pytest.Collector:
        """A folder, never a package: its ``__init__`` would be imported."""
        return pytest.Dir.from_parent(parent, path=path)

    @pytest.hookimpl(tryfirst=True)
    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Where nothing is there to judge, nothing is walked through."""
        return None if self._mined else True


def _keep_off(item: pytest.Collector) -> None:
    """A rerun would hide a refuted claim; a foreign timeout would end an experiment without its undo."""
    manager = item.config.pluginmanager
    if manager.hasplugin("rerunfailures"):
        item.add_marker(pytest.mark.flaky(reruns=0))
    if manager.hasplugin("timeout"):
        item.add_marker(pytest.mark.timeout(0))


class ClaimFileModule(pytest.Module):
    """One claim file or document as a module whose functions are its claims."""

    def collect(self) -> Any:
        """Its claims, each kept off by what other plugins would do to it."""
        _keep_off(self)
        return super().collect()

    def _getobj(self) -> types.ModuleType:
        """Made once: pytest may ask again for every function."""
        module = getattr(self, "_claims_module", None)
        if module is None:
            module = self._claims_module = _claims_module(self.path, self.entries(), self.config.stash[BENCH])
        return module

    def entries(self) -> Iterator[Written]:
        """What the file says, each id once."""
        return _entries(self.path, self.config.stash[BENCH])

    def istestfunction(self, obj: object, name: str) -> bool:
        """Only what was made from a claim."""
        return hasattr(obj, MARK)

    def istestclass(self, obj: object, name: str) -> bool:
        """There are none."""
        return False


class MinedModule(ClaimFileModule):
    """A document or manifest as a module whose functions are what the files alone can judge at its lines."""

    claims: Sequence[Claim] = ()

    @classmethod
    def of(cls, parent: pytest.Collector, path: Path, claims: Sequence[Claim]) -> MinedModule:
        """The module of ``path`` with these claims."""
        module: MinedModule = cls.from_parent(parent, path=path)
        module.claims = sorted(claims, key=lambda claim: claim.line)
        return module

    def entries(self) -> Iterator[Written]:
        """One for each."""
        return (Written(claim.id, (claim,)) for claim in self.claims)


def _claims_module(path: Path, entries: Iterator[Written], bench: Bench) -> types.ModuleType:
    """A synthetic module: claim id -> function, in the order of the file."""
    module = types.ModuleType(f"distaudit_claims_{path.stem}")
    module.__file__ = str(path)
    for entry in entries:
        vars(module)[entry.id] = _function(entry, path, module.__name__, bench)
    return module


def _entries(path: Path, bench: Bench) -> Iterator[Written]:
    """What the file says, each id once, in the file's order."""
    read = _read(path, bench)
    by_id: dict[str, list[Any]] = {}
    for claim in map(bench.in_force, read.claims):
        by_id.setdefault(claim.id, []).append(claim)
    entries: list[tuple[int, Written]] = []
    for name, claims in by_id.items():
        problems = tuple(dict.fromkeys(problem for claim in claims for problem in bench.problems(claim)))
        entry = Written(name, problems=problems) if problems else Written(name, tuple(claims))
        entries.append((claims[0].place.line, entry))
    entries += [(bad.place.line, Written(bad.id, problems=bad.problems)) for bad in read.malformed]
    return (entry for _, entry in sorted(entries, key=lambda pair: pair[0]))


def _read(path: Path, bench: Bench) -> Any:
    if path.suffix in (".yaml", ".yml"):
        from pytest_distaudit.sources.claim_file import read_claim_file

        return read_claim_file(path, bench.wishes.root, bench.checks, bench.documents, bench.taken)
    from pytest_distaudit.sources.inline import read_inline_claims

    return read_inline_claims(path, bench.wishes.root, bench.checks, bench.documents, bench.taken)


def _function(entry: Written, path: Path, module: str, bench: Bench) -> Callable[..., None]:
    """A function whose code stands at the claim's line and whose parameters are the fixtures it needs."""
    line = _line(entry.problems, entry)
    code = _judge_claim.__code__.replace(
        co_filename=str(path), co_firstlineno=line, co_name=entry.id, co_qualname=entry.id
    )
    function = types.FunctionType(code, _judge_claim.__globals__, entry.id)
    function.__module__, function.__doc__ = module, entry.claims[0].quote if entry.claims else None
    setattr(function, MARK, entry)
    names = ["request", *(_fixture_names(entry, bench) if entry.claims else ["distaudit_malformed"])]
    vars(function)["__signature__"] = _signature(tuple(names))
    return function


@functools.cache
def _signature(names: tuple[str, ...]) -> inspect.Signature:
    return inspect.Signature([inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in names])


def _fixture_names(entry: Written, bench: Bench) -> list[str]:
    from pytest_distaudit.plugin.fixtures import fixture_name

    kinds = dict.fromkeys(kind for claim in entry.claims for kind in bench.kinds_of(claim))
    case = ["distaudit_case"] if entry.claims[0].case else []
    return [*case, *(fixture_name(kind) for kind in kinds)]


def _line(problems: tuple[Problem, ...], entry: Written) -> int:
    place = entry.claims[0].place if entry.claims else problems[0].place
    return max(1, place.line)


# On one line, so that every frame maps to the claim's own line.
def _judge_claim(**fixtures: Any) -> None: run_claim(**fixtures)  # fmt: skip
