"""A small project with checks of its own: what the sources are tested on."""

from pathlib import Path

import pytest

from pytest_distaudit.domain.check import Check, Parameter, ParameterType, Role, check
from pytest_distaudit.domain.judgement import verified
from pytest_distaudit.domain.registry import Registry
from pytest_distaudit.domain.verdict import Rung

MESSAGING = """\
# Messaging

RabbitMQ hands every *task* to a [worker](https://example.org),
and the **worker** acknowledges it.

- The queue `tasks` is durable.
- Nothing is lost.

Nothing is lost.

| queue | purpose |
|---|---|
| tasks | work to do |
| results | work done |

```
RabbitMQ in a code fence
```
"""


def _needs(claim):
    return ()


def _make(name: str, **fields) -> Check:
    return check(name, claims="something", rung=Rung.USED, needs=_needs, **fields)(
        lambda claim, evidence: verified("so")
    )


_TEXT, _NUMBER, _TIME, _FLAG = ParameterType.TEXT, ParameterType.NUMBER, ParameterType.TIME, ParameterType.FLAG

CHECKS = (
    _make("system.running"),
    _make(
        "queue.consumed",
        params={
            "queue": Parameter(_TEXT, "the queue's name"),
            "consumers": Parameter(_NUMBER, "how many", ">= 1"),
            "lag": Parameter(_TIME, "how late", "<= 1 s"),
            "durable": Parameter(_FLAG, "whether it survives", None),
        },
    ),
    _make("queue.moves", params={"queue": Parameter(_TEXT, "the queue's name")}, takes_activity=True),
    _make(
        "database.replicated",
        roles={"primary": Role("the server that is written to"), "standby": Role("the one that follows")},
    ),
    _make(
        "system.count",
        roles={"servers": Role("the systems that are counted", many=True)},
        params={"count": Parameter(_NUMBER, "how many")},
    ),
)


@pytest.fixture
def checks() -> Registry[Check]:
    registry: Registry[Check] = Registry("check")
    for one in CHECKS:
        registry.add(one.name, one, "tests")
    return registry


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project's root with one document."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "claims").mkdir()
    (tmp_path / "docs" / "messaging.md").write_text(MESSAGING, encoding="utf-8")
    return tmp_path
