"""Containers made by hand, and a look at an engine that has them."""

from __future__ import annotations

from typing import Any

from pytest_distaudit.domain.judgement import Judgement
from pytest_distaudit.domain.observation import Observation
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.ports.containers import Container, ContainerProcess, Containers

from .evidence import claim, evidence, fact, judged

ROLES = {"system": ("engine",)}
NOW = 10_000.0
V, R, U = Verdict.VERIFIED, Verdict.REFUTED, Verdict.UNVERIFIABLE


def processes(*commands: str) -> tuple[ContainerProcess, ...]:
    """One under the other, each named after its program."""
    return tuple(
        ContainerProcess(at + 1, at, command.split()[0].rpartition("/")[2].rstrip(":"), command)
        for at, command in enumerate(commands)
    )


def container(name: str = "web", *commands: str, **facts: Any) -> Container:
    """One that has been up for an hour and runs nginx, unless something else is said."""
    given: dict[str, Any] = {
        "id": name,
        "image": "nginx:1.22",
        "state": "running",
        "started_at": NOW - 3600,
        "processes": processes(*(commands or ("nginx: master process",))),
    }
    return Container(name, **(given | facts))


def looked(*containers: Container, now: float = NOW, at: float = 0.0) -> Observation:
    return fact("engine", Containers(containers, now), at=at)


def judgement(check: str, *seen: Container | Observation, **params: Any) -> Judgement:
    looks = [one for one in seen if isinstance(one, Observation)]
    return judged(claim(check, **params), evidence(ROLES, *(looks or [looked(*seen)])))  # type: ignore[arg-type]


def told(check: str, *seen: Container | Observation, **params: Any) -> tuple[Verdict, Reason | str]:
    answer = judgement(check, *seen, **params)
    return answer.verdict, answer.reason or answer.actual
