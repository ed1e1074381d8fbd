"""files.agree, files.path and files.finding: small trees, true and lying; no system runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_distaudit import Verdict
from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.testing import Room

pytestmark = pytest.mark.proof

COMPOSE = """
services:
  gateway:
    build: gateway
    image: shop/gateway
    ports: ["8080:8080"]
  orders: {image: shop/orders}
  ledger: {image: shop/ledger}
  db: {image: "postgres:16"}
  mq: {image: "rabbitmq:3.13", ports: ["5672:5672"]}
"""
#: all code of the system lies in the tree, and none of it knows a broker
WITHOUT_CLIENT = {
    "compose_yaml": """
services:
  gateway: {build: gateway}
  worker: {build: worker}
  mq: {image: "rabbitmq:3.13"}
""",
    "worker__main_py": "print()\n",
    "worker__requirements_txt": "rich\n",
    "worker__Dockerfile": "FROM scratch\n",
}
WORKER = "import pika\n\npika.BlockingConnection()\n"
GENUINE = {
    "README.md": "# Shop\n\nThe gateway listens on port 8080.\n\nIt uses PostgreSQL 16.\n\nSee `compose.yaml`.\n",
    "compose.yaml": COMPOSE,
    "gateway/Dockerfile": "FROM scratch\n",
    "worker/main.py": WORKER,
    "worker/requirements.txt": "pika\n",
}


def room(root: Path, **changed: str | None) -> Room:
    """The genuine tree, some of its files changed (``README_md=...``) or left out (None)."""
    files = {**GENUINE, **{name.replace("__", "/").replace("_", "."): text for name, text in changed.items()}}
    for name, text in files.items():
        if text is not None:
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return Room(root, "")


def agree(where: Room, quote: str, component: str, pattern: str) -> ClaimResult:
    with where:
        return where.judge("files.agree", document="README.md", quote=quote, component=component, pattern=pattern)


PORT = ("The gateway listens on port 8080.", "gateway", "port")
VERSION = ("It uses PostgreSQL 16.", "postgres", "version")


@pytest.mark.parametrize("said", [PORT, VERSION])
def test_what_manifests_bear_out(tmp_path: Path, said: tuple[str, str, str]) -> None:
    result = agree(room(tmp_path), *said)
    assert (result.verdict, result.reason) == (Verdict.VERIFIED, None), result.because
    assert "README.md:" in result.because
    assert "compose.yaml:" in result.because


BROKER = "# Shop\n\nOrders go to a RabbitMQ queue.\n"
LIES = {
    "another port": (PORT, {"compose_yaml": COMPOSE.replace("8080", "8081")}),
    "another version": (VERSION, {"compose_yaml": COMPOSE.replace("postgres:16", "postgres:12")}),
    "a broker that no code can speak to": (
        ("Orders go to a RabbitMQ queue.", "rabbitmq", "messaging"),
        {"README_md": BROKER, **WITHOUT_CLIENT},
    ),
    "replicas of which one is declared": (
        ("PostgreSQL is replicated to a standby.", "postgres", "replicated"),
        {"README_md": "# Shop\n\nPostgreSQL is replicated to a standby.\n"},
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_what_files_contradict(tmp_path: Path, lie: str) -> None:
    said, changed = LIES[lie]
    assert agree(room(tmp_path, **changed), *said).verdict is Verdict.REFUTED


@pytest.mark.parametrize(
    ("said", "changed"),
    [
        (("Orders go to a RabbitMQ queue.", "rabbitmq", "messaging"), {"README_md": BROKER}),
        (PORT, {"compose_yaml": COMPOSE.replace('"8080:8080"', '"${PORT}:${PORT}"')}),
        (PORT, {"compose_yaml": None}),
        (PORT, {"compose_yaml": "services: [}\n"}),
        (("The gateway listens on port 8080.", "gateway", "saga"), {}),
    ],
)
def test_what_files_cannot_tell(tmp_path: Path, said: tuple[str, str, str], changed: dict[str, str | None]) -> None:
    result = agree(room(tmp_path, **changed), *said)
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE), result.because


def path_of(where: Room, path: str, quote: str = "See") -> ClaimResult:
    with where:
        return where.judge("files.path", document="README.md", quote=quote, path=path)


def test_a_path_that_is_there(tmp_path: Path) -> None:
    assert path_of(room(tmp_path), "compose.yaml").verdict is Verdict.VERIFIED


@pytest.mark.parametrize("named", ["`deploy/compose.yaml`", "[it](deploy.md)", "`gateway/Dockerfile.prod`"])
def test_a_path_that_is_not(tmp_path: Path, named: str) -> None:
    path = named.strip("`").removeprefix("[it](").rstrip(")")
    result = path_of(room(tmp_path, README_md=f"# Shop\n\nSee {named}.\n"), path)
    assert result.verdict is Verdict.REFUTED, result.because


def test_a_path_that_a_build_may_make(tmp_path: Path) -> None:
    tree = room(tmp_path, README_md="# Shop\n\nSee `dist/index.html`.\n")
    (tmp_path / ".gitignore").write_text("dist/\n", encoding="utf-8")
    assert path_of(tree, "dist/index.html").verdict is Verdict.UNVERIFIABLE


def finding(where: Room, name: str) -> ClaimResult:
    with where:
        return where.judge("files.finding", finding=name)


def test_a_finding_that_is_not_there(tmp_path: Path) -> None:
    assert finding(room(tmp_path), "wrong_port-gateway").verdict is Verdict.VERIFIED


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("wrong_port-gateway", {"compose_yaml": COMPOSE.replace("8080", "8081")}),
        ("build_missing-gateway", {"gateway__Dockerfile": None}),
        (
            "vacuous_healthcheck-orders",
            {"compose_yaml": COMPOSE.replace("shop/orders}", "shop/orders, healthcheck: {test: exit 0}}")},
        ),
        ("broker_without_client-mq", WITHOUT_CLIENT),
    ],
)
def test_a_finding_that_is_there(tmp_path: Path, name: str, changed: dict[str, str | None]) -> None:
    result = finding(room(tmp_path, **changed), name)
    assert result.verdict is Verdict.REFUTED, result.because


def test_what_is_no_findings_id(tmp_path: Path) -> None:
    result = finding(room(tmp_path), "gateway-wrong-port")
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
