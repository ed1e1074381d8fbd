"""Claims about servers of remote procedures: the documented services exist, are served and well."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from pytest_distaudit.domain.check import Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Look, Need
from pytest_distaudit.domain.verdict import Reason, Rung
from pytest_distaudit.domain.wording import counted, listed
from pytest_distaudit.ports.rpc import RpcService, Serving

_WELL = "SERVING"


def _needs(claim: Claim) -> tuple[Need, ...]:
    args = {name: claim[name] for name in ("services", "methods", "calls") if claim[name]}
    return (Look("system", Serving.ask(**args)),)


@check(
    "grpc.serves",
    claims="the services exist with their methods, somebody takes their calls, and they call themselves well",
    says="{services} served",
    rung=Rung.HEALTHY,
    roles={"system": Role("the server")},
    params={
        "services": Parameter(ParameterType.TEXT, "full names, such as shop.v1.Orders, separated by commas"),
        "methods": Parameter(ParameterType.TEXT, "shop.v1.Orders/Place and such, separated by commas", None),
        "calls": Parameter(ParameterType.TEXT, "of these, what may be called with an empty message", None),
        "health": Parameter(ParameterType.FLAG, "whether the health service must call them SERVING", True),
    },
    needs=_needs,
    judges_presence=("system",),
    settles_s=5.0,
    shows_not="that a call does what its name says: methods are tried with what no handler can read, unless `calls`",
)
def serves(claim: Claim, evidence: Evidence) -> Judgement:
    """Reflection and health are only words; a method that takes a call is more."""
    found = evidence.attempts(Serving, "system")
    seen = next(iter(found.values()))
    if isinstance(seen, Unobservable):
        if seen.reason is Reason.WRONG_PRODUCT:
            refute("no server of the protocol", seen.detail, remedy="correct the address or the document")
        raise seen
    wanted = _words(claim["services"])
    meant = [one for one in seen.services if one.name in wanted]
    methods = {*_words(claim["methods"]), *_words(claim["calls"])}
    _exist(seen, meant, wanted)
    _served(meant, methods)
    if claim["health"]:
        _well(seen, meant)
    _tried(meant, methods)
    many = sum(len(one.served) for one in meant)
    told = "; ".join(f"{one.name}: {', '.join(one.served)}" for one in meant)
    return verified(f"{counted(len(meant), 'service')}, {counted(many, 'method')}", told)


def _words(text: Any) -> set[str]:
    return {word.strip().strip("/") for word in str(text or "").split(",")} - {""}


def _exist(seen: Serving, meant: Collection[RpcService], wanted: Collection[str]) -> None:
    """A service that reflection leaves out, and of which a method takes calls, exists all the same."""
    absent = [one.name for one in meant if one.listed is False and not one.served]
    absent += sorted(set(wanted) - {one.name for one in meant})
    if absent:
        here = listed([one.name for one in seen.services if one.listed]) or "nothing"
        refute(
            f"no service {listed(absent)}", f"the server lists {here}", remedy="register it, or correct the document"
        )


def _served(meant: Collection[RpcService], methods: Collection[str]) -> None:
    for one in meant:
        if one.unserved:
            because = f"{one.name} answers calls of {listed(list(one.unserved))} with UNIMPLEMENTED"
            refute(f"{counted(len(one.unserved), 'method')} served by nobody", because, remedy="implement them")
        own = {name.rpartition("/")[2] for name in methods if name.rpartition("/")[0] == one.name}
        missing = own - set(one.methods or ()) - set(one.served) if one.methods is not None else set()
        if missing:
            refute(f"{one.name} has no {listed(sorted(missing))}", f"it has {listed(list(one.methods or ()))}")


def _well(seen: Serving, meant: Collection[RpcService]) -> None:
    """A server that knows itself alone speaks for its services, too; one that knows any name for none."""
    if not seen.health:
        because = "the server offers no health service; leave it out with `health: false`"
        unverifiable(Reason.NO_OBSERVABLE, "no word on health", because)
    words = {one.name: seen.health if one.health == "unknown" else one.health for one in meant}
    ill = {name: word for name, word in words.items() if word != _WELL}
    if ill:
        refute(listed([f"{name} {word}" for name, word in ill.items()]), "by its health service", remedy="see why")
    if seen.nonsense == _WELL:
        because = f"a service that cannot exist is {_WELL}, too: the word means nothing"
        unverifiable(Reason.VACUOUS, "every name is SERVING", because, remedy="let it know its services")


def _tried(meant: Collection[RpcService], methods: Collection[str]) -> None:
    for one in meant:
        own = {name.rpartition("/")[2] for name in methods if name.rpartition("/")[0] == one.name}
        hidden = sorted((own | set(one.methods or ())) - set(one.served))
        if hidden:
            because = f"{one.name} turns the audit away from {listed(hidden)}; it needs leave to call"
            unverifiable(Reason.FORBIDDEN, f"{one.name} not tried", because)
        if not one.served:
            because = f"no reflection describes {one.name}; name its `methods`, or let the server offer reflection"
            unverifiable(Reason.NO_OBSERVABLE, f"{one.name} not seen", because)
