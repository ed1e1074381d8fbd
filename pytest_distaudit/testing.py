"""Proving checks: judge one claim against a miniature, without a claim file and without pytest's help.

::

    with Room(tmp_path, MINIATURE) as room:          # MINIATURE: the text of a distaudit.toml
        assert room.judge("queue.exists", system="rabbitmq", queue="tasks").verdict is Verdict.VERIFIED

Every check needs a genuine miniature that it verifies, facades that it refutes, and one set-up
where it cannot tell and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.check import Check
from pytest_distaudit.domain.claim import Claim, Expect, Span, Timing
from pytest_distaudit.domain.comparison import Quantity
from pytest_distaudit.domain.errors import InvalidInput, Place
from pytest_distaudit.domain.verdict import Scope
from pytest_distaudit.ports.located import Located
from pytest_distaudit.wiring import Bench, Provision, Wishes
from pytest_distaudit.wiring.parameters import parsed

__all__ = ["Room"]


class Room:
    """A target that runs for as long as the ``with`` block does.

    ``target`` is the text of a ``distaudit.toml``, written to ``root``. ``located`` tells where the
    systems are. Claims are judged live, each with fresh eyes: nothing seen before is used again.
    """

    def __init__(
        self,
        root: Path,
        target: str,
        *,
        provision: Provision = "auto",
        checks: Mapping[str, Check] | None = None,
        progress: Callable[[str], None] = lambda line: None,
    ) -> None:
        (root / "distaudit.toml").write_text(target, encoding="utf-8")
        self._wishes = Wishes(root=root, provision=provision, scope=Scope.EXPERIMENT, progress=progress)
        self._bench = Bench(self._wishes)
        for name, check in (checks or {}).items():
            self._bench.checks.add(name, check, "testing")
        self._checks = checks or {}
        self._stack = ExitStack()
        self.located: Mapping[str, Located] = {}

    def __enter__(self) -> Self:
        self._bench.plan.asks.update({name: {} for name in self._bench.target.systems})
        self.located = self._stack.enter_context(self._bench.provisioned())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def judge(self, check: str, **claim: Any) -> ClaimResult:
        """The verdict on one claim; arguments as in a claim file: ``roles`` or ``system``, ``activity``, ``operation``,
        ``expect``, one of ``within``, ``holds_for`` and ``never_for``, all others as under ``with:``.

        ``document`` and ``quote`` are needed only by checks that read them.
        """
        return self.judge_together((check, claim))[0]

    def judge_together(self, *claims: tuple[str, Mapping[str, Any]], evidence: Path | None = None) -> list[ClaimResult]:
        """The verdicts on several claims (check, arguments) with the same eyes: what they share is gathered once.

        ``evidence``: a new folder in which to keep what was seen.
        """
        return self._judged(self._fresh(evidence=evidence), claims)

    def judge_again(self, evidence: Path, *claims: tuple[str, Mapping[str, Any]]) -> list[ClaimResult]:
        """The verdicts on the same claims by what was kept there, wherever that is now; no system is asked."""
        return self._judged(self._fresh(replay=(evidence,)), claims)

    def _judged(self, bench: Bench, claims: Sequence[tuple[str, Mapping[str, Any]]]) -> list[ClaimResult]:
        planned = [
            bench.planned(_claim(bench, f"proof-{at}", check, **claim)) for at, (check, claim) in enumerate(claims)
        ]
        for one in planned:
            bench.plan.add(one)
        return [bench.judge(one, lambda: self.located, "proof") for one in planned]

    def _fresh(self, **wishes: Any) -> Bench:
        bench = Bench(replace(self._wishes, **wishes))
        for name, check in self._checks.items():
            bench.checks.add(name, check, "testing")
        return bench


def _claim(
    bench: Bench,
    name: str,
    check: str,
    *,
    roles: Mapping[str, str] | None = None,
    system: str | None = None,
    activity: str | None = None,
    operation: str | None = None,
    within: str | None = None,
    holds_for: str | None = None,
    never_for: str | None = None,
    expect: str = "present",
    document: str = "",
    quote: str = "",
    **params: Any,
) -> Claim:
    """The claim, held against the target. Raises InvalidInput."""
    spans = {Span.WITHIN: within, Span.HOLDS_FOR: holds_for, Span.NEVER_FOR: never_for}
    timing = [Timing(span, float(Quantity.parse(text).value)) for span, text in spans.items() if text]
    claim = Claim(
        id=name,
        check=check,
        roles=_roles(bench.checks[check], roles, system),
        place=Place("proof"),
        quote=quote,
        document=document,
        line=bench.documents.locate(document, quote) if document else 0,
        params=parsed(bench.checks[check], params),
        timing=timing[0] if timing else None,
        activity=activity,
        operation=operation,
        expect=Expect(expect),
    )
    problems = bench.problems(claim)
    if problems:
        raise InvalidInput(problems)
    return claim


def _roles(check: Check, roles: Mapping[str, str] | None, system: str | None) -> Mapping[str, str]:
    """The roles as given; a system alone plays the only one."""
    if roles is not None or not check.roles:
        return roles or {}
    return {"system" if "system" in check.roles else next(iter(check.roles)): system or ""}
