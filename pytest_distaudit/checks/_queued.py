"""What the judges of queues know of the work that went through one: requests, effects, and the messages in between."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from pytest_distaudit.checks._disturbed import effective, traffics
from pytest_distaudit.checks._effects import Moves, effects, has_effects, last_answer, nothing_lost
from pytest_distaudit.checks._once import ONCE, all_counted, never_twice, repeated
from pytest_distaudit.domain.check import Parameter, ParameterType, Role
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.fault import Course, Fault
from pytest_distaudit.domain.judgement import refute, unverifiable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.capabilities import Queue
from pytest_distaudit.ports.effects import Effect, Repeated
from pytest_distaudit.ports.experiments import Experiment
from pytest_distaudit.ports.traffic import Sent, Traffic

#: how far a broker's statistics may be behind, in seconds
LAG_S = 7.0
#: requests a second, and how long before and after: enough to tell something
RATE = 10.0
STEADY_S = 4.0
#: beyond the lag, how long requests wait for a consumer that stands still
WAITS_S = 5.0
#: a look takes so long, or the moment is not known better
LOOK_S = 1.0
_PATIENCE_S = 30.0
#: how long all effects may take where the claim does not say it (behaviours 2.2)
_WITHIN_S = 60.0

_VHOST = Parameter(ParameterType.TEXT, "the virtual host; default: that of the broker's address", None)
QUEUE = {"queue": Parameter(ParameterType.TEXT, "the queue's name"), "vhost": _VHOST}
QUEUE_ONCE = {**QUEUE, "once": ONCE}
ROLES = {"system": Role("the message broker"), "consumer": Role("who takes the messages and does the work")}
#: why a claim of once is believed
TOLD = "two requests with one nonce were seen to have two"


def within(claim: Claim) -> float:
    """How long all effects may take, in seconds."""
    return claim.timing.seconds if claim.timing else _WITHIN_S


def ask(claim: Claim) -> Ask:
    """The claim's queue."""
    return Queue.ask(name=claim["queue"], **({"vhost": claim["vhost"]} if claim["vhost"] else {}))


def held_s() -> float:
    """How long a consumer stands still, in seconds: requests wait, and the broker's counts show it."""
    return LAG_S + WAITS_S


def course(claim: Claim, hold_s: float, times: int = 1) -> Course:
    """One fault, or several: then what each has done is counted before the next one."""
    return Course(
        hold_s,
        _PATIENCE_S,
        times,
        steady_s=STEADY_S if times == 1 else max(STEADY_S, LAG_S + LOOK_S),
        rate=RATE,
        effects_s=within(claim) + LAG_S,
        rest_s=2 * LAG_S,
        counts=bool(claim.params.get("once")),
    )


@dataclass(frozen=True)
class Carried:
    """Everything about one claim: its experiment, and by operation what was sent and had its effect."""

    told: Experiment
    flows: dict[str, Traffic]
    known: dict[str, dict[str, Effect]]
    moves: Moves
    repeated: dict[str, Repeated | None]

    def acknowledged(self, began: float, ended: float) -> list[tuple[Sent, dict[str, Effect]]]:
        """Requests that were sent and succeeded in this time, of every operation, with its effects."""
        return [
            (one, self.known[name])
            for name, flow in self.flows.items()
            for one in flow.between(began, ended)
            if one.ok and one.ended <= ended
        ]

    def all_done(self, within_s: float) -> int:
        """How many requests had their effect. Raises if any that succeeded had none."""
        return nothing_lost(self.flows, self.known, self._empty(), within_s)

    def all_counted(self) -> None:
        """Raises unless a second effect of any request that succeeded would have shown."""
        all_counted(self.flows, self.known, self.repeated, self._empty())

    def _empty(self) -> float | None:
        return self.moves.empty(last_answer([*self.flows.values()]))


def carried(claim: Claim, evidence: Evidence, fault: Fault, role: str, held: tuple[str, ...] = ()) -> Carried:
    """Everything about it. Raises unless its requests are messages of the queue and have effects, each one at most
    where that is claimed.
    """
    (told,) = effective(evidence, fault, role, held).values()
    looks = evidence.history(Queue, ask=ask(claim))
    if not looks[-1].fact.exists:
        refute(f"no queue {claim['queue']}", "when all was over", remedy="declare the queue, or correct the document")
    flows, known = traffics(claim, evidence, told), effects(claim, evidence, told)
    found = Carried(told, flows, known, Moves(looks, LAG_S), repeated(claim, evidence, told))
    if claim.params.get("once"):
        never_twice(flows, known)
    # a broker that was started again counts anew
    _as_messages(found, claim["queue"], told.rounds[0].injected if held else inf)
    has_effects(found.flows, found.known)
    return found


def _as_messages(seen: Carried, queue: str, until: float) -> None:
    """Raise unless as many messages came into the queue as requests succeeded."""
    first, last = seen.moves.looks[0].at + LOOK_S, max(one.at for one in seen.moves.looks if one.at <= until)
    asked = len(seen.acknowledged(first, last - LAG_S))
    came = seen.moves.moved("published", until=until)
    because = f"{asked} requests succeeded, and {came} messages came into queue {queue}"
    if asked and not came:
        refute("no message arrived", because, remedy="publish the work to this queue, or correct the document")
    if came < asked:
        unverifiable(Reason.VACUOUS, f"{came} messages for {asked} requests", because)
