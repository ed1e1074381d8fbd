"""RabbitMQ definitions: the queues that they declare."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_distaudit.domain.facts import Queue
from pytest_distaudit.domain.finding import Spot
from pytest_distaudit.sources.facts.yaml_nodes import Node

SIGN = re.compile(r'"(?:vhosts|exchanges)"\s*:')


def looks_like(node: Node) -> bool:
    """Whether a JSON file is a broker's definitions."""
    return {"queues", "vhosts"} <= node.pairs.keys() or {"queues", "exchanges"} <= node.pairs.keys()


def read_rabbitmq(file: str, node: Node) -> Iterator[Queue]:
    """The declared queues. Users and their password hashes are not looked at."""
    for queue in node.at("queues").items:
        if queue.word("name"):
            yield Queue(queue.word("name"), Spot(file, queue.at("name").line))
