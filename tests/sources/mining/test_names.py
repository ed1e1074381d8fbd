"""The project's own services, from its manifests and folders."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from pytest_distaudit.sources.mining import mine, names_of
from pytest_distaudit.sources.mining.rules import products

from .conftest import named


def _write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(textwrap.dedent(text), encoding="utf-8")


def _names(root: Path) -> list[str]:
    return list(dict.fromkeys(entry.name for entry in names_of(root, products())))


COMPOSE = """\
    services:
      # not: this
      basket-service: &base
        image: shop/basket
        environment:
          - NAME=x
      messagebroker:
        image: "library/rabbitmq:3-management"
      db:
        image: postgres:15
      orders: {image: shop/orders}
    volumes:
      data:
    """
WORKLOAD = """\
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      labels: {a: b}
      name: payments
    ---
    kind: ConfigMap
    metadata:
      name: no
    """
POM = """\
    <project><parent><artifactId>boot</artifactId></parent>
    <artifactId>shop-basket</artifactId>
    <dependencies><dependency><artifactId>lib</artifactId></dependency></dependencies></project>
    """


@pytest.mark.parametrize(
    ("files", "names"),
    [
        ({"infra.yml": COMPOSE}, ["basket-service", "rabbitmq", "postgres", "orders"]),
        ({"k8s/payments.yaml": WORKLOAD}, ["payments"]),
        ({"tye.yaml": "services:\n- name: basketapp\n  project: x\n- name: ordersapp\n"}, ["basketapp", "ordersapp"]),
        ({"basket/pom.xml": POM}, ["basket", "shop-basket"]),
        ({"src/ledger/ledgerwriter/Dockerfile": ""}, ["ledgerwriter"]),
        ({"services/basket/package.json": '{"name": "@shop/basket"}'}, ["basket"]),
        ({"services/basket/package.json": "[" * 10_000}, ["basket"]),
        ({"src/Basket/Basket.API.csproj": ""}, ["Basket"]),
        ({"compose.yml": "services: &a\n  x: *a\n  <<: *a\n"}, []),
        ({}, []),
    ],
    ids=["compose", "kubernetes", "tye", "maven", "folder", "npm", "bad json", "dotnet", "cyclic", "nothing"],
)
def test_names(files: dict[str, str], names: list[str], tmp_path: Path) -> None:
    _write(tmp_path, files)
    assert _names(tmp_path) == names


def test_a_common_prefix_is_no_part_of_a_name(tmp_path: Path) -> None:
    _write(tmp_path, {f"shop-{name}/go.mod": "" for name in ("basket", "orders", "payments")})
    assert _names(tmp_path) == ["basket", "orders", "payments"]
    _write(tmp_path, {"README.md": "The shop-orders service retries failed calls.\n"})
    assert named(list(mine(tmp_path))) == [("orders", "retry")]


@pytest.mark.parametrize("spelled", ["ledger-writer", "LedgerWriter", "ledger_writer service", "`ledgerwriter`"])
def test_spellings_of_a_service(spelled: str, tmp_path: Path) -> None:
    _write(tmp_path, {"compose.yaml": "services:\n  ledger-writer:\n    image: x\n"})
    _write(tmp_path, {"README.md": f"The {spelled} retries failed calls.\n"})
    assert named(list(mine(tmp_path))) == [("ledger-writer", "retry")]


def test_a_product_behind_the_name_of_its_role(tmp_path: Path) -> None:
    _write(tmp_path, {"compose.yaml": "services:\n  messagebroker:\n    image: rabbitmq:3\n"})
    _write(tmp_path, {"README.md": "Orders are sent to the `messagebroker`.\n"})
    assert named(list(mine(tmp_path))) == [("rabbitmq", "messaging")]


def test_a_port_without_a_name_is_that_of_the_service_that_publishes_it(tmp_path: Path) -> None:
    _write(tmp_path, {"compose.yaml": 'services:\n  front-door:\n    ports:\n      - "8080:80"\n'})
    _write(tmp_path, {"README.md": "The shop is available at http://localhost:8080.\n"})
    assert named(list(mine(tmp_path))) == [("front-door", "port")]
