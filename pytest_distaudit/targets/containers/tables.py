"""Systems in containers without compose files: what ``container`` tables say, on the official images of their kinds."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from pytest_distaudit.domain.target import SystemSpec
from pytest_distaudit.targets.containers.description import SECRET, Described, Source
from pytest_distaudit.targets.placeholders import every_text
from pytest_distaudit.targets.recipe import StartFailed

_USER = "distaudit"
_START_LIMIT_S = 120.0
_CONSUL = "consul agent -dev -client 0.0.0.0"  # inside its own network
_OFFICIAL: Mapping[str, Mapping[str, Any]] = {
    "postgres": {
        "image": "postgres:17",
        "env": {"POSTGRES_USER": _USER, "POSTGRES_PASSWORD": SECRET, "POSTGRES_DB": _USER},
        "ports": [5432],
    },
    "rabbitmq": {
        "image": "rabbitmq:4-management",
        "env": {"RABBITMQ_DEFAULT_USER": _USER, "RABBITMQ_DEFAULT_PASS": SECRET},
        "ports": [5672, 15672],
    },
    "redis": {
        "image": "redis:7",
        "command": ["redis-server", "--requirepass", SECRET],
        "ports": [6379],
    },
    "consul": {
        "image": "hashicorp/consul:1.20",
        "command": [*_CONSUL.split(), "-hcl", 'telemetry { prometheus_retention_time = "24h" }'],
        "ports": [8500],
    },
}  # fmt: skip


def can_be_contained(spec: SystemSpec) -> bool:
    """Whether it is known how to run the system in a container."""
    return spec.container is not None or spec.kind in _OFFICIAL


def of_tables(specs: Collection[SystemSpec]) -> Source:
    """The systems as services of one project; ``{secret}`` is one password for all of them."""

    def read(root: Path, environ: Mapping[str, str], secret: str | None) -> tuple[Described, Mapping[str, str]]:
        word = secret or secrets.token_hex(12)
        services = {spec.name: _service(spec, root, word) for spec in specs}
        return Described({"services": services, "networks": {"default": {}}}), environ

    return Source(read, _START_LIMIT_S)


def _service(spec: SystemSpec, root: Path, secret: str) -> dict[str, Any]:
    official, own = _OFFICIAL.get(spec.kind, {}), spec.container or {}
    whole = {**official, **own, "env": {**official.get("env", {}), **own.get("env", {})}}
    told = every_text(whole, lambda text: text.replace(SECRET, secret))
    if "image" not in told:
        raise StartFailed(f"{spec.name}: kind {spec.kind} has no official image; name one in its container table")
    return {
        "image": told["image"],
        "environment": told["env"],
        "command": told.get("command"),
        "ports": [{"target": port, "protocol": "tcp"} for port in told.get("ports", ())],
        "volumes": [_volume(text, root) for text in told.get("volumes", ())],
        "depends_on": {name: {"condition": "service_started"} for name in told.get("after", ())},
    }


def _volume(text: str, root: Path) -> dict[str, Any]:
    """``folder:/inside`` or ``folder:/inside:ro``, the folder below the project's root."""
    source, target, *options = text.split(":")
    return {"type": "bind", "source": str(root / source), "target": target, "read_only": options == ["ro"]}
