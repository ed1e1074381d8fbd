"""Relays in the way of services in containers: an address of the host instead of a service's name, or behind it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from pytest_distaudit.domain.target import Link, SystemSpec
from pytest_distaudit.ports.located import address
from pytest_distaudit.targets.containers.description import Described, extra_hosts
from pytest_distaudit.targets.containers.engine import Container, Engine
from pytest_distaudit.targets.recipe import StartFailed
from pytest_distaudit.targets.relays.placing import Find, Placing


def relayed(specs: Iterable[SystemSpec], placing: Placing, project: Described, engine: Engine, run: str) -> Described:
    """The same project with the relays' addresses in the callers' variables, or behind the names that they know. Raises
    InvalidInput for links that do not name the service that is called, and where a relay cannot listen. Without an
    address that containers reach, nothing is changed.
    """
    by_name = {spec.name: spec for spec in specs if (spec.service or spec.name) in project.services}
    links = [link for link in placing.links(by_name) if link.to in by_name]
    host = engine.gateway() if links else None
    if host is None:
        return project
    problems, services = [], {name: dict(service) for name, service in project.services.items()}
    for link in links:
        caller, called = (spec.service or spec.name for spec in (by_name[link.source], by_name[link.to]))
        text = _told(link, services[caller])
        found = _named(text, called, services[called])
        if found is None:
            problems.append(_unnamed(link, caller, called))
            continue
        port = _port(found, text)
        speaks_http = text.startswith("http://") or ("://" not in text and by_name[link.to].kind == "http")
        at = port if "address" in link.inject else 0
        try:
            place = placing.put(link, _find(engine, run, called, port), speaks_http, host, at)
        except OSError as error:
            problems.append(_untakeable(link, f"{host}:{at}", error))
            continue
        services[caller] |= _led(link, services[caller], text, found, place)
    placing.refuse(problems)
    return replace(project, whole={**project.whole, "services": services})


def _told(link: Link, caller: Mapping[str, Any]) -> str:
    """The address of the other one, as the caller has it."""
    if "address" in link.inject:
        return link.inject["address"]
    return str((caller.get("environment") or {}).get(link.inject["env"]) or "")


def _led(
    link: Link, caller: Mapping[str, Any], text: str, found: re.Match[str], place: tuple[str, int]
) -> dict[str, Any]:
    """What of the caller's description leads it to the relay."""
    host, port = place
    if "address" in link.inject:
        others = [entry for entry in extra_hosts(caller) if entry.partition(":")[0] != found["host"]]
        return {"extra_hosts": [*others, f"{found['host']}:{host}"]}
    moved = f"{text[: found.start()]}{host}:{port}{text[found.end() :]}"
    return {"environment": {**caller["environment"], link.inject["env"]: moved}}


def _named(text: str, service: str, description: Mapping[str, Any]) -> re.Match[str] | None:
    """Where the text names the service, with its port if it says one."""
    networks = (description.get("networks") or {}).values()
    names = [service, *(alias for network in networks for alias in (network or {}).get("aliases") or ())]
    for name in names:
        found = re.search(rf"(?<![\w.-])(?P<host>{re.escape(name)})(?::(?P<port>\d+))?(?![\w.:@-])", text)
        if found and _port(found, text):
            return found
    return None


def _port(found: re.Match[str], text: str) -> int:
    """The port that the address says, or that its scheme goes without saying; 0: none."""
    return int(found["port"] or 0) or (address(text)[1] if "://" in text else 0)


def _find(engine: Engine, run: str, service: str, port: int) -> Find:
    """Where that port of the service's container is reached now: it may not have been made yet."""
    known: list[Container] = []

    def find() -> tuple[str, int] | None:
        with suppress(StartFailed):
            if not known:
                known.extend([container] if (container := engine.containers(run).get(service)) else [])
            return known[0].seen().dialled_at(port) if known else None
        return None

    return find


def _unnamed(link: Link, caller: str, called: str) -> str:
    by_env = f"environment.{link.inject.get('env')} of service {caller!r}"
    where = "inject.address" if "address" in link.inject else by_env
    return f"link {link.name!r}: {where} names no address of {called!r}; write {called}:PORT or a URL there"


def _untakeable(link: Link, place: str, error: OSError) -> str:
    why = f"link {link.name!r}: no relay can listen at {place} of this machine ({error.strerror or error})"
    return f"{why}; let the caller take the address from a variable, and write inject = {{env = ...}}"
