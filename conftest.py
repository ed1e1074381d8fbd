"""The project's own suite: `pytest` alone runs what needs no server, `pytest --live` everything."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.thorough import many

# Hundreds of short Python processes follow, and workers that collect everything: each would compile the checkout anew.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# How long an example takes says more of the machine than of the code.
settings.register_profile("house", deadline=None, max_examples=many(100))
settings.load_profile("house")

pytest_plugins = ["pytester"]

SLOW = ("live", "proof")
TESTS = Path(__file__).parent / "tests"
PROOFS = TESTS / "proofs"
LEFT_OUT = pytest.StashKey[int]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """One switch for everything that starts servers."""
    parser.addoption("--live", action="store_true", help="run the tests that start real servers, and the proofs, too")


def _fast(config: pytest.Config) -> bool:
    """Whether slow tests are left out: they are asked for by --live, by -m, or by their own names."""
    named = any("::" in argument for argument in config.invocation_params.args)
    return not (config.option.live or config.option.markexpr or named)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """All fast tests at once: two workers for each core, because every second test waits for something.

    ``-n 0`` is one after the other; so are ``-s``, ``--pdb``, ``--last-failed``, chosen files, and whatever audits.
    """
    option = config.option
    if any(argument.startswith("--distaudit") for argument in config.invocation_params.args):
        return
    alone = option.collectonly or option.usepdb or option.capture == "no" or config.getoption("lf", False)
    alone = alone or hasattr(config, "workerinput")
    everything = [Path(argument).resolve() for argument in config.args] == [TESTS] and _fast(config)
    if everything and not alone and getattr(option, "numprocesses", 0) is None:
        option.numprocesses, option.dist = 2 * len(os.sched_getaffinity(0)), "worksteal"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Proofs are not even imported, unless slow tests are wanted or a folder of proofs is named."""
    if collection_path != PROOFS or not _fast(config):
        return None
    return None if any(PROOFS in (path, *path.parents) for path in map(Path.resolve, map(Path, config.args))) else True


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the slow tests out unless they were asked for."""
    if not _fast(config):
        return
    slow = {item for item in items if any(item.get_closest_marker(mark) for mark in SLOW)}
    config.stash[LEFT_OUT] = len(slow)
    if slow:
        config.hook.pytest_deselected(items=[item for item in items if item in slow])
        items[:] = [item for item in items if item not in slow]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """An xdist worker tells its controller, which collects nothing itself."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["left_out"] = session.config.stash.get(LEFT_OUT, 0)


class FromWorkers:
    """What xdist's workers left out; all collect alike."""

    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Keep a worker's number."""
        node.config.stash[LEFT_OUT] = getattr(node, "workeroutput", {}).get("left_out", 0)


def pytest_configure(config: pytest.Config) -> None:
    """Listen to workers where there are any, and to Ctrl-C: a shell's background jobs ignore it, and tests send it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if config.pluginmanager.hasplugin("dsession"):
        config.pluginmanager.register(FromWorkers())


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Nothing is left out silently."""
    if number := config.stash.get(LEFT_OUT, 0):
        terminalreporter.write_line(
            f"{number} tests that start servers ({', '.join(SLOW)}) were left out, and tests/proofs: --live runs all"
        )
