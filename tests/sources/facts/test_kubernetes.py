"""Kubernetes, Kustomize and Helm: objects are read, programs are named as not read."""

from pathlib import Path

from pytest_distaudit.domain.facts import Health, Origin
from pytest_distaudit.sources.facts import read_facts
from tests.sources.facts.planting import component, plant

SHOP = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: orders}
spec:
  replicas: 3
  template:
    spec:
      containers:
        - name: orders
          image: acme/orders:1.2
          ports: [{containerPort: 8080}]
          env:
            - {name: CACHE_URL, value: "redis://:secret@cache:6379"}
          readinessProbe: {tcpSocket: {port: 8080}}
        - {name: agent, image: "jaegertracing/jaeger-agent:1"}
---
apiVersion: v1
kind: Service
metadata: {name: orders}
spec:
  selector: {app: orders}
  ports: [{port: 80, targetPort: 8080, nodePort: 30080}]
---
apiVersion: kafka.strimzi.io/v1beta2
kind: Kafka
metadata: {name: events}
spec: {version: 3.7.0}
"""


def test_workloads_services_and_resources(tmp_path: Path) -> None:
    facts = read_facts(plant(tmp_path, {"k8s/shop.yaml": SHOP}))
    orders, service = (item for item in facts.components if item.name == "orders")
    assert (orders.replicas, orders.version, orders.origin) == (3, "1.2", Origin.KUBERNETES)
    assert [(ref.host, ref.port) for ref in orders.references] == [("cache", 6379)]
    assert orders.healthcheck is not None
    assert orders.healthcheck.kind is Health.PORT
    assert component(facts, "agent").sidecar
    assert [(port.container, port.host) for port in service.ports] == [(80, 30080), (8080, 30080)]
    assert (component(facts, "events").product, component(facts, "events").version) == ("kafka", "3.7.0")
    assert "secret" not in repr(facts.components)


def test_helm_charts_are_named_and_their_templates_are_not_read(tmp_path: Path) -> None:
    files = {
        "chart/Chart.yaml": "apiVersion: v2\nname: shop\ndependencies:\n  - {name: postgresql, version: 12.0.0}\n",
        "chart/templates/web.yaml": "kind: Deployment\nmetadata:\n  name: {{ .Release.Name }}\n",
        "chart/templates/search.yaml": "apiVersion: x/v1\nkind: Elasticsearch\nmetadata: {name: x}\n",
        "observability/loki.values.yaml": "loki: {}\n",
    }
    facts = read_facts(plant(tmp_path, files))
    assert {item.product for item in facts.components} == {"", "postgres", "elasticsearch", "loki"}
    assert {item.file for item in facts.not_read} == {"chart/templates/web.yaml", "chart/templates/search.yaml"}
    assert all("helm" in item.why for item in facts.not_read)


def test_kustomize_says_what_it_misses(tmp_path: Path) -> None:
    files = {
        "k8s/kustomization.yaml": "resources:\n  - shop.yaml\n  - gone.yaml\n  - https://x/y.yaml\n",
        "k8s/shop.yaml": SHOP,
    }
    facts = read_facts(plant(tmp_path, files))
    (note,) = facts.not_read
    assert (note.file, note.line) == ("k8s/kustomization.yaml", 3)
    assert "gone.yaml" in note.why


def test_other_templates_are_not_read_either(tmp_path: Path) -> None:
    facts = read_facts(
        plant(tmp_path, {"deploy/web.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ name }}\n"})
    )
    assert facts.components == ()
    assert [item.file for item in facts.not_read] == ["deploy/web.yaml"]
