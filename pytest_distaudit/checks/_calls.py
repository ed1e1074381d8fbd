"""Whose calls they were, by the traces that an activity's own performances began. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from pytest_distaudit.checks._traced import calls_of, posing, same, unclear
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.ports.capabilities import Performed
from pytest_distaudit.ports.telemetry import Span, Traces

#: performances whose traces are asked for, the last ones; a span of theirs may come so much later
_SAMPLED, _INGEST_S = 20, 15.0


@dataclass(frozen=True, slots=True)
class Calls:
    """(caller, called) -> how many calls the traces of ``sampled`` performances tell of, in each of them at least one.

    What one process reports for both ends tells nothing.
    """

    sampled: int = 0
    made: Mapping[tuple[str, str], int] | None = None

    def each(self, caller: str, called: str) -> float:
        """Calls in one performance; 0 where not all performances made one."""
        return (self.made or {}).get((caller, called), 0) / self.sampled if self.sampled else 0.0


def traces_ask(runs: Sequence[Performed]) -> Ask | None:
    """The ask for these performances' traces once all may be in; None where the audit began none."""
    sent = [run for run in runs[-_SAMPLED:] if run.trace]
    if not sent:
        return None
    ended = sent[-1].at + sent[-1].latency
    return Traces.ask(ids=",".join(run.trace for run in sent), after=f"{ended + _INGEST_S:.1f}")


def calls(seen: Traces, runs: Sequence[Performed], called: Mapping[str, Collection[str]]) -> Calls:
    """``called``: system -> the names under which it may report."""
    systems = {same(name): system for system, names in called.items() for name in names}
    sent = [run.trace for run in runs[-_SAMPLED:] if run.trace]
    found = [_told([span for span in seen.spans if span.trace == trace], systems) for trace in sent]
    pairs = {pair for made in found for pair in made}
    always = {pair: sum(made.get(pair, 0) for made in found) for pair in pairs if all(pair in made for made in found)}
    return Calls(len(sent), always)


def _told(spans: Sequence[Span], systems: Mapping[str, str]) -> dict[tuple[str, str], int]:
    made: dict[tuple[str, str], int] = {}
    for caller, callee in calls_of(spans):
        both = [span for span in spans if same(span.service) in (caller, callee)]
        pair = systems.get(caller, ""), systems.get(callee, "")
        if all(pair) and not posing(both) and not unclear(both):
            made[pair] = made.get(pair, 0) + 1
    return made
