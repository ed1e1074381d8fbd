"""Start a Kafka broker that is its own controller, for one run."""

from __future__ import annotations

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.target import SystemSpec
from pytest_distaudit.ports.dial import converse
from pytest_distaudit.targets.ground import minimal_environment
from pytest_distaudit.targets.installed import installed
from pytest_distaudit.targets.options import COMMON, SETTINGS, flat
from pytest_distaudit.targets.recipe import Blueprint, Command, Site, StartFailed, World

#: ApiVersions version 0 under the number "dist"; the answer repeats it and begins without an error
_QUESTION = b"\x00\x00\x00\x0b\x00\x12\x00\x00dist\x00\x01d"
_ANSWER = b"dist\x00\x00"


class KafkaRecipe:
    """A private cluster of one (KRaft) on 127.0.0.1, without a login."""

    kind = "kafka"
    options = {**COMMON, "settings": SETTINGS}  # noqa: RUF012 - a property

    def missing(self) -> str | None:
        """How to get the program, which no package carries."""
        return None if installed("kafka-server") else "no kafka-server on PATH; ./run lab-extra kafka makes it"

    def plan(self, spec: SystemSpec, site: Site) -> Blueprint:
        """Choose the ports of broker and controller."""
        return _Broker(spec, site)


class _Broker:
    def __init__(self, spec: SystemSpec, site: Site) -> None:
        self._site = site
        self._settings = dict(flat((spec.native or {}).get("settings", {})))
        self.port, self._controller = site.free_port(), site.free_port()
        self.endpoints = {"url": f"kafka://127.0.0.1:{self.port}"}

    def prepare(self, world: World) -> Command:
        """Write the configuration; the program formats the log directory. Raises StartFailed."""
        program = installed("kafka-server")
        if program is None:
            raise StartFailed("kafka-server is no longer installed")
        home = self._site.workdir
        configuration = home / "server.properties"
        settings = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@127.0.0.1:{self._controller}",
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self._controller}",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": str(home / "data"),
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "1",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            **self._settings,
        }
        configuration.write_text("".join(f"{name}={value}\n" for name, value in settings.items()), "utf-8")
        # the journal of a run that ends needs no farewell
        return Command((program, str(configuration)), home, minimal_environment(self._site.environ), grace_s=0.2)

    def ready(self) -> bool:
        """It says which requests it knows."""
        try:
            said = converse("127.0.0.1", self.port, _QUESTION, 10, 1.0)
        except Unobservable:
            return False
        return said[4:].startswith(_ANSWER)
