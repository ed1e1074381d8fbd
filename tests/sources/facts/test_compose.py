"""Compose files: what a service is, where it stands, and that no secret is kept."""

from pathlib import Path

import pytest

from pytest_distaudit.domain.facts import Health
from pytest_distaudit.domain.finding import Spot
from pytest_distaudit.sources.facts import read_facts
from tests.sources.facts.planting import component, facts_of, plant

SHOP = """
    services:
      messagebroker:
        image: rabbitmq:3.12-management
        ports: ["5673:5672", "127.0.0.1:15673:15672/tcp"]
      ledger-writer:
        build: ./ledger
        container_name: ledger
        expose: ["9000"]
        environment:
          DATABASE_URL: postgres://admin:hunter2@db:5432/ledger
          LEDGER_PORT: 9000
          API_TOKEN: "12345"
        volumes:
          - ./ledger/conf.yml:/etc/ledger/conf.yml:ro
          - data:/var/lib/ledger
        deploy: {replicas: 2}
        depends_on: {messagebroker: {condition: service_started}}
        healthcheck:
          test: ["CMD", "curl", "-f", "http://localhost:9000/health"]
    volumes: {data: {}}
"""


def test_a_service_with_all_its_parts(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, compose=SHOP)
    broker, ledger = component(facts, "messagebroker"), component(facts, "ledger-writer")
    assert (broker.product, broker.version, broker.spot) == (
        "rabbitmq",
        "3.12-management",
        Spot("docker-compose.yml", 2),
    )
    assert [(port.container, port.host) for port in broker.ports] == [(5672, 5673), (15672, 15673)]
    assert ledger.build is not None
    assert (ledger.build.context, ledger.build.dockerfile) == ("ledger", "ledger/Dockerfile")
    assert [(mount.source, mount.target) for mount in ledger.mounts] == [("ledger/conf.yml", "/etc/ledger/conf.yml")]
    assert (ledger.replicas, ledger.depends_on, ledger.container_name) == (
        2,
        ("messagebroker",),
        Spot("docker-compose.yml", 7),
    )
    assert [(ref.name, ref.host, ref.port) for ref in ledger.references] == [("DATABASE_URL", "db", 5432)]
    assert [(item.name, item.value) for item in ledger.settings] == [("LEDGER_PORT", "9000")]
    assert ledger.healthcheck is not None
    assert (ledger.healthcheck.kind, ledger.healthcheck.addresses) == (Health.PROBE, ((9000, "/health"),))


def test_no_secret_is_kept(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, compose=SHOP, env="DB_PASSWORD=99999\nAPI_KEY=swordfish\nWEB_PORT=8080\n")
    facts.documents, facts.code  # noqa: B018 - read what is read late
    everything = repr(facts.__dict__)
    assert not [secret for secret in ("hunter2", "swordfish", "12345", "99999") if secret in everything]
    assert [(item.name, item.value, item.spot.line) for item in facts.settings] == [("WEB_PORT", "8080", 3)]


@pytest.mark.parametrize("name", ["infra.yml", "deploy/stack.yaml", "compose.agent.yaml"])
def test_any_file_name_is_recognised_by_its_content(tmp_path: Path, name: str) -> None:
    facts = read_facts(plant(tmp_path, {name: "services:\n  cache:\n    image: redis:7\n"}))
    assert component(facts, "cache").product == "redis"


@pytest.mark.parametrize(
    "text",
    [
        "services:\n  _defaults:\n    autowire: true\n",
        "services:\n  - a\n",
        "jobs:\n  services: {db: {image: x}}\n",
        "services: web\n",
    ],
)
def test_other_files_with_services_are_none(tmp_path: Path, text: str) -> None:
    assert read_facts(plant(tmp_path, {"config.yaml": text})).components == ()


