"""How one claim is judged, how to make it pass, and what its last evidence says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_distaudit.domain.check import Check
from pytest_distaudit.domain.claim import Claim, Expect, Timing
from pytest_distaudit.domain.judgement import Judgement
from pytest_distaudit.domain.needs import Alternate, Disturb, Divert, Drive, Look, Need, Perform, Probe, Rest
from pytest_distaudit.domain.observation import Observation
from pytest_distaudit.domain.verdict import Verdict
from pytest_distaudit.domain.wording import counted
from pytest_distaudit.ports.experiments import Shortest
from pytest_distaudit.ports.traffic import Sent
from pytest_distaudit.reports.wording import one_line, shown

_MOST_EVIDENCE = 12
_WIDTH = 160
#: of a shortened experiment
_MOST_ROWS = 24
#: the same of requests that are all alike
_ENOUGH_ALIKE = 5


@dataclass(frozen=True, slots=True)
class Explained:
    """What is known of one claim. ``roles``: role -> the systems that play it; ``timing`` is the one that counts.

    ``judgement`` and ``observations`` are of the last evidence, recorded at ``started`` (ISO 8601) in ``folder``; None
    where there is none. ``shortest``: what of an experiment is enough to refute the claim.
    """

    claim: Claim
    check: Check
    roles: Mapping[str, tuple[str, ...]]
    needs: tuple[Need, ...]
    timing: Timing | None
    says: str
    judgement: Judgement | None = None
    observations: tuple[Observation, ...] = ()
    started: str = ""
    folder: str = ""
    shortest: Shortest | None = None


def explanation(one: Explained) -> str:
    """The text, a line for each thing."""
    return "".join(f"{line}\n" for line in _lines(one))


def _lines(one: Explained) -> Iterator[str]:
    claim, check = one.claim, one.check
    yield f"{claim.key} ({one_line(str(claim.place), 110)}), {claim.severity.value}"
    yield f"  quote      {one_line(claim.quote, _WIDTH) or 'none'}"
    yield f"  document   {one_line(claim.document, _WIDTH)}:{claim.line}"
    yield f"  claimed    {one_line(one.says, _WIDTH)}"
    yield "how it is judged"
    yield f"  check      {check.name} (version {check.version}): {one_line(check.claims, _WIDTH)}"
    for role, names in one.roles.items():
        told = check.roles[role].help if role in check.roles else ""
        played = ", ".join(names) or f"nobody: no system of this target is called {one_line(claim.roles[role], 60)}"
        yield f"  role       {role} = {one_line(played, _WIDTH)}{f' ({one_line(told, 80)})' if told else ''}"
    for name, parameter in check.params.items():
        default = "required" if parameter.required else f"default {parameter.default}"
        yield f"  parameter  {name} = {_value(claim.params.get(name))} ({one_line(parameter.help, 80)}; {default})"
    yield from (f"  looks at   {_need(need)}" for need in one.needs)
    yield f"  over time  {_time(one.timing)}"
    if claim.activity:
        yield f"  performs   activity {one_line(claim.activity, 60)}"
    if claim.operations:
        yield f"  asks       {one_line(', '.join(claim.operations), 120)}"
    yield f"  scope      {check.scope.word}{', leaves traces that it removes' if check.changes_target else ''}"
    yield f"  rung       {check.rung.word}: what a verified claim proves of its systems"
    yield f"  shows not  {one_line(check.shows_not, 300) or 'nothing is named'}"
    yield from _excuses(claim)
    yield "how to make it pass"
    yield f"  {_way(one)}"
    yield from _last(one)


def _excuses(claim: Claim) -> Iterator[str]:
    if claim.waiver:
        told = f"until {claim.waiver.until} by {one_line(claim.waiver.owner, 60)}: {one_line(claim.waiver.reason, 120)}"
        yield f"  waived     {told}"
    if claim.pending:
        yield f"  pending    {one_line(claim.pending, _WIDTH)}; once it is true the mark has to be deleted"
    if claim.targets:
        yield f"  targets    {', '.join(one_line(name, 60) for name in claim.targets)} alone"


def _value(value: Any) -> str:
    if value is None:
        return "none"
    return str(value).lower() if isinstance(value, bool) else one_line(str(value), 80)


def _need(need: Need) -> str:
    if isinstance(need, Look):
        return f"{one_line(str(need.ask), 120)} of {need.role}"
    if isinstance(need, Perform):
        return "".join(["the activity, while it watches ", ", ".join(_need(one) for one in need.watch) or "nothing"])
    if isinstance(need, Alternate):
        watched = ", ".join(_need(one) for one in need.watch) or "nothing"
        return f"the activity, in windows drawn by lot, between which it looks at {watched}"
    if isinstance(need, Rest):
        watched = ", ".join(_need(one) for one in need.watch)
        return f"{watched}, before and after {need.seconds:g} s in which the audit performs nothing"
    if isinstance(need, Probe):
        return f"{need.name}: rows of its own, written and looked for, on {', '.join(need.roles)}"
    if isinstance(need, Disturb):
        return _disturbed(need)
    if isinstance(need, (Divert, Drive)):
        return _arranged(need)
    return f"the project's files: {one_line(str(need.ask), 120)}"


def _disturbed(need: Disturb) -> str:
    watched = f", while it looks at {', '.join(_need(one) for one in need.watch)}" if need.watch else ""
    held = f" while {need.held} stands still" if need.held else ""
    anew = f" while {need.anew} starts anew" if need.anew else ""
    course, place = need.course, f"{need.caller} -> {need.role}" if need.fault.of_link else need.role
    asked = f"the operations at {course.rate:g}/s"
    lasts = f"{course.hold_s:g} s" + (f" (and {course.lags:g} x what statistics lag)" if course.lags else "")
    return f"{course.times} x {need.fault.value} of {place}{held}{anew} for {lasts}, and {asked}{watched}"


def _arranged(need: Divert | Drive) -> str:
    if isinstance(need, Drive):
        return f"the operation {need.course}, and a server of the audit's own meanwhile"
    asked = f"the operation at {need.rate:g}/s, while instances of the audit's stand in {need.registry}"
    return f"{asked} as {need.service}, for {need.within_s:g} s; where nobody comes, the {need.callers} is started anew"


def _shortest(one: Shortest) -> Iterator[str]:
    faults = f"{len(one.faults)} of {counted(one.of_faults, 'fault')}"
    yield f"  enough     {faults} and {len(one.requests)} of {counted(one.of_requests, 'request')} refute it, too:"
    if one.judgement.because:
        yield f"    {one_line(one.judgement.because, 300)}"
    began = one.faults[0][1] if one.faults else one.requests[0][1].sent
    failing = [row for row in one.requests if not row[1].ok or row[1].nonce in one.judgement.because]
    telling = failing[:_MOST_ROWS] or [row for row in one.requests if row[1].sent >= began][:_ENOUGH_ALIKE]
    rows = [(at, one_line(words, 80)) for words, at in one.faults]
    rows += [(sent.sent, _request(operation, sent)) for operation, sent in telling]
    yield from (f"    {at - began:+8.3f} s  {words}" for at, words in sorted(rows))
    if others := len(one.requests) - len(telling):
        yield f"    and {counted(others, 'request')} more, without which that is too little to judge"


def _request(operation: str, sent: Sent) -> str:
    answer = sent.outcome.value if sent.status is None else f"{sent.outcome.value} {sent.status}"
    told = f"{one_line(operation, 40)}: {answer} after {sent.took:.3f} s"
    return told + (f", {one_line(sent.detail, 80)}" if sent.detail else "")


def _time(timing: Timing | None) -> str:
    return "one look decides" if timing is None else f"{timing}: every look is kept"


def _way(one: Explained) -> str:
    if one.judgement is None:
        wanted = "stop being" if one.claim.expect is Expect.ABSENT else "be"
        return f"let this {wanted} so, or correct the document and the claim: {one_line(one.check.claims, _WIDTH)}"
    if one.judgement.verdict is Verdict.VERIFIED:
        return "it passes"
    return one_line(one.judgement.remedy, 300) or "what is below 'because' has to be different, or the document"


def _last(one: Explained) -> Iterator[str]:
    judgement = one.judgement
    if judgement is None:
        yield "last evidence"
        yield "  none; keep some with --distaudit-evidence=.distaudit/evidence"
        return
    yield f"last evidence, of {one_line(one.started, 40)} in {one_line(one.folder, 120)}"
    reason = f"({judgement.reason.value})" if judgement.reason else ""
    yield f"  {judgement.verdict.value}{reason}: {one_line(judgement.actual, _WIDTH)}"
    if judgement.because:
        yield f"  because    {one_line(judgement.because, 600)}"
    if one.shortest is not None:
        yield from _shortest(one.shortest)
    seen = one.observations[-_MOST_EVIDENCE:]
    if len(seen) < len(one.observations):
        yield f"  {len(one.observations) - len(seen)} older observations, then"
    for observation in seen:
        value = shown(observation.value, 300) if observation.reason is None else f"unobservable: {observation.reason}"
        yield f"  {one_line(observation.system or 'target', 60)} {one_line(str(observation.ask), 80)} -> {value}"
