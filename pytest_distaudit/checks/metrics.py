"""Claims about a metrics server: that it scrapes the systems that are documented, and gets something from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pytest_distaudit.domain.check import Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import Judgement, NeedMore, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Look
from pytest_distaudit.domain.verdict import Reason, Rung
from pytest_distaudit.domain.wording import counted, listed
from pytest_distaudit.ports.capabilities import Listener, ServerProcess
from pytest_distaudit.ports.telemetry import Scrape, Scrapes

_HERE = {"localhost", "127.0.0.1", "::1", "0.0.0.0"}  # noqa: S104 - names of this host, nothing is bound
#: so many intervals without a scrape are not recent any more
_MISSED, _LEAST_S = 3, 10.0
_UNTOLD_S = 120.0


@check(
    "metrics.scraped",
    claims="the metrics server scrapes each of the systems, succeeds, and gets samples from it",
    says="scraped, {samples} samples a time",
    rung=Rung.USED,
    roles={
        "server": Role("the metrics server"),
        "systems": Role("who is to be scraped, as names or globs", many=True),
    },
    params={"samples": Parameter(ParameterType.NUMBER, "how many samples each scrape brings", ">= 1")},
    needs=lambda claim: (Look("server", Scrapes.ask()), Look("systems", Listener.ask())),
    # targets are found some seconds after the start, and scraped within an interval
    settles_s=20.0,
    judges_presence=("systems",),
    connects=(("server", "systems"),),
    shows_not="that anybody looks at the metrics, and that they tell what matters",
)
def scraped(claim: Claim, evidence: Evidence) -> Judgement | NeedMore:
    """A target counts for a system by its address: what is scraped beside it is something else."""
    scrapes = evidence.one(Scrapes, "server")
    others = [one for one in scrapes.targets if not _is_any(one, scrapes.own)]
    if not scrapes.targets:
        refute("0 targets", "nothing is scraped", remedy="configure its targets, or correct the document")
    if not others:
        refute("only itself", f"its {counted(len(scrapes.targets), 'target')} are its own address", remedy=_CONFIGURE)
    if not evidence.systems("systems"):
        unverifiable(Reason.VACUOUS, "no system", "no system of the target has such a name")
    if (more := _processes_wanted(evidence, others)) is not None:
        return more
    told = {name: _Target(name, evidence, others) for name in evidence.systems("systems")}
    faults = {name: why for name, one in told.items() if (why := one.fault(claim))}
    if faults:
        because = listed([f"{name} {why}" for name, why in faults.items()])
        refute(f"{len(told) - len(faults)} of {len(told)} systems scraped", because, remedy=_CONFIGURE)
    for name, one in told.items():
        if why := one.doubt():
            unverifiable(Reason.NO_OBSERVABLE, f"{name} scraped", f"{name}: {why}")
    samples = {name: one.samples for name, one in told.items()}
    return verified(f"{len(told)} of {len(told)} systems scraped", _told(samples))


_CONFIGURE = "add these systems to its targets, or correct the document"


def _told(samples: Mapping[str, int | None]) -> str:
    return listed([f"{name} ({many} samples)" for name, many in samples.items()])


def _processes_wanted(evidence: Evidence, targets: Sequence[Scrape]) -> NeedMore | None:
    """Metrics may be served on another port than the system's own: then its process must be looked at."""
    names = evidence.systems("systems")
    missed = any(not _at(_address(evidence, name), targets) for name in names)
    asked = any(seen.ask.capability == ServerProcess.capability for seen in evidence.observations)
    return NeedMore((Look("systems", ServerProcess.ask()),)) if missed and not asked else None


def _address(evidence: Evidence, name: str) -> tuple[str, int]:
    """(host, port) of the system. Raises Unobservable; a port that is closed is one, too."""
    seen = evidence.attempts(Listener, "systems")[name]
    if isinstance(seen, Unobservable):
        raise seen
    return seen.host, seen.port


def _at(place: tuple[str, int], targets: Sequence[Scrape]) -> list[Scrape]:
    return [one for one in targets if one.port == place[1] and _same_host(one.host, place[0])]


def _same_host(one: str, other: str) -> bool:
    return one.lower() == other.lower() or {one.lower(), other.lower()} <= _HERE


def _is_any(one: Scrape, places: Sequence[str]) -> bool:
    return any(
        str(one.port) == place.rpartition(":")[2] and _same_host(one.host, place.rpartition(":")[0]) for place in places
    )


class _Target:
    """What is known of the scraping of one system."""

    def __init__(self, name: str, evidence: Evidence, targets: Sequence[Scrape]) -> None:
        self._host, self._port = _address(evidence, name)
        self._sure = _at((self._host, self._port), targets) or self._beside(name, evidence, targets)
        #: by its name inside a network that the audit does not see
        self._named = [one for one in targets if one.host.lower().partition(".")[0] == name.lower()]

    def _beside(self, name: str, evidence: Evidence, targets: Sequence[Scrape]) -> list[Scrape]:
        """Targets at other ports on which the system's own process listens. Raises where that cannot be seen."""
        places = [_address(evidence, other) for other in evidence.systems("systems")]
        near = [
            one
            for one in targets
            if _same_host(one.host, self._host) and not any(_at(place, [one]) for place in places)
        ]
        process = evidence.attempts(ServerProcess, "systems")[name]
        if near and isinstance(process, Unobservable):
            raise process
        ports = () if isinstance(process, Unobservable) else process.listens_on
        if near and not ports:
            raise Unobservable(Reason.NO_OBSERVABLE, f"on which ports {name} listens cannot be seen from here")
        numbers = {place.rpartition(":")[2] for place in ports}
        return [one for one in near if str(one.port) in numbers]

    @property
    def _all(self) -> list[Scrape]:
        return self._sure or self._named

    @property
    def samples(self) -> int | None:
        """Of the best target's last scrape."""
        return max((one.samples for one in self._all if one.samples is not None), default=None)

    def fault(self, claim: Claim) -> str:
        """Why the system is certainly not scraped; "" if that cannot be said."""
        if not self._all:
            return f"is no target: nothing is scraped at {self._host}:{self._port}"
        faults = [_fault(one, claim) for one in self._all]
        return "" if not all(faults) else faults[0]

    def doubt(self) -> str:
        """Why it cannot be told that it is this system that is scraped; "" if it is."""
        if self._sure:
            return "how many samples came is not told" if self.samples is None else ""
        one = self._named[0]
        if one.port == self._port and self.samples is not None:
            return ""
        return f"whether {one.host}:{one.port} is what the audit sees at {self._host}:{self._port} cannot be told"


def _fault(one: Scrape, claim: Claim) -> str:
    if one.health == "unknown" or one.age is None:
        return f"has not been scraped yet (job {one.job})"
    if one.health != "up":
        return f"is {one.health} ({one.error or 'no reason told'})"
    if one.age > max(_LEAST_S, _MISSED * one.every if one.every else _UNTOLD_S):
        return f"was last scraped {one.age:.0f} s ago"
    if one.samples is not None and not claim["samples"].holds(one.samples):
        return f"brings {counted(one.samples, 'sample')}; claimed {claim['samples']}"
    return ""
