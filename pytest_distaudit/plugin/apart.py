"""Runs over a tree that is data: pytest is started anew, with no setting and no conftest file of the tree."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.resources import as_file, files
from pathlib import Path

import pytest

_USAGE = pytest.ExitCode.USAGE_ERROR


def run_apart(given: Sequence[str], parser: pytest.Parser) -> int:
    """``--distaudit-mine`` or ``--distaudit-static`` on the folder that ``given`` names, else on this one."""
    option = parser.parse_known_args(list(given))
    named = list(option.file_or_dir)
    if len(named) > 1:
        return _refuse(f"one folder can be audited at a time, {len(named)} were named: {', '.join(named)}")
    tree = Path(named[0] if named else ".").resolve()
    if not tree.is_dir():
        return _refuse(f"{named[0]} is no folder; name the folder of a repository, or none for this one")
    _forget_this_folder(tree)
    if option.distaudit_mine:
        from pytest_distaudit.plugin.listing import list_proposals

        return list_proposals(tree, option.distaudit_mine_format)
    with as_file(files("pytest_distaudit.plugin") / "apart.ini") as neutral:
        return int(pytest.main([*_without(given, named), *_away_from(tree, neutral)]))


def _away_from(tree: Path, neutral: Path) -> list[str]:
    where = [f"--distaudit-tree={tree}", f"--rootdir={tree}", "-c", str(neutral)]
    return [*where, "--noconftest", "-p", "no:cacheprovider", "-p", "no:doctest"]


def _without(given: Sequence[str], named: Sequence[str]) -> list[str]:
    """The options alone: of words that stand there twice the last one is the folder."""
    left = list(given)
    for folder in named:
        del left[len(left) - 1 - left[::-1].index(folder)]
    return left


def _forget_this_folder(tree: Path) -> None:
    """``python -m pytest`` lets modules of this folder be imported; those of an audited tree must not be."""
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != tree]


def _refuse(message: str) -> int:
    print(f"ERROR: {message}", file=sys.stderr)  # noqa: T201
    return int(_USAGE)
