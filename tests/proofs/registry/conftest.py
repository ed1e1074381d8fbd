"""One running miniature for all proofs of one run."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from registry_house import House, activity, miniature

from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.testing import Room

#: these ask another registry, where they spoil nobody's silence
_APART = {"lists_all": "elsewhere", "is_told_of_changes": "elsewhere"}
POLLED = {"polled": 0.7, "polled-beside": 0.7, "polled-fast": 0.02}


def performances(item: pytest.Item) -> tuple[str, str, str] | None:
    """(way, service, caller or "") of a proof of registry.queried."""
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    if not {"way", "service"} <= parameters.keys():
        return None
    return parameters["way"], parameters["service"], parameters.get("caller", "")


@pytest.fixture(scope="module")
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    if missing := builtin_recipes()["consul"].missing():
        pytest.skip(missing)
    root = tmp_path_factory.mktemp("registry")
    ways = dict.fromkeys(filter(None, map(performances, request.session.items)))
    services = sorted({service for _, service, _ in ways} | {"another", "remembered"})
    target = miniature(services, [f"{name}={pause}" for name, pause in POLLED.items()])
    fronts = {(way, service): caller or "front" for way, service, caller in ways}
    target += "".join(activity(way, service, front) for (way, service), front in fronts.items())
    with Room(root, target) as room:
        house = House(room, root)
        try:
            for way, service, caller in ways:
                house.begin(way, service, caller, _APART.get(way, "consul"))
            yield house
        finally:
            house.close()


@pytest.fixture
def seen_through(house: House) -> Iterator[Callable[..., Room]]:
    """Rooms that are entered at once and left after the test."""
    rooms: list[Room] = []

    def enter(url: str) -> Room:
        rooms.append(house.seen_through(url).__enter__())
        return rooms[-1]

    yield enter
    for room in rooms:
        room.__exit__(None, None, None)
