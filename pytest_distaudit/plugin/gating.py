"""What the gate asks of how it is started: nothing that a pull request can edit may steer it."""

from __future__ import annotations

import os
import shlex
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import pytest

_SAFE_PATH = "PYTHONSAFEPATH"
#: options that name what is read; every other path of ours is written to
_READ = ("distaudit_tree", "distaudit_baseline", "distaudit_since", "distaudit_replay", "distaudit_merge")


def refuse_foreign_settings(config: pytest.Config) -> None:
    """Raise UsageError where settings or conftest files of the checkout would take part in the gate.

    Refused always, not only where they do harm: a way of starting the gate that a pull request could turn against
    it must not work on the day when it is written down.
    """
    option = config.known_args_namespace
    if option.distaudit_base is None or option.distaudit_tree is not None:
        return
    named = option.file_or_dir[-1:] if option.distaudit_static else [option.rootdir or "."]
    here = Path(*named).resolve()
    checkout = next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)
    lacking = []
    if not option.inifilename or Path(option.inifilename).resolve().is_relative_to(checkout):
        lacking += ["-c", "/dev/null", "--rootdir=."]
    if not option.noconftest and not option.distaudit_static:  # a static run loads none anyhow
        lacking.append("--noconftest")
    if lacking:
        words = shlex.join(["pytest", *lacking, *map(str, config.invocation_params.args)])
        raise pytest.UsageError(
            "--distaudit-base: settings (pytest.ini, pyproject.toml, ...) and conftest.py files of the checkout belong "
            f"to the pull request and take no part in its gate; start it with: {words}"
        )
    if any(Path(entry or ".").resolve() == checkout for entry in sys.path):
        raise pytest.UsageError(
            "--distaudit-base: Python imports modules from the checkout, where the pull request could put its own; "
            "start `pytest`, or `python -P -m pytest`, and leave the checkout out of PYTHONPATH"
        )
    if problem := next(_outside_links(option, checkout), None):
        raise pytest.UsageError(f"--distaudit-base: {problem}")
    _keep_workers_apart(config)


def _keep_workers_apart(config: pytest.Config) -> None:
    """Python processes that others start from here, xdist's workers among them, must not import from this folder."""
    if _SAFE_PATH not in os.environ:
        os.environ[_SAFE_PATH] = "1"
        config.add_cleanup(lambda: os.environ.__delitem__(_SAFE_PATH))


def _outside_links(option: Namespace, checkout: Path) -> Iterator[str]:
    """Paths below the checkout that a link of the pull request leads elsewhere, and evidence that it may bring."""
    for name, value in vars(option).items():
        if not name.startswith("distaudit_") or not isinstance(value, Path) or name in _READ:
            continue
        path = Path(value).absolute()
        if path.is_relative_to(checkout) and not path.resolve().is_relative_to(checkout):
            yield f"--{name.replace('_', '-')}={value}: a link in the checkout leads out of it; name another path"
    for folder in (*(option.distaudit_merge or ()), *filter(None, [option.distaudit_replay])):
        if folder.resolve().is_relative_to(checkout):
            yield (
                f"{folder} lies in the checkout, where the pull request could put evidence of its own making; "
                "keep recorded evidence outside of it"
            )
