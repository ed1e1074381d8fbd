"""What an audit would do to its target, before it does anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pytest_distaudit.domain.fault import Aim, Course, Fault
from pytest_distaudit.reports.wording import one_line

_UNDO = {
    Fault.CRASH: "started again, if nobody else does",
    Fault.OUTAGE: "started again",
    Fault.FREEZE: "its processes go on",
}


@dataclass(frozen=True, slots=True)
class Disturbance:
    """One experiment. ``refused``: why it would not be done, "" if it would be; ``claims`` are their keys."""

    aim: Aim
    course: Course
    operations: tuple[str, ...]
    claims: tuple[str, ...]
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Arranged:
    """One experiment that is no fault of a system: ``what`` is done, how it is ``undone``, and in how many seconds at
    least. ``refused``: why it would not be done, "" if it would be.
    """

    system: str
    what: str
    undone: str
    least_s: float
    claim: str
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Intentions:
    """Everything that one run would do. ``looks``: system -> how many facts; ``activities``: name -> how many claims;
    ``left_out``: (claim, why); ``redirected``: (caller, address); ``lease``: the system that is asked for it.
    """

    target: str
    claims: int
    looks: dict[str, int] = field(default_factory=dict)
    activities: dict[str, int] = field(default_factory=dict)
    disturbances: tuple[Disturbance, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    arranged: tuple[Arranged, ...] = ()
    redirected: tuple[tuple[str, str], ...] = ()
    lease: str = ""


def intentions(told: Intentions) -> Iterator[str]:
    """The lines, without their ends."""
    yield f"{_counted(told.claims, 'claim')} on target {one_line(told.target, 60) or '(none)'}; nothing is done now"
    yield from _section("looks at", [f"{name}: {_counted(count, 'fact')}" for name, count in told.looks.items()])
    yield from _section(
        "performs", [f"{name}, for {_counted(count, 'claim')}" for name, count in told.activities.items()]
    )
    yield from _section(
        "disturbs, one after the other and last",
        [*_leased(told), *_disturbances(told.disturbances), *_arranged(told.arranged), *_in_all(told)],
    )
    if told.redirected:
        lines = [f"what only {one_line(caller, 60)} sends to {place}" for caller, place in told.redirected]
        yield from _section("redirects to relays, by firewall rules that are deleted at the end", lines)
    yield from _section("leaves out", [f"{one_line(key, 60)}: {why}" for key, why in told.left_out])


def _section(name: str, lines: Sequence[str]) -> Iterator[str]:
    yield f"{name}{'' if lines else ' nothing'}"
    yield from (f"  {line}" for line in lines)


def _leased(told: Intentions) -> Iterator[str]:
    if told.lease and (told.disturbances or told.arranged):
        yield f"{told.lease}: asked for a lease before each, while no other run has it"


def _disturbances(found: Sequence[Disturbance]) -> Iterator[str]:
    for one in found:
        course = one.course
        keys = ", ".join(one_line(key, 60) for key in one.claims)
        if one.refused:
            yield f"{one.aim.place}: no {one.aim.what}: {one.refused} ({keys})"
            continue
        asked = f", asking {', '.join(one.operations)} {course.rate:g} times a second each" if one.operations else ""
        yield f"{one.aim.place}: {one.aim.fault} {course.times} x, up to {course.hold_s:g} s each{asked} ({keys})"
        if course.counts and one.operations:
            yield "  before it two requests with one nonce each, where effects are counted (effect_count)"
        if one.aim.held:
            yield f"  meanwhile, and {course.hold_s:g} s before, {', '.join(one.aim.held)} stands still"
        if one.aim.anew:
            yield f"  meanwhile {', '.join(one.aim.anew)} is killed, and {_UNDO[Fault.CRASH]}"
        undone = _UNDO.get(one.aim.fault, "the link passes everything on")
        yield f"  undone: {undone}; at least {course.least_s:g} s in all if it serves again at once"


def _arranged(found: Sequence[Arranged]) -> Iterator[str]:
    for one in found:
        key = one_line(one.claim, 60)
        if one.refused:
            yield f"{one.system}: not {one.what}: {one.refused} ({key})"
            continue
        yield f"{one.system}: {one.what} ({key})"
        yield f"  undone: {one.undone}; at least {one.least_s:g} s in all"


def _in_all(told: Intentions) -> Iterator[str]:
    done = [one.course.least_s for one in told.disturbances if not one.refused]
    done += [one.least_s for one in told.arranged if not one.refused]
    if done:
        yield f"{_counted(len(done), 'experiment')}, at least {sum(done):g} s in all"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
