"""pytest-xdist: the controller has the systems and gathers, its workers judge."""

from __future__ import annotations

from multiprocessing import AuthenticationError
from typing import Any

import pytest

from pytest_distaudit.wiring import Bench

_INPUT = "distaudit_broker"


class Controller:
    """Opens a broker once there are workers; what it started ends with the session."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._broker: Any = None

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker where to ask. One on another machine finds nobody there and gathers for itself."""
        from pytest_distaudit.wiring.sharing import Broker

        if self._broker is None:
            self._broker = Broker(self._bench.provision, self._bench.gatherer)
        node.workerinput[_INPUT] = [self._broker.address.path, self._broker.address.key]

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """All workers have ended."""
        if self._broker is not None:
            self._broker.close()


def join(bench: Bench, config: pytest.Config) -> None:
    """On a worker: gather through the controller, where it can be reached."""
    from pytest_distaudit.wiring.sharing import Address, Shared

    told = getattr(config, "workerinput", {}).get(_INPUT)
    if told:
        try:
            bench.shared = Shared(Address(*told), bench.gatherer)
        except (OSError, AuthenticationError) as error:  # another machine, where somebody else may listen
            bench.shared, bench.alone = None, f"{type(error).__name__}: {error}"