def test_layers_variables_and_defaults(tmp_path: Path) -> None:
    files = {
        "compose.yaml": "services:\n  web:\n    image: ${REGISTRY:-acme}/web:${TAG}\n"
        "    ports: ['${WEB_PORT}:${IN:-80}']\n",
        "compose.override.yaml": "services:\n  web:\n    ports: ['8443:443']\n    environment: [MODE=1]\n",
        ".env": "TAG=1.4\nWEB_PORT=8080 # outside\n",
    }
    facts = read_facts(plant(tmp_path, files))
    base, layer = (item for item in sorted(facts.components, key=lambda item: item.partial))
    assert (base.image, base.version) == ("acme/web", "1.4")
    assert [(port.host, port.container) for port in base.ports] == [(8080, 80)]
    assert layer.partial
    assert [(port.host, port.container) for port in layer.ports] == [(8443, 443)]


def test_variables_of_an_env_file(tmp_path: Path) -> None:
    files = {
        "compose.yaml": "services:\n  web: {image: x, env_file: [./conf/web.env, {path: gone.env}, ../out.env]}\n",
        "conf/web.env": "WEB_PORT=8080\nDB=postgres://u:secret@db:5432/x\n",
    }
    web = component(read_facts(plant(tmp_path, files)), "web")
    assert [(item.name, str(item.spot)) for item in web.settings] == [("WEB_PORT", "conf/web.env:1")]
    assert [(item.host, str(item.spot)) for item in web.references] == [("db", "conf/web.env:2")]


def test_a_variable_without_a_value_is_unknown_not_empty(tmp_path: Path) -> None:
    facts = facts_of(
        tmp_path, compose="services:\n  web:\n    image: ${IMAGE}\n    ports: ['${P}:80']\n    build: ${WHERE}\n"
    )
    web = component(facts, "web")
    assert (web.image, web.product, web.version) == ("", "", "")
    assert [(port.container, port.host) for port in web.ports] == [(80, None)]
    assert web.build is not None
    assert (web.build.context, web.build.dockerfile) == ("", "")


def test_anchors_merge_keys_and_extends(tmp_path: Path) -> None:
    files = {
        "docker-compose.yml": """
            x-base: &base
              image: redis:7
              restart: always
            services:
              one: {<<: *base, ports: ["1:6379"]}
              two: {extends: {service: one}, container_name: second}
              three: {extends: {file: other/base.yml, service: stem}}
        """,
        "other/base.yml": "services:\n  stem:\n    image: postgres:15\n",
    }
    facts = read_facts(plant(tmp_path, files))
    assert [component(facts, name).product for name in ("one", "two", "three")] == ["redis", "redis", "postgres"]
    assert [port.host for port in component(facts, "two").ports] == [1]


@pytest.mark.parametrize(
    "service",
    [
        "extends: {service: web}",
        "extends: {service: other}",
        "extends: {file: ../../outside.yml, service: x}",
        "extends: nothing",
    ],
)
def test_extends_in_a_circle_or_out_of_the_tree_ends(tmp_path: Path, service: str) -> None:
    text = (
        f"services:\n  web:\n    image: acme/web\n    {service}\n  other:\n    image: acme/other\n"
        f"    extends: {{service: web}}\n"
    )
    assert component(facts_of(tmp_path, compose=text), "web").image == "acme/web"


def test_commented_out_services_are_noted_as_such(tmp_path: Path) -> None:
    text = """
        services:
          web:
            image: acme/web
            # ports: ["80:80"]
          # tracer:
          #   image: openzipkin/zipkin:2
          #   ports:
          #     - "9411:9411"
          # a sentence that ends in a colon:
          #   and goes on
    """
    facts = facts_of(tmp_path, compose=text)
    hidden = component(facts, "tracer")
    assert [item.name for item in facts.components if item.commented] == ["tracer"]
    assert (hidden.product, hidden.spot.line, hidden.ports[0].spot.line) == ("zipkin", 5, 8)
    assert [item.name for item in facts.live()] == ["web"]


