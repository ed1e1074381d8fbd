"""One natively started system, from its plan to its last words."""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_distaudit.domain.target import SystemSpec
from pytest_distaudit.ports.located import Inventory
from pytest_distaudit.ports.timing import Startup
from pytest_distaudit.targets import log, placeholders
from pytest_distaudit.targets.closure import waits_for
from pytest_distaudit.targets.recipe import Blueprint, Command, StartFailed, World

if TYPE_CHECKING:
    from pytest_distaudit.targets.yard import Started, Yard

_POLL_S = 0.03
_START_LIMIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Plan:
    """A system that will be started.

    ``endpoints`` of all systems; ``values`` of its placeholders; ``secrets`` that its log must not show; ``group``: one
    more, of all that it starts.
    """

    spec: SystemSpec
    blueprint: Blueprint
    log: Path
    endpoints: Mapping[str, Mapping[str, str]] = field(repr=False)
    values: Mapping[str, str] = field(repr=False)
    secrets: frozenset[str] = field(repr=False)
    group: int | None = None


class Life:
    """A system's start and its present state.

    ``start`` runs in a thread of its own; ``inventory`` may be called from any, at any time.
    """

    def __init__(self, plan: Plan, yard: Yard) -> None:
        self.plan = plan
        self._world = World(plan.endpoints, lambda text: placeholders.fill(text, plan.values), self._run)
        self._yard = yard
        self._limit_s = float((plan.spec.native or {}).get("start_limit", _START_LIMIT_S))
        self._deadline = 0.0
        self._process: Started | None = None
        self._command: Command | None = None
        self._farewell: str | None = None
        #: why it is not ready, or ""
        self.trouble = ""
        self.took_s = 0.0
        self._startup: Startup | None = None

    def start(self, others: Mapping[str, Life], fates: Mapping[str, Future[None]]) -> None:
        """Wait for those it needs, then come up; trouble is kept, not raised. Raises Closing."""
        wait([fates[name] for name in waits_for(self.plan.spec) if name in fates])
        began = time.monotonic()
        self._deadline = began + self._limit_s
        try:
            self._refuse_orphan(others)
            self._come_up()
        except StartFailed as failure:
            self.trouble = str(failure)
        self.took_s = time.monotonic() - began

    def _refuse_orphan(self, others: Mapping[str, Life]) -> None:
        native = self.plan.spec.native or {}
        primary = others.get(native.get("replicate_from") or native.get("watch", ""))
        if primary and not primary.inventory().running:
            raise StartFailed(f"not started: its primary {primary.plan.spec.name} is not running")

    def _come_up(self) -> None:
        command = replace(self.plan.blueprint.prepare(self._world), group=self.plan.group)
        self._command = command
        launched = time.monotonic()
        process = self._process = self._yard.launch(command, self.plan.log)
        if not self._wait(process, launched):
            return
        for argv in (self.plan.spec.native or {}).get("then", ()):
            self._afterwards(argv, command)

    @property
    def pid(self) -> int | None:
        """Of the process that was started, as long as it has not ended."""
        process = self._process
        return None if process is None or process.popen.poll() is not None else process.popen.pid

    def end(self) -> None:
        """End it and what it has started, as the end of the run would."""
        from pytest_distaudit.targets import yard

        if self._process is not None:
            yard.end([self._process])

    def again(self) -> None:
        """Run the same command once more and wait until it is ready. Raises StartFailed."""
        if self._command is None:
            raise StartFailed("it has never been started")
        self._deadline = time.monotonic() + self._limit_s
        process = self._process = self._yard.launch(self._command, self.plan.log)
        startup, launched = self._startup, time.monotonic()
        try:
            self._wait(process, launched)
        finally:  # what is told of its start is told of the first one
            self._startup = startup

    def _wait(self, process: Started, launched: float) -> bool:
        """Whether it became ready before the run ended; keeps how long that took. Raises StartFailed."""
        over_s = 0.0
        try:
            while True:
                asked = time.monotonic() - launched
                if self.plan.blueprint.ready():
                    break
                over_s = asked
                _refuse_exit(process)
                if time.monotonic() > self._deadline:
                    raise StartFailed(f"not ready after {self._limit_s:g} s")
                if self._yard.closing.wait(_POLL_S):
                    return False
            within_s = time.monotonic() - launched
            _refuse_exit(process)
        except StartFailed as failure:
            self._startup = Startup(over_s, None, self._own_word, str(failure))
            raise
        self._startup = Startup(over_s, within_s, self._own_word)
        return True

    @property
    def _own_word(self) -> bool:
        """Whether what is waited for is an answer of the product's own; most recipes wait for nothing else."""
        return bool(getattr(self.plan.blueprint, "own_word", True))

    def _afterwards(self, argv: list[str], server: Command) -> None:
        words = tuple(self._world.resolve(word) for word in argv)
        try:
            self._run(replace(server, argv=words))
        except StartFailed as failure:
            # The words as written in the target file: resolved ones hold passwords.
            raise StartFailed(f"not ready: `{shlex.join(argv)}` after its start failed ({failure})") from failure

    def _run(self, command: Command) -> None:
        self._yard.run(command, self.plan.log, self._deadline - time.monotonic())

    def inventory(self) -> Inventory:
        """The process as it is now; after the end of the run, as it was at the end."""
        words = self._farewell if self._farewell is not None else log.tail(self.plan.log, self.plan.secrets)
        last_words = "\n".join(part for part in (self.trouble, words) if part)
        process = self._process
        if process is None:
            return Inventory(running=False, log_tail=last_words)
        code = process.popen.poll()
        return Inventory(code is None, process.popen.pid, code, last_words, self._startup)

    def bury(self) -> None:
        """Keep the last words: the work directory is about to go."""
        self._farewell = log.tail(self.plan.log, self.plan.secrets)


def _refuse_exit(process: Started) -> None:
    code = process.popen.poll()
    if code is not None:
        raise StartFailed(f"exited with {code} before it was ready")
