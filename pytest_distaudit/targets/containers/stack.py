"""What became of systems in containers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.control import Control
from pytest_distaudit.ports.located import Inventory


@dataclass(frozen=True, slots=True)
class Stack:
    """What became of the systems of a project: every one is in exactly one of ``endpoints`` and ``unavailable``.

    ``inventories`` tell at any time how a system's container is, ``controls`` disturb it.
    """

    endpoints: dict[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    inventories: dict[str, Callable[[], Inventory]] = field(default_factory=dict)
    controls: dict[str, Control] = field(default_factory=dict)
    unavailable: dict[str, tuple[Reason, str]] = field(default_factory=dict)