def test_profiles_sidecars_and_one_off_services(tmp_path: Path) -> None:
    text = """
        services:
          web: {image: acme/web, profiles: [full]}
          mesh: {image: acme/mesh, network_mode: "service:web"}
          migrate: {image: acme/web, restart: "no"}
    """
    facts = facts_of(tmp_path, compose=text)
    assert component(facts, "web").profiles == ("full",)
    assert component(facts, "mesh").sidecar
    assert component(facts, "migrate").once


@pytest.mark.parametrize(
    ("test", "kind"),
    [
        ("exit 0", Health.CONSTANT),
        ('["CMD", "true"]', Health.CONSTANT),
        ("curl -f http://localhost/ || exit 0", Health.CONSTANT),
        ('["CMD-SHELL", "curl -f http://localhost || true"]', Health.CONSTANT),
        ("echo ok", Health.CONSTANT),
        ("sh -c 'exit 0'", Health.CONSTANT),
        ("wget -q localhost; exit 0", Health.CONSTANT),
        ("nc -z localhost 5432", Health.PORT),
        ('["CMD", "bash", "-c", "echo > /dev/tcp/localhost/80"]', Health.PORT),
        ("python -c 'import socket; socket.create_connection((\"x\", 1))'", Health.PORT),
        ("pgrep app", Health.PROCESS),
        ("curl -f http://localhost/health || exit 1", Health.PROBE),
        ("pg_isready -U x", Health.PROBE),
        ('["CMD", "redis-cli", "-a", "hunter2", "ping"]', Health.PROBE),
        ("PGPASSWORD=hunter2 psql -c 'select 1'", Health.PROBE),
        ("PGPASSWORD=hunter2 psql -c 'select 1' || true", Health.CONSTANT),
        ('["NONE"]', Health.DISABLED),
    ],
)
def test_what_a_healthcheck_asks(tmp_path: Path, test: str, kind: Health) -> None:
    quoted = test if test.startswith("[") else "|\n          " + test
    found = component(
        facts_of(tmp_path, compose=f"services:\n  a:\n    image: x\n    healthcheck:\n      test: {quoted}\n"), "a"
    )
    assert found.healthcheck is not None
    assert found.healthcheck.kind is kind
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize(
    ("image", "product"),
    [
        ("rabbitmq", "rabbitmq"),
        ("bitnami/postgresql", "postgres"),
        ("acme/shop-mongodb", "mongodb"),
        ("confluentinc/cp-kafka", "kafka"),
        ("docker.elastic.co/elasticsearch/elasticsearch", "elasticsearch"),
        ("otel/opentelemetry-collector-contrib", "otel-collector"),
        ("jaegertracing/all-in-one", "jaeger"),
        ("mcr.microsoft.com/mssql/server", "sqlserver"),
        ("oliver006/redis_exporter", ""),
        ("provectuslabs/kafka-ui", ""),
        ("acme/orders", ""),
        ("acme/postgres-operator", ""),
        ("redis/redis-stack-server", "redis"),
    ],
)
def test_the_product_behind_an_image(tmp_path: Path, image: str, product: str) -> None:
    assert component(facts_of(tmp_path, compose=f"services:\n  a:\n    image: {image}:1\n"), "a").product == product


@pytest.mark.parametrize(
    ("written", "ports"),
    [
        ("8080", [(8080, None)]),
        ("80:8080", [(8080, 80)]),
        ("[::1]:80:8080", [(8080, 80)]),
        ("3000-3002:4000-4002", [(4000, 3000), (4001, 3001), (4002, 3002)]),
        ("1-99999:5", [(5, None)]),
        ("x:y", []),
        ("70000", []),
        ("{target: 80, published: 8080}", [(80, 8080)]),
        ("{target: 80}", [(80, None)]),
    ],
)
def test_ports_in_every_spelling(tmp_path: Path, written: str, ports: list[tuple[int, int | None]]) -> None:
    item = written if written.startswith("{") else f'"{written}"'
    found = component(facts_of(tmp_path, compose=f"services:\n  a:\n    image: x\n    ports:\n      - {item}\n"), "a")
    assert [(port.container, port.host) for port in found.ports] == ports
