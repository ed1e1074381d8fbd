"""The gate of a pull request: what counts is what stood at the commit where it left the branch that it is for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from pytest_distaudit.domain.check import Check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.errors import InvalidInput, Place
from pytest_distaudit.domain.registry import Registry
from pytest_distaudit.domain.target import Project
from pytest_distaudit.domain.tolerance import Known
from pytest_distaudit.domain.weakening import Weakening, newly_known, weakenings
from pytest_distaudit.wiring.written import WrittenClaims, written_below


@dataclass(frozen=True)
class Gate:
    """The base: its targets, its claims with their waivers and marks, its baseline.

    ``commit`` is the merge base, ``root`` the checkout that is judged. ``baseline`` is the path of the run's baseline
    below ``root``, None where there is none or it lies outside, where a pull request cannot reach.
    """

    commit: str
    root: Path
    project: Project
    written: WrittenClaims
    known: tuple[Known, ...]
    baseline: str | None
    checks: Registry[Check]

    @cached_property
    def _claims(self) -> Mapping[str, Claim]:
        return {claim.key: claim for claim in self.written.claims}

    def in_force(self, claim: Claim) -> Claim:
        """The claim with the excuses that the base gives it. Of a new claim a waiver counts for nothing; it may be
        pending: where no claim was, none is hidden."""
        base = self._claims.get(claim.key)
        if base is None:
            return replace(claim, waiver=None)
        return replace(claim, waiver=base.waiver, pending=base.pending)

    def weaker(self, allowed: Sequence[str]) -> tuple[Weakening, ...]:
        """Every claim that the checkout removes or weakens; ``allowed`` are globs over ids."""
        now = written_below(self.root, self.project, self.checks)
        found = [*weakenings(self.written.claims, now.claims, now.malformed), *self._newly_known()]
        return tuple(replace(one, allowed=any(_matches(one.claim, glob) for glob in allowed)) for one in found)

    def _newly_known(self) -> Sequence[Weakening]:
        from pytest_distaudit.sources.baseline_file import read_baseline

        path = self.root / self.baseline if self.baseline else None
        if path is None or not path.is_file():
            return ()
        try:
            return tuple(newly_known(self.known, read_baseline(path, str(self.baseline)), str(self.baseline)))
        except InvalidInput as error:
            return [Weakening("baseline", f"cannot be read any more: {error.problems[0].message}", Place(path.name))]


def _matches(key: str, glob: str) -> bool:
    return key == glob or fnmatchcase(key, glob) or fnmatchcase(key.partition("[")[0], glob)


def open_gate(
    root: Path,
    ref: str,
    checks: Registry[Check],
    schemes: Mapping[str, Mapping[str, tuple[str, ...]]],
    baseline: Path | None,
) -> Gate:
    """Read the base of ``root``'s HEAD and ``ref``. Raises InvalidInput, also for what is wrong with the base."""
    from pytest_distaudit.sources.base_tree import lay_out, merge_base
    from pytest_distaudit.sources.target_file import read_project

    commit, inside = merge_base(root, ref), _below(root, baseline)
    with TemporaryDirectory(prefix="distaudit-base-") as name:
        folder = Path(name)
        lay_out(root, commit, folder, [inside] if inside else ())
        project = read_project(folder, schemes) or Project(Place("distaudit.toml"))
        written = written_below(folder, project, checks)
        known = _known(folder / inside, inside) if inside else _known(baseline, str(baseline))
    return Gate(commit, root, project, written, known, inside, checks)


def _below(root: Path, path: Path | None) -> str | None:
    try:
        return path.resolve().relative_to(root.resolve()).as_posix() if path is not None else None
    except ValueError:
        return None


def _known(path: Path | None, file: str) -> tuple[Known, ...]:
    """What the base knows; nothing where it has no such file."""
    from pytest_distaudit.sources.baseline_file import read_baseline

    return read_baseline(path, file) if path is not None and path.is_file() else ()
