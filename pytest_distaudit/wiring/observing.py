"""What a target really is: every claim that a look at its systems lets make, judged, and what no document mentions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_distaudit.domain.check import Check
from pytest_distaudit.domain.claim import Claim, Span, Timing
from pytest_distaudit.domain.errors import Place
from pytest_distaudit.domain.products import product_named
from pytest_distaudit.domain.verdict import Verdict
from pytest_distaudit.engine.result import claimed_words
from pytest_distaudit.ports.codec import from_json
from pytest_distaudit.ports.located import Located
from pytest_distaudit.reports.observed import OBSERVED, Observed, thing
from pytest_distaudit.wiring.bench import Bench
from pytest_distaudit.wiring.parameters import parsed

_AT_ONCE = Timing(Span.WITHIN, 0.0)


@dataclass(frozen=True, slots=True)
class _Proposed:
    check: Check
    system: str
    params: Mapping[str, Any]


def observed(bench: Bench) -> Iterator[Observed]:
    """System after system, in the target's order; the systems are found or started meanwhile."""
    wanted = [(system, check) for system in bench.target.systems for check in _checks(bench, system)]
    for system, check in wanted:
        bench.plan.asks.setdefault(system, {})[_observes(check).fact.ask()] = None
    words = _words(bench)
    with bench.provisioned() as located:
        for system, check in wanted:
            for params in _params(bench, located[system], check):
                yield _judged(bench, _Proposed(check, system, params), words)


def _observes(check: Check) -> Any:
    assert check.observes is not None
    return check.observes


def _checks(bench: Bench, system: str) -> Iterator[Check]:
    """The checks that can be frozen of a system of this kind, the lowest rung first."""
    answers = bench.kinds[bench.target.systems[system].kind].answers
    able = [bench.checks[name] for name in bench.checks if bench.checks[name].observes]
    yield from sorted(
        (one for one in able if _observes(one).fact.capability in answers), key=lambda one: (one.rung, one.name)
    )


def _params(bench: Bench, located: Located, check: Check) -> list[Mapping[str, Any]]:
    """Nothing where the audit could not look: a claim of that would not be verified either."""
    fact = _observes(check).fact
    seen = bench.gatherer.facts(located, [fact.ask()])[0]
    return [] if seen.reason is not None else list(_observes(check).params(from_json(fact, seen.value)))


def _judged(bench: Bench, one: _Proposed, words: str) -> Observed:
    role = next(iter(one.check.roles))
    claim = Claim(
        id=f"observed-{one.system}",
        check=one.check.name,
        roles={role: one.system},
        place=Place("observed"),
        quote="",
        document="",
        line=0,
        params=parsed(one.check, one.params),
        timing=_AT_ONCE,
    )
    planned = bench.planned(claim)
    result = bench.judge(planned, lambda: bench.located, "observed")
    return Observed(
        system=one.system,
        check=one.check.name,
        role=role,
        params=one.params,
        says=claimed_words(planned),
        actual=result.actual,
        because=result.because,
        holds=result.verdict is Verdict.VERIFIED,
        refuted=result.verdict is Verdict.REFUTED,
        mentioned=_mentioned(bench, one, words),
    )


def _words(bench: Bench) -> str:
    """All that the documents say, but those that were observed before."""
    texts = (path.read_text("utf-8", "replace") for path in bench.documents_to_mine())
    return _plain(" ".join(text for text in texts if OBSERVED not in text))


def _plain(text: str) -> str:
    return f" {re.sub(r'[^a-z0-9]+', ' ', text.lower())} "


def _mentioned(bench: Bench, one: _Proposed, words: str) -> bool:
    """Whether its name stands in the documents, hyphens in any spelling; of a system, or its product's."""
    if name := thing(one.params):
        return _plain(name) in words
    kind = product_named(bench.target.systems[one.system].kind)
    return _plain(one.system) in words or (
        kind is not None and any(product_named(word) is kind for word in words.split())
    )
