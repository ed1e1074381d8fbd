"""Relays in the way of natively started callers: other addresses behind their placeholders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from urllib.parse import urlsplit, urlunsplit

from pytest_distaudit.domain.target import Link, SystemSpec
from pytest_distaudit.ports.located import address
from pytest_distaudit.targets import placeholders
from pytest_distaudit.targets.planning import Plans
from pytest_distaudit.targets.relays.placing import Placing


def relayed(plans: Plans, started: Iterable[SystemSpec], placing: Placing) -> Plans:
    """The same plans with the relays' addresses in them for the callers. Raises InvalidInput for links whose variable
    names no address of the system.
    """
    specs = {spec.name: spec for spec in started if spec.name in plans.blueprints}
    links = [link for link in placing.links(specs) if "env" in link.inject and link.to not in plans.unavailable]
    named = {link.name: _endpoint(link, specs[link.source], plans.endpoints.get(link.to, {})) for link in links}
    placing.refuse(_unnamed(link, plans.endpoints.get(link.to, {})) for link in links if named[link.name] is None)
    values = {name: dict(texts) for name, texts in plans.values.items()}
    for link in links:
        endpoint = named[link.name] or ""
        url = plans.endpoints[link.to][endpoint]
        values[link.source] |= _moved(values[link.source], link, endpoint, url, placing)
    return replace(plans, values=values)


def _moved(texts: Mapping[str, str], link: Link, endpoint: str, url: str, placing: Placing) -> dict[str, str]:
    """The placeholders that mean the relay to the caller."""
    parts, place = urlsplit(url), address(url)
    host, port = placing.put(link, lambda: place, parts.scheme == "http")
    login, at, _ = parts.netloc.rpartition("@")
    moved = {f"{link.to}.{endpoint}": urlunsplit(parts._replace(netloc=f"{login}{at}{host}:{port}"))}
    if texts.get(f"{link.to}.port") == str(place[1]):
        moved[f"{link.to}.port"] = str(port)
    return moved


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
