"""Parts that lead nowhere: brokers, tracers, routers, pools and scrape targets."""

from pathlib import Path

import pytest

from pytest_distaudit.domain.finding import Confidence, FindingKind
from tests.checks.files.planting import findings, words

BROKER = (
    "services:\n  queue: {image: 'rabbitmq:3'}\n  tracer: {image: 'jaegertracing/all-in-one:1'}\n  web: {build: web}\n"
)
PLAIN = {"compose": BROKER, "web/Dockerfile": "FROM x", "web/main.py": "import os\n"}


@pytest.mark.parametrize(
    "files",
    [
        {"web/worker.py": "import pika\nfrom opentelemetry import trace\n", "web/main.py": "import worker\n"},
        {"web/requirements.txt": "celery\nopentelemetry-sdk\n"},
        {
            "web/pom.xml": "<p><dependency><groupId>org.springframework.boot</groupId>"
            "<artifactId>spring-boot-starter-amqp</artifactId></dependency><dependency>"
            "<groupId>io.opentelemetry</groupId><artifactId>opentelemetry-api</artifactId></dependency></p>"
        },
        {"web/composer.json": '{"require": {"php-amqplib/php-amqplib": "3", "open-telemetry/opentelemetry": "1"}}'},
        {"web/native.cpp": "int main() {}"},
        {"web/package.json": '{"dependencies": {"amqplib": "1", "@opentelemetry/sdk-node": "1"}}'},
        {"compose": BROKER + "  jobs: {image: 'acme/jobs:1', depends_on: [queue, tracer]}\n"},
        {"compose": BROKER.replace("build: web", "image: 'acme/web:1'")},
    ],
)
def test_brokers_and_tracers_that_somebody_may_speak_to(tmp_path: Path, files: dict[str, str]) -> None:
    for kind in (FindingKind.BROKER_WITHOUT_CLIENT, FindingKind.TRACER_WITHOUT_SDK):
        assert findings(tmp_path, kind, {**PLAIN, **files}) == []


@pytest.mark.parametrize(
    "files", [{}, {"web/test_queue.py": "import pika\n"}, {"web/app.js": "import x from './kafkajs'\n"}]
)
def test_brokers_and_tracers_that_no_code_speaks_to(tmp_path: Path, files: dict[str, str]) -> None:
    assert words(findings(tmp_path, FindingKind.BROKER_WITHOUT_CLIENT, {**PLAIN, **files})) == [
        ("queue", "rabbitmq", "0 clients")
    ]
    assert words(findings(tmp_path, FindingKind.TRACER_WITHOUT_SDK, {**PLAIN, **files})) == [
        ("tracer", "jaeger", "0 clients")
    ]


def test_a_client_that_nothing_imports_is_none(tmp_path: Path) -> None:
    files = {**PLAIN, "web/main.py": "if __name__ == '__main__': pass\n", "web/dead.py": "import pika\n"}
    assert words(findings(tmp_path, FindingKind.BROKER_WITHOUT_CLIENT, files)) == [("queue", "rabbitmq", "0 clients")]


def test_without_code_nothing_is_said_of_clients(tmp_path: Path) -> None:
    assert findings(tmp_path, FindingKind.BROKER_WITHOUT_CLIENT, {"compose": BROKER}) == []


APP = (
    "from fastapi import APIRouter, FastAPI\napp = FastAPI()\nrouter = APIRouter(prefix='/mesh')\n\n"
    "@router.get('/')\ndef f(): ...\n"
)


@pytest.mark.parametrize(
    ("more", "count"),
    [("app.include_router(router)\n", 0), ("", 1), ("other = APIRouter()\nother.include_router(router)\n", 1)],
)
def test_routers(tmp_path: Path, more: str, count: int) -> None:
    found = findings(tmp_path, FindingKind.ENDPOINT_UNMOUNTED, {"main.py": APP + more})
    assert [item.said for item in found] == ["/mesh"] * count


HAPROXY = "backend app\n    balance roundrobin\n    server a app:80 check\n{}"
NGINX = "upstream app {{\n  {}\n  server app:80;\n}}\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("haproxy.cfg", HAPROXY.format("    server b app2:80\n")),
        ("haproxy.cfg", HAPROXY.format("").replace("    balance roundrobin\n", "")),
        ("nginx.conf", NGINX.format("")),
        ("nginx.conf", NGINX.format("least_conn;\n server b:80;")),
        ("haproxy.cfg", HAPROXY.format("    server-template s 3 x:80\n")),
        ("haproxy.cfg", HAPROXY.format("    server b app2:80 backup\n")),
    ],
)
def test_pools_that_do_what_they_say(tmp_path: Path, name: str, text: str) -> None:
    assert findings(tmp_path, FindingKind.ONE_SERVER_POOL, {name: text}) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("haproxy.cfg", HAPROXY.format("")),
        ("nginx.conf", NGINX.format("least_conn;")),
        (
            "kong.yml",
            '_format_version: "3.0"\nupstreams:\n  - {name: app, algorithm: round-robin, targets: [{target: "a:1"}]}\n',
        ),
    ],
)
def test_pools_of_one(tmp_path: Path, name: str, text: str) -> None:
    (found,) = findings(tmp_path, FindingKind.ONE_SERVER_POOL, {name: text})
    assert (found.component, found.found, found.confidence) == ("app", "1 server", Confidence.HIGH)


def test_a_name_may_stand_for_several_containers(tmp_path: Path) -> None:
    files = {"haproxy.cfg": HAPROXY.format(""), "compose": "services:\n  app: {image: x, deploy: {replicas: 2}}\n"}
    (found,) = findings(tmp_path, FindingKind.ONE_SERVER_POOL, files)
    assert found.confidence is Confidence.LOW


SERVICES = (
    "services:\n  web: {image: acme/web, ports: ['8081:8080'], hostname: front}\n"
    "  db: {image: postgres}\n  cache: {image: redis}\n"
)
JOBS = "scrape_configs:\n  - job_name: x\n    static_configs: [{{targets: ['{}']}}]\n"


@pytest.mark.parametrize(
    "target",
    [
        "web:8080",
        "front:8080",
        "db:9187",
        "localhost:9090",
        "host.docker.internal:1",
        "x.acme.test:80",
        "web:9999",
        "{{ host }}:1",
    ],
)
def test_targets_that_may_answer(tmp_path: Path, target: str) -> None:
    assert (
        findings(tmp_path, FindingKind.DEAD_SCRAPE_TARGET, {"compose": SERVICES, "prometheus.yml": JOBS.format(target)})
        == []
    )


@pytest.mark.parametrize(
    ("target", "found"),
    [("web:8081", "port 8080 inside"), ("orders:80", "no such service"), ("orders", "no such service")],
)
def test_targets_where_nothing_answers(tmp_path: Path, target: str, found: str) -> None:
    (finding,) = findings(
        tmp_path, FindingKind.DEAD_SCRAPE_TARGET, {"compose": SERVICES, "prometheus.yml": JOBS.format(target)}
    )
    assert (finding.said, finding.found, finding.at.line) == (target, found, 3)


def test_targets_of_another_system_are_not_judged(tmp_path: Path) -> None:
    assert findings(tmp_path, FindingKind.DEAD_SCRAPE_TARGET, {"prometheus.yml": JOBS.format("orders:80")}) == []
