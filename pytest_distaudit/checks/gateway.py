"""Claims about a gateway's configuration: its routes, and that each leads somewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NoReturn

from pytest_distaudit.domain.check import Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim, Expect
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Look
from pytest_distaudit.domain.verdict import Reason, Rung
from pytest_distaudit.domain.wording import counted, listed
from pytest_distaudit.ports.gateways import Gateway, GatewayBackend, GatewayRoute


@check(
    "gateway.routes",
    claims="so many routes are configured, each leading to a backend with a server that is not known to be down",
    says="{count} routes",
    rung=Rung.CONFIGURED,
    roles={"system": Role("the gateway")},
    params={
        "route": Parameter(ParameterType.TEXT, "the route's name; default: whatever its name", None),
        "path": Parameter(ParameterType.TEXT, "a path that it takes, such as /tasks; default: any", None),
        "to": Parameter(ParameterType.TEXT, "the service or backend that it leads to; default: any", None),
        "count": Parameter(ParameterType.NUMBER, "how many such routes, each counted once however often named", ">= 1"),
    },
    needs=lambda claim: (Look("system", Gateway.ask(knock="yes")),),
    # routes are loaded, and servers checked, a moment after the start
    settles_s=3.0,
    shows_not="that a request takes this way (gateway.forwards)",
)
def routes(claim: Claim, evidence: Evidence) -> Judgement:
    """Two routes that take the same to the same place are one; a route to nobody is none."""
    seen = evidence.one(Gateway)
    if seen.routes is None:
        _untold(claim, seen)
    chosen = [one for one in seen.routes if _meant(one, claim)]
    broken = {one.name: why for one in chosen if (why := _leads_nowhere(one, seen))}
    # a document that denies the route is not right because the route is broken
    counting = chosen if claim.expect is Expect.ABSENT else [one for one in chosen if one.name not in broken]
    distinct = {(one.hosts, one.paths, one.methods, one.conditions, one.to) for one in counting}
    actual = _actual(seen, len(seen.routes) if len(chosen) == len(seen.routes) else len(chosen), len(distinct))
    because = "; ".join(_words(seen, chosen, broken, len(counting) - len(distinct)))
    if not claim["count"].holds(len(distinct)):
        refute(actual, because, remedy="configure the routes, or correct the document")
    return verified(actual, because)


def _untold(claim: Claim, seen: Gateway) -> NoReturn:
    """Where the rules cannot be read, a backend that is not there still contradicts the document."""
    names = [one.name for one in seen.backends or ()]
    if claim["to"] is not None and seen.backends is not None and claim["to"] not in names:
        refute(f"no backend {claim['to']}", f"the backends are {listed(names)}")
    because = seen.unseen or "the gateway does not tell its routes"
    unverifiable(Reason.NO_OBSERVABLE, "routes cannot be read", because, remedy="claim gateway.forwards instead")


def _meant(route: GatewayRoute, claim: Claim) -> bool:
    return (
        claim["route"] in (None, route.name)
        and claim["to"] in (None, route.to)
        and (claim["path"] is None or takes(route, claim["path"]))
    )


def takes(route: GatewayRoute, path: str) -> bool:
    """Whether the route takes the path by its beginning; of patterns only one that is written alike is known to."""
    if not route.paths:
        return True
    return any(path == one or (not one.startswith("~") and path.startswith(one)) for one in route.paths)


def _leads_nowhere(route: GatewayRoute, seen: Gateway) -> str:
    """Why the route leads to nobody; "" if it is not known to."""
    if not route.to:
        return "leads nowhere"
    if seen.backends is None:
        return ""
    backend = next((one for one in seen.backends if one.name == route.to), None)
    if backend is None:
        return f"leads to {route.to}, which does not exist"
    return _nobody(backend)


def _nobody(backend: GatewayBackend) -> str:
    if backend.servers is None:
        return ""
    if not backend.servers:
        return f"{backend.name} has no server"
    if all(one.healthy is False for one in backend.servers):
        states = sorted({f"{one.address or one.name} {one.state}".strip() for one in backend.servers})
        return f"every server of {backend.name} is down ({listed(states)})"
    return ""


def _actual(seen: Gateway, named: int, distinct: int) -> str:
    services = "" if seen.backends is None else f"{counted(len(seen.backends), 'service')}, "
    told = f"{services}{counted(distinct, 'route')}"
    return told if named == distinct else f"{told} of {named} that count"


def _words(seen: Gateway, chosen: Sequence[GatewayRoute], broken: dict[str, str], repeated: int) -> Iterator[str]:
    good = [f"{one.name} to {one.to}" for one in chosen if one.name not in broken]
    if good:
        yield listed(good)
    yield from (f"{name}: {why}" for name, why in broken.items())
    if repeated:
        yield f"{counted(repeated, 'route')} take what another one takes to the same place"
    if not chosen and seen.routes:
        yield f"the routes are {listed([one.name for one in seen.routes])}"
