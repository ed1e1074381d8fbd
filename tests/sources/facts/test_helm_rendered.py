"""Charts as helm renders them, and what is said where it cannot."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from pytest_distaudit.domain.facts import Facts
from pytest_distaudit.sources.facts import read_facts
from tests.sources.facts.planting import plant
from tests.sources.tools import need_namespace, put_on_path

CHART = {
    "deploy/shop/Chart.yaml": "apiVersion: v2\nname: webshop\nversion: 0.1.0\n",
    "deploy/shop/values.yaml": "orders: {replicas: 3}\nkafka: {enabled: false}\n",
    "deploy/shop/templates/orders.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: orders}
spec:
  replicas: {{ .Values.orders.replicas }}
  template: {spec: {containers: [{name: orders, image: "acme/orders:1", ports: [{containerPort: 8080}]}]}}
""",
    "deploy/shop/templates/kafka.yaml": """\
{{- if .Values.kafka.enabled }}
apiVersion: apps/v1
kind: Deployment
metadata: {name: kafka}
spec: {template: {spec: {containers: [{name: kafka, image: "bitnami/kafka:3"}]}}}
{{- end }}
""",
}
#: what helm 3 prints for it
OUTPUT = """\
---
# Source: webshop/templates/orders.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: orders}
spec:
  replicas: 3
  template: {spec: {containers: [{name: orders, image: "acme/orders:1", ports: [{containerPort: 8080}]}]}}
"""


@pytest.fixture
def namespace() -> None:
    need_namespace()


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    tools = put_on_path(folder, monkeypatch, "helm", script)
    (tools / "output").write_text(OUTPUT, encoding="utf-8")


def declared(facts: Facts) -> dict[str, tuple[int | None, str]]:
    return {one.name: (one.replicas, str(one.spot)) for one in facts.components if one.origin.value == "kubernetes"}


ORDERS = {"orders": (3, "deploy/shop/templates/orders.yaml:1")}


@pytest.mark.live
@pytest.mark.usefixtures("namespace")
@pytest.mark.skipif(shutil.which("helm") is None, reason="helm is not installed")
def test_a_real_helm(tmp_path: Path) -> None:
    facts = read_facts(plant(tmp_path, CHART))
    assert declared(facts) == ORDERS
    assert not facts.not_read


@pytest.mark.usefixtures("namespace")
def test_a_rendered_chart_is_what_its_values_make_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, monkeypatch, f'[ "$1" = template ] && cat {tmp_path}/tools/output')
    facts = read_facts(plant(tmp_path / "tree", CHART))
    assert declared(facts) == ORDERS
    assert not facts.not_read


@pytest.mark.usefixtures("namespace")
@pytest.mark.parametrize(
    ("script", "why"),
    [
        ('echo "Error: missing in charts/ directory: redis" >&2; echo "Use --debug" >&2; exit 1', "directory: redis"),
        ("echo '---\n# Source: webshop/templates/orders.yaml\na: [' ", "made no YAML"),
        ("exec sleep 30", "did not end"),
        ("exit 3", "says nothing"),
    ],
)
def test_what_helm_cannot_render_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, why: str
) -> None:
    monkeypatch.setattr("pytest_distaudit.sources.facts.helm_rendered._CHART_S", 0.5)
    stand_in(tmp_path, monkeypatch, script)
    facts = read_facts(plant(tmp_path / "tree", CHART))
    said = {note.file: note.why for note in facts.not_read}
    assert why in said["deploy/shop/Chart.yaml"]
    assert "only helm can render it" in said["deploy/shop/templates/orders.yaml"]
    assert not declared(facts)


@pytest.mark.usefixtures("namespace")
def test_a_chart_with_a_link_is_not_rendered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, monkeypatch, f"touch {tmp_path}/ran")
    tree = plant(tmp_path / "tree", CHART)
    (tree / "deploy/shop/templates/more.yaml").symlink_to("/etc/hostname")
    said = {note.file: note.why for note in read_facts(tree).not_read}
    assert "links" in said["deploy/shop/Chart.yaml"]
    assert not (tmp_path / "ran").exists()


def test_without_helm_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    said = {note.file for note in read_facts(plant(tmp_path, CHART)).not_read}
    assert said == {"deploy/shop/templates/orders.yaml", "deploy/shop/templates/kafka.yaml"}


@pytest.mark.usefixtures("namespace")
def test_helm_gets_nothing_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/secret")
    monkeypatch.setenv("HELM_PLUGINS", "/secret")
    stand_in(tmp_path, monkeypatch, f"env > {tmp_path}/env; cat {tmp_path}/tools/output")
    read_facts(plant(tmp_path / "tree", CHART))
    assert "secret" not in (tmp_path / "env").read_text()
