"""Where relays are put: in the way of the links of which the target file says how."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from pytest_distaudit.domain.errors import InvalidInput, Problem
from pytest_distaudit.domain.target import Link, SystemSpec, Target
from pytest_distaudit.ports.links import Relay
from pytest_distaudit.ports.located import address
from pytest_distaudit.targets import placeholders
from pytest_distaudit.targets.planning import Plans

if TYPE_CHECKING:
    from pytest_distaudit.targets.relays.relay import Relays

#: system -> caller -> the relay between them
Placed = dict[str, Mapping[str, Relay]]


@dataclass(frozen=True, slots=True)
class Relayable:
    """A link whose caller the audit starts: ``url`` is the address of the system's ``endpoint`` that it would get."""

    link: Link
    endpoint: str
    url: str


def relayable(target: Target, started: Iterable[SystemSpec], plans: Plans) -> list[Relayable]:
    """The links that a relay can be put in the way of. Raises InvalidInput for those whose variable names no address.

    Only of callers that are disposable: their way is changed.
    """
    specs = {spec.name: spec for spec in started if spec.disposable and spec.name in plans.blueprints}
    found: list[Relayable] = []
    problems: list[Problem] = []
    for link in target.links.values():
        if "env" not in link.inject or link.source not in specs or link.to in plans.unavailable:
            continue
        endpoint = _endpoint(link, specs[link.source], plans.endpoints.get(link.to, {}))
        if endpoint is None:
            problems.append(Problem(target.place, _unnamed(link, plans.endpoints.get(link.to, {}))))
        else:
            found.append(Relayable(link, endpoint, plans.endpoints[link.to][endpoint]))
    if problems:
        raise InvalidInput(problems)
    return found


def placed(links: Sequence[Relayable], plans: Plans, relays: Relays) -> tuple[Plans, Placed]:
    """The same plans with the relays' addresses in them for the callers, and the relays."""
    values = {name: dict(texts) for name, texts in plans.values.items()}
    found: Placed = {}
    for one in links:
        link, parts = one.link, urlsplit(one.url)
        relay = relays.between(address(one.url), parts.scheme == "http")
        host, port = relay.address
        login, at, _ = parts.netloc.rpartition("@")
        texts = values[link.source]
        texts[f"{link.to}.{one.endpoint}"] = urlunsplit(parts._replace(netloc=f"{login}{at}{host}:{port}"))
        if texts.get(f"{link.to}.port") == str(address(one.url)[1]):
            texts[f"{link.to}.port"] = str(port)
        found[link.to] = {**found.get(link.to, {}), link.source: relay}
    return replace(plans, values=values), found


def _endpoint(link: Link, caller: SystemSpec, endpoints: Mapping[str, str]) -> str | None:
    """The endpoint that the variable's text names; ``port`` is the first one's."""
    text = (caller.native or {}).get("env", {}).get(link.inject["env"], "")
    for name in _named(text, link.to):
        if name in endpoints:
            return name
        if name == "port":
            return next(iter(endpoints), None)
    return None


def _named(text: str, system: str) -> Iterator[str]:
    for hole in placeholders.mentioned(text):
        if placeholders.system_of(hole) == system:
            yield hole.rpartition(".")[2]


def _unnamed(link: Link, endpoints: Mapping[str, str]) -> str:
    known = " or ".join(f"{{{link.to}.{name}}}" for name in endpoints) or f"{{{link.to}.url}}"
    variable = f"native.env.{link.inject['env']} of system {link.source!r}"
    return f"link {link.name!r}: {variable} names no address of {link.to!r}; write {known} there"
