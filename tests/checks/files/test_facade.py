"""One small system twice: as its documents say, and as a facade with every kind of lie."""

from pathlib import Path

from pytest_distaudit.checks.files import findings_of
from pytest_distaudit.domain.finding import FindingKind
from pytest_distaudit.domain.proposal import Proposal
from pytest_distaudit.sources.facts import read_facts
from tests.checks.files.planting import proposal
from tests.sources.facts.planting import plant

GENUINE = {
    "README.md": """
        # Shop
        Orders (http://orders:8000) sends its jobs through RabbitMQ to the worker; kong stands in front.
        Traces go to Jaeger, metrics are sent to Prometheus. There are 3 queues: 1 + 2.

        | Variable | Default |
        |---|---|
        | `JOB_LIMIT` | `10` |

        See [the guide](docs/guide.md).
    """,
    "docs/guide.md": "Runs on Python 3.12. HAProxy spreads the load.\n",
    "docker-compose.yml": """
        services:
          orders:
            build: orders
            ports: ["8000:8000"]
            environment: {JOB_LIMIT: 10, AMQP_URL: "amqp://u:p@queue:5672"}
            healthcheck: {test: "curl -f http://localhost:8000/health"}
          worker: {build: orders, deploy: {replicas: 2}}
          queue: {image: "rabbitmq:3.13", volumes: ["./queue:/etc/rabbitmq"]}
          tracer: {image: "jaegertracing/all-in-one:1.60"}
          prometheus: {image: "prom/prometheus:v3.0.0", volumes: ["./prometheus.yml:/etc/prometheus/prometheus.yml"]}
          kong: {image: "kong:3.9", volumes: ["./kong.yml:/kong.yml"]}
    """,
    "queue/definitions.json": '{"vhosts": [], "queues": [{"name": "jobs"}]}',
    "prometheus.yml": "scrape_configs:\n  - job_name: a\n    static_configs: [{targets: ['orders:8000']}]\n",
    "kong.yml": '_format_version: "3.0"\nservices:\n  - {url: "http://orders:8000", routes: [{paths: [/]}]}\n',
    "haproxy.cfg": "backend orders\n  balance roundrobin\n  server a orders:8000\n  server b orders2:8000\n",
    "orders/Dockerfile": "FROM python:3.12-slim\nCOPY . /app\nEXPOSE 8000\n",
    "orders/api.py": "from fastapi import APIRouter\nrouter = APIRouter()\n\n@router.get('/jobs')\ndef jobs(): ...\n",
    "orders/main.py": "import pika\nfrom fastapi import FastAPI\nfrom opentelemetry import trace\nimport api\n"
    "app = FastAPI()\napp.include_router(api.router)\n",
}
CLAIMS = [
    proposal("messaging", "rabbitmq", at="README.md:2"),
    proposal("tracing", "jaeger", at="README.md:3"),
    proposal("metrics", "prometheus", "metrics are sent to Prometheus", at="README.md:3"),
    proposal("count", "shop", "2 applications", said="2", of="applications", at="README.md:2"),
    proposal("version", "python", said="3.12", of="version", at="docs/guide.md:1"),
]
LIES = {
    "README.md": """
        # Shop
        Orders (http://orders:9000) sends its jobs through RabbitMQ to the worker; kong stands in front.
        Traces go to Jaeger, metrics are sent to Prometheus. There are 5 queues: 1 + 2.

        | Variable | Default |
        |---|---|
        | `JOB_LIMIT` | `99` |

        See [the guide](docs/gone.md). Start it with `docker compose up search`.
    """,
    "docker-compose.yml": """
        services:
          orders:
            build: {context: orders, dockerfile: Dockerfile.gone}
            container_name: orders
            deploy: {replicas: 3}
            ports: ["8001:8000"]
            environment: {JOB_LIMIT: 10, AMQP_URL: "amqp://u:p@queue:5672"}
            healthcheck: {test: "exit 0"}
          worker: {build: orders}
          billing: {build: orders}
          queue: {image: "rabbitmq:3.13"}
          tracer: {image: "jaegertracing/all-in-one:1.60"}
          prometheus: {image: "prom/prometheus:v3.0.0", volumes: ["./gone.yml:/etc/prometheus/prometheus.yml"]}
          kong: {image: "kong:3.9", volumes: ["./kong.yml:/kong.yml"]}
    """,
    "prometheus.yml": "scrape_configs:\n  - job_name: a\n    static_configs: [{targets: ['orders:8001', 'gone:80']}]\n",
    "haproxy.cfg": "backend orders\n  balance roundrobin\n  server a orders:8000\n",
    "orders/main.py": "from fastapi import FastAPI\nimport api\napp = FastAPI()\n",
}
LIED = [
    *CLAIMS[:3],
    proposal("count", "shop", "12 applications", said="12", of="applications", at="README.md:2"),
    proposal("version", "python", said="3.9", of="version", at="docs/guide.md:1"),
]


def kinds(root: Path, files: dict[str, str], claims: list[Proposal]) -> set[FindingKind]:
    return {finding.kind for finding in findings_of(read_facts(plant(root, files)), claims)}


def test_a_genuine_system_has_no_finding(tmp_path: Path) -> None:
    assert kinds(tmp_path, GENUINE, CLAIMS) == set()


def test_a_facade_has_every_kind_of_finding(tmp_path: Path) -> None:
    assert kinds(tmp_path, {**GENUINE, **LIES}, LIED) == set(FindingKind)


def test_every_finding_says_what_to_do(tmp_path: Path) -> None:
    for finding in findings_of(read_facts(plant(tmp_path, {**GENUINE, **LIES})), LIED):
        assert finding.at.file, finding
        assert finding.said or finding.found, finding
        assert ": " in finding.message, finding
