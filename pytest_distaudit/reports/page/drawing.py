"""The map of who works through whom: the systems in columns, the same places for both drawings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pytest_distaudit.domain.audit import Audit
from pytest_distaudit.reports.edges import Edge, edges, systems_of
from pytest_distaudit.reports.wording import one_line

_BOX_W, _BOX_H, _GAP_X, _GAP_Y, _EDGE = 132, 30, 70, 18, 12
#: how low an arrow hangs that passes boxes of its own row: three quarters of it are between two rows
_BULGE = 40
#: what was seen is drawn last, over the rest
_ORDER = ("open", "refuted", "seen")
_MOST = 60
_NAME = 16


@dataclass(frozen=True, slots=True)
class Box:
    """A system; ``x`` and ``y`` are its upper left corner."""

    name: str
    short: str
    rung: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Arrow:
    """An edge as a path. ``state``: seen, refuted or open; ``words`` say the same."""

    path: str
    state: str
    words: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """Boxes and arrows; empty without edges. ``left_out``: edges that are only listed."""

    width: int
    height: int
    box: tuple[int, int]
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    left_out: int


def drawing(audit: Audit) -> Drawing:
    """Lay the systems out, those that others work through further right."""
    known = edges(audit)
    drawn = known[:_MOST]
    names = systems_of(drawn)
    columns = _columns(names, drawn)
    rungs = {system.name: system.rung.word for system in audit.systems}
    boxes = {
        name: Box(
            name,
            one_line(name, _NAME),
            rungs.get(name, "declared"),
            _EDGE + column * (_BOX_W + _GAP_X),
            _EDGE + row * (_BOX_H + _GAP_Y),
        )
        for column, inside in enumerate(columns)
        for row, name in enumerate(inside)
    }
    return Drawing(
        width=2 * _EDGE + len(columns) * (_BOX_W + _GAP_X) - _GAP_X if columns else 0,
        height=2 * _EDGE + max(map(len, columns), default=0) * (_BOX_H + _GAP_Y) if columns else 0,
        box=(_BOX_W, _BOX_H),
        boxes=tuple(boxes.values()),
        arrows=tuple(sorted((_arrow(edge, boxes) for edge in drawn), key=lambda one: _ORDER.index(one.state))),
        left_out=len(known) - len(drawn),
    )


def _columns(names: Sequence[str], drawn: Sequence[Edge]) -> list[list[str]]:
    """Each system one column right of the last of those that work through it; circles are cut where they close."""
    depth = dict.fromkeys(names, 0)
    for _ in names:
        for edge in drawn:
            deeper = depth[edge.source] + 1
            if depth[edge.to] < deeper < len(names):
                depth[edge.to] = deeper
    used = sorted(set(depth.values()))
    return [[name for name in names if depth[name] == level] for level in used]


def _arrow(edge: Edge, boxes: Mapping[str, Box]) -> Arrow:
    first, second = boxes[edge.source], boxes[edge.to]
    x1, y1 = first.x + _BOX_W, first.y + _BOX_H // 2
    x2, y2 = second.x, second.y + _BOX_H // 2
    bend = max(_GAP_X // 2, (x2 - x1) // 2)
    # past the boxes between them, never behind: it would seem to come out of one
    low = _BULGE if x2 - x1 > _GAP_X and y1 == y2 else 0
    return Arrow(f"M{x1} {y1}C{x1 + bend} {y1 + low} {x2 - bend} {y2 + low} {x2} {y2}", _state(edge), _words(edge))


def _state(edge: Edge) -> str:
    if edge.refuted_by:
        return "refuted"
    return "seen" if edge.seen_by else "open"


def _words(edge: Edge) -> str:
    told = {
        "seen": f"seen by {', '.join(edge.seen_by)}",
        "refuted": f"refuted by {', '.join(edge.refuted_by)}",
        "open": f"not decided ({', '.join(edge.open) or 'nobody claims it'})",
    }
    return one_line(f"{edge.source} works through {edge.to}: {told[_state(edge)]}", 300)
