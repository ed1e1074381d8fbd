"""One instance behind a gateway and its loss: silent while it is gone, not missed, and given work again."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import NoReturn

from pytest_distaudit.checks._disturbed import ENOUGH, without
from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import refute, unverifiable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.capabilities import Health
from pytest_distaudit.ports.experiments import Experiment, Round
from pytest_distaudit.ports.traffic import Sent, Traffic

#: how seldom somebody with half its share may be silent for as long
_RARE = 0.005
_HALF = 0.5
#: failures that are tolerated, of the requests (behaviours 1.3)
_FAILS = 0.01
#: so few may be an accident
_FEW = 5
MANY = "let the operation come from many clients (its `clients`), or claim that each_request is spread"
_IDENTITY = 'declare instances.identity = "header:NAME" for it, a name that no other has'


@dataclass(frozen=True, slots=True)
class Names:
    """Under which names an instance answers when it is asked itself: ``looks`` are (when, name)."""

    looks: tuple[tuple[float, str], ...]

    @property
    def all(self) -> frozenset[str]:
        """Every one that it had."""
        return frozenset(name for _, name in self.looks)

    def between(self, began: float, ended: float) -> frozenset[str]:
        """Those that it had in this time."""
        return frozenset(name for at, name in self.looks if began <= at < ended)


def names_of(evidence: Evidence) -> dict[str, Names]:
    """Instance -> its names. Raises unverifiable if one has none, or two have one in common."""
    found: dict[str, Names] = {}
    owner: dict[str, str] = {}
    for instance, looks in evidence.histories(Health, "instances").items():
        if isinstance(looks, Unobservable):
            raise looks
        own = Names(tuple((look.at, look.identity) for look in looks if look.identity))
        if not own.looks:
            unverifiable(
                Reason.NO_OBSERVABLE, f"{instance} has no name", "asked itself it bears none", remedy=_IDENTITY
            )
        for name in sorted(own.all):
            if (other := owner.setdefault(name, instance)) != instance:
                both = f"{other} and {instance} cannot be told apart"
                unverifiable(Reason.NO_OBSERVABLE, both, f"both answer as {name}", remedy=_IDENTITY)
        found[instance] = own
    return found


@dataclass(frozen=True)
class Lost:
    """The loss of one instance as one operation met it. ``share``: what is its own of all requests; ``late``: the
    machine was too busy for anybody; ``one_client``: all requests are one client's, who may be kept at its instance.
    """

    told: Experiment
    flow: Traffic
    names: Names
    share: float
    within_s: float
    late: bool
    one_client: bool = False

    @property
    def _name(self) -> str:
        return self.told.system

    @property
    def _round(self) -> Round:
        return self.told.rounds[0]

    @cached_property
    def _again(self) -> tuple[Sent, ...]:
        """What was asked when it had been back for long enough."""
        if self._round.back is None:
            because = f"{self.told.patience_s:g} s after the audit had brought it back"
            unverifiable(Reason.BASELINE, f"{self._name} does not serve again", because)
        return self.flow.between(self._round.back + self.within_s, self.told.ended)

    @cached_property
    def _without(self) -> tuple[Sent, ...]:
        """What was asked when it had been gone for long enough."""
        until = self._round.undone or self._round.back or self.told.ended
        return without(self.flow.between(self._round.injected + self.within_s, until), until)

    def silent(self) -> float:
        """How many answered while nobody could answer in its name."""
        names, until = self._gone()
        seen = self._round.seen or self._round.injected
        answered = [one for one in self.flow.between(seen, until) if one.ended <= until and one.ok]
        ghosts = [one for one in answered if one.node in names and one.echoed]
        if ghosts:
            refute(
                f"somebody else answers as {self._name}",
                f"{len(ghosts)} of {len(answered)} answers of {self.flow.operation} bore its name while it was gone",
                remedy=f"lead requests to {self._name} itself",
            )
        # as if it had half its share: whoever had less is refuted, or undecided, for that
        if (1 - self.share * _HALF) ** len(answered) >= _RARE:
            because = f"{len(answered)} answers of {self.flow.operation} while it was gone"
            unverifiable(Reason.INCONCLUSIVE_STATISTICS, f"whether {self._name} answers itself", because)
        return len(answered)

    def _gone(self) -> tuple[frozenset[str], float]:
        """Its names, and until when whoever bears them cannot be it. Raises unverifiable if that is not known."""
        one, seen = self._round, self._round.seen or self._round.injected
        if one.undone is not None and not self.names.between(seen, one.undone):
            return self.names.all, one.undone
        before, since = self.names.between(0.0, one.injected), self.names.between(seen, inf)
        if not before or not since or before & since:
            unverifiable(
                Reason.NO_OBSERVABLE,
                f"whether {self._name} answers itself",
                "it was started again at once, under the same name",
                remedy="let each start of it name itself anew",
            )
        return before, self.told.ended

    def goes_on(self) -> float:
        """How many requests were asked after the time that the gateway has; as good as none of them failed, or waited
        until the instance was back.
        """
        gone = self._part(self._without, "while it was gone")
        again = self._part(self._again, "when it was back")
        asked = (*gone, *again)
        failed = [one for one in asked if not one.ok]
        if len(asked) < ENOUGH:
            unverifiable(
                Reason.VACUOUS, f"{len(asked)} requests", f"after the loss of {self._name}; {ENOUGH} are needed"
            )
        if len(failed) > _FAILS * len(asked):
            because = f"after the loss of {self._name}: {failed[0].status or ''} {failed[0].detail}".rstrip()
            unverifiable(Reason.INCONCLUSIVE_STATISTICS, f"{len(failed)} of {len(asked)} requests failed", because)
        return len(asked)

    def _part(self, asked: tuple[Sent, ...], when: str) -> tuple[Sent, ...]:
        """The same. Refutes where as many failed as would have been its own to a good part."""
        failed = [one for one in asked if not one.ok]
        if len(asked) >= ENOUGH and len(failed) > max(_FEW, _HALF * self.share * len(asked)):
            actual = f"does not go on without {self._name}"
            first = f"{failed[0].status or ''} {failed[0].detail}".strip()
            because = (
                f"{len(failed)} of {len(asked)} requests of {self.flow.operation} failed {when}, the first: {first}"
            )
            if self.late:
                unverifiable(Reason.BUDGET, actual, f"{because}; the machine is too busy to tell")
            refute(actual, because, remedy=f"leave out who does not answer within {self.within_s:g} s")
        return asked

    def given_again(self) -> float:
        """How many requests it answered since it has been back for long enough."""
        asked, back = self._again, self._round.back or self.told.ended
        if not (names := self.names.between(back, inf)):
            unverifiable(Reason.NO_OBSERVABLE, f"{self._name} has no name", "since it is back", remedy=_IDENTITY)
        answered = [one.node for one in asked if one.ok]
        own = sum(node in names for node in answered)
        if not own:
            self._given_nothing(asked, len(set(answered)) == 1)
        return own

    def _given_nothing(self, asked: tuple[Sent, ...], one_does_all: bool) -> NoReturn:
        actual, because = f"{self._name} is given nothing since it is back", f"of {len(asked)} requests"
        if (1 - self.share * _HALF) ** len(asked) >= _RARE:
            unverifiable(Reason.INCONCLUSIVE_STATISTICS, actual, f"{because}: too few to tell")
        if self.one_client and one_does_all:
            unverifiable(Reason.NO_CONTROL, actual, f"{because}, all from one address", remedy=MANY)
        if self.late:
            unverifiable(Reason.BUDGET, actual, f"{because}; the machine is too busy to tell")
        refute(actual, because, remedy=f"lead requests to it again within {self.within_s:g} s")
