"""Claims about a service registry: what is registered, and whether it is well."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from fnmatch import fnmatchcase

from pytest_distaudit.domain.check import Observes, Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim, Expect
from pytest_distaudit.domain.comparison import Comparison
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Look, Need
from pytest_distaudit.domain.verdict import Reason, Rung
from pytest_distaudit.domain.wording import counted, listed
from pytest_distaudit.ports.registrations import HealthCheck, Instance, RegisteredService, Registry

REGISTRY = {"system": Role("the service registry")}
SERVICE = Parameter(ParameterType.TEXT, "the service's name in the registry")


def _look(claim: Claim) -> tuple[Need, ...]:
    return (Look("system", Registry.ask()),)


def _most_and_least(instances: Collection[Instance]) -> tuple[int, int]:
    """How many these are at most and at least: an address counts once, without a port it may be one or many."""
    places = {(one.address, one.port) for one in instances if one.port}
    nameless = [one for one in instances if not one.port]
    return len(places) + len(nameless), len(places) + len({one.address for one in nameless})


def _held(wanted: Comparison, instances: Collection[Instance]) -> tuple[bool, str]:
    """(whether there are as many as wanted, how many there are)."""
    most, least = _most_and_least(instances)
    if wanted.holds(most) is not wanted.holds(least):
        unverifiable(Reason.NO_OBSERVABLE, f"{least} to {most} instances", "without ports some may be one and the same")
    return wanted.holds(most), counted(most, "instance")


def _as_registered(registry: Registry) -> Iterator[dict[str, object]]:
    for one in registry.services:
        yield {"service": one.name, "instances": _most_and_least(one.instances)[0]}


@check(
    "registry.registered",
    claims="the service is registered with so many instances that can be reached",
    says="service {service} registered with {instances} instances",
    rung=Rung.CONFIGURED,
    roles=REGISTRY,
    params={
        "service": SERVICE,
        "instances": Parameter(ParameterType.NUMBER, "how many distinct addresses", ">= 1"),
    },
    observes=Observes(Registry, _as_registered),
    needs=_look,
    # services register themselves when they start
    settles_s=3.0,
    shows_not="that anybody looks it up (registry.queried)",
)
def registered(claim: Claim, evidence: Evidence) -> Judgement:
    """An address where nobody listens is none; for a document that denies the service it is one all the same."""
    registry = evidence.one(Registry)
    name = claim["service"]
    found = next((one.instances for one in registry.services if one.name == name), ())
    if not found:
        held = f"the registry holds {listed([one.name for one in registry.services])}"
        refute(f"no service {name}", held, remedy="register it, or correct the document")
    dead = [one for one in found if one.answers is False]
    counting = found if claim.expect is Expect.ABSENT else [one for one in found if one not in dead]
    holds, many = _held(claim["instances"], counting)
    because = f"at {listed(sorted({f'{one.address}:{one.port}' for one in counting}))}"
    if dead and counting is not found:
        because += f"; nobody listens at {listed([f'{one.address}:{one.port}' for one in dead])}"
    if not holds:
        refute(many, because, remedy="start and register what is missing")
    return verified(many, because)


@check(
    "registry.count",
    claims="so many services are registered, the registry itself not counted",
    says="{services} registered services",
    rung=Rung.CONFIGURED,
    roles=REGISTRY,
    params={
        "services": Parameter(ParameterType.NUMBER, "how many names, such as '>= 31'"),
        "instances": Parameter(ParameterType.NUMBER, "how many distinct addresses in all", None),
    },
    observes=Observes(Registry, lambda fact: [{"services": len(fact.services)}]),
    needs=_look,
    settles_s=3.0,
    shows_not="that anybody listens there (registry.registered) or looks them up (registry.queried)",
)
def count(claim: Claim, evidence: Evidence) -> Judgement:
    """Names count, however many instances each has; instances count once an address."""
    services = evidence.one(Registry).services
    because = listed([one.name for one in services])
    if not claim["services"].holds(len(services)):
        refute(counted(len(services), "service"), because, remedy="register the services, or correct the document")
    if claim["instances"] is not None:
        holds, many = _held(claim["instances"], [each for one in services for each in one.instances])
        if not holds:
            refute(many, because)
    return verified(counted(len(services), "service"), because)


@check(
    "registry.passing",
    claims="every registered instance passes a health check that asks that very instance",
    says="instances of {service} pass health checks of their own",
    rung=Rung.HEALTHY,
    roles=REGISTRY,
    params={"service": Parameter(ParameterType.TEXT, "the service's name, or a glob", "*")},
    observes=Observes(Registry, lambda fact: ({"service": one.name} for one in fact.services)),
    needs=_look,
    # a check that has not run yet is critical
    settles_s=6.0,
    shows_not="that a check fails when its instance does (health.flips)",
)
def passing(claim: Claim, evidence: Evidence) -> Judgement:
    """What is never checked counts as passing in a registry, and is not."""
    registry = evidence.one(Registry)
    wanted = claim["service"]
    meant = [one for one in registry.services if one.name == wanted or fnmatchcase(one.name, wanted)]
    if not meant:
        if not set("*?[") & set(wanted):
            refute(f"no service {wanted}", f"the registry holds {listed([one.name for one in registry.services])}")
        unverifiable(Reason.VACUOUS, "no instance", f"no service is registered whose name matches {wanted!r}")
    tested = _Tested(registry)
    faults = [(service, one, why) for service, one in _instances(meant) if (why := tested.fault(one))]
    if faults:
        told = listed([f"{service.name} at {one.address}:{one.port} {why}" for service, one, why in faults])
        refute(f"{counted(len(faults), 'instance')} not shown to be well", told)
    for service, one in _instances(meant):
        if why := tested.doubt(one):
            unverifiable(Reason.NO_OBSERVABLE, f"{service.name} passes", f"{one.address}:{one.port}: {why}")
    many = counted(len(list(_instances(meant))), "instance")
    return verified(f"{many} passing", listed([one.name for one in meant]))


def _instances(services: Sequence[RegisteredService]) -> Iterator[tuple[RegisteredService, Instance]]:
    return ((service, one) for service in services for one in service.instances)


#: what a host calls itself; an agent's checks run beside the instances that it registers
_HERE = {"localhost", "127.0.0.1", "::1"}
_NETWORK = {"http", "tcp", "grpc", "udp", "h2ping"}
#: what the registry itself does now and then; others are told their state
_RUN = _NETWORK | {"script", "docker"}


def _not_run_yet(one: Instance) -> bool:
    """Whether nothing is wrong with it but that a check is critical until it has run, which leaves a word."""
    failing = [check for check in one.checks if check.status != "passing"]
    return bool(failing) and all(check.manner in _RUN and not check.output for check in failing)


class _Tested:
    """What the registry's checks test, known by the addresses that they ask."""

    def __init__(self, registry: Registry) -> None:
        self._own = registry.own
        self._all = [one for service in registry.services for one in service.instances]

    def fault(self, one: Instance) -> str:
        """Why the instance is certainly not shown to be well; "" if that cannot be said."""
        if one.status != "passing":
            return "" if _not_run_yet(one) else f"is {one.status}"
        if not one.checks:
            return "is checked by nobody"
        if one.answers is False:
            return "passes, and nobody listens there"
        elsewhere = [self._other(one, check) for check in one.checks]
        return f"is judged by asking {elsewhere[0]}" if all(elsewhere) else ""

    def doubt(self, one: Instance) -> str:
        """Why it cannot be told whether the instance itself is tested; "" if it is."""
        if one.status != "passing":
            return "a check of it has not run yet"
        if any(self._asks(check, one) for check in one.checks):
            return ""
        manners = ", ".join(sorted({check.manner or "unknown" for check in one.checks}))
        return f"whether its checks ({manners}) ask it cannot be seen"

    def _asks(self, check: HealthCheck, one: Instance) -> bool:
        host, _, port = check.asks.rpartition(":")
        if check.manner not in _NETWORK or port != str(one.port):
            return False
        return host.strip("[]") == one.address or {host.strip("[]"), one.address} <= {one.node_address, *_HERE}

    def _other(self, one: Instance, check: HealthCheck) -> str:
        """The other instance, or the registry, that the check asks in its place; "" if none is known."""
        if not check.asks or self._asks(check, one):
            return ""
        if check.asks == self._own:
            return f"the registry, {self._own}"
        known = any(self._asks(check, each) and each.node == one.node for each in self._all)
        return check.asks if known else ""
