"""Second witnesses: the addresses of a target's other endpoints. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_distaudit.ports.located import address

Address = tuple[str, int]


def neighbours(endpoints: Mapping[str, Mapping[str, str]]) -> dict[str, tuple[Address, ...]]:
    """System -> the addresses of all endpoints that can vouch for one of its own.

    Where a system has several endpoints they vouch for each other and stand in the list too: who
    asks at one of them leaves that one out. The only address of a system is not its own witness.
    """
    own = {name: _addresses(urls) for name, urls in endpoints.items()}
    every = sorted({each for addresses in own.values() for each in addresses})
    return {
        name: tuple(each for each in every if len(addresses) > 1 or each not in addresses)
        for name, addresses in own.items()
    }


def _addresses(urls: Mapping[str, str]) -> set[Address]:
    found = set()
    for url in urls.values():
        try:
            host, port = address(url)
        except ValueError:  # an address that the kind's own validation refuses
            continue
        # Without "//" it is no network address ("pidfile:/run/x.pid").
        if port and "//" in url:
            found.add((host, port))
    return found
