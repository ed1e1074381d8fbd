"""One running miniature for all proofs of one run."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from house import MINIATURE, House, activity

from pytest_distaudit.engine import gather
from pytest_distaudit.engine.activity import Pace
from pytest_distaudit.testing import Room


def performances(item: pytest.Item) -> tuple[str, str] | None:
    """(way, queue) of a proof of queue.consumed."""
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    return (parameters["way"], parameters["queue"]) if {"way", "queue"} <= parameters.keys() else None


@pytest.fixture(scope="module")
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    root = tmp_path_factory.mktemp("house")
    ways = dict.fromkeys(filter(None, map(performances, request.session.items)))
    target = MINIATURE + "".join(activity(*way) for way in ways)
    with pytest.MonkeyPatch.context() as patch, Room(root, target) as room:
        patch.setattr(gather, "Pace", lambda lag, **more: Pace(1.0, patience=2.5, limit=10.0))
        house = House(room, root)
        try:
            for way in ways:
                house.begin(*way)
            yield house
        finally:
            house.close()


@pytest.fixture
def seen_through(house: House) -> Iterator[Callable[..., Room]]:
    """Rooms that are entered at once and left after the test."""
    rooms: list[Room] = []

    def enter(*addresses: str, activities: str = "") -> Room:
        rooms.append(house.seen_through(*addresses, activities=activities).__enter__())
        return rooms[-1]

    yield enter
    for room in rooms:
        room.__exit__(None, None, None)
