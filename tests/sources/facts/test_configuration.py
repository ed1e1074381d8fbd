"""Dockerfiles, package manifests, proxies, Prometheus, RabbitMQ, OpenAPI."""

from pathlib import Path

import pytest

from pytest_distaudit.sources.facts import read_facts
from tests.sources.facts.planting import plant


def test_a_dockerfile(tmp_path: Path) -> None:
    text = """
        ARG V=3.12
        FROM golang:1.22 AS build
        COPY go.mod \\
             src/ /src/
        FROM python:${V}-slim
        COPY --from=build /out /out
        COPY ["conf/app.yml", "/etc/app.yml"]
        # EXPOSE 1
        EXPOSE 8080 9090/udp
    """
    facts = read_facts(plant(tmp_path, {"app/Dockerfile": text}))
    (file,) = facts.dockerfiles
    assert file.base == "python:3.12-slim"
    assert [port.container for port in file.exposed] == [8080, 9090]
    assert [copy.source for copy in file.copies] == ["go.mod", "src/", "conf/app.yml"]
    assert [(tool.product, tool.version, tool.spot.line) for tool in facts.toolchains] == [
        ("go", "1.22", 2),
        ("python", "3.12", 5),
    ]


@pytest.mark.parametrize(
    ("name", "text", "dependency", "toolchain"),
    [
        (
            "pyproject.toml",
            "[project]\ndependencies = [\"pika[x]>=1.3; python_version > '3'\"]\n",
            ("pika", ">=1.3", 2),
            None,
        ),
        ("pyproject.toml", '[tool.poetry.dependencies]\nkombu = "^5"\n', ("kombu", "^5", 2), None),
        ("requirements.txt", "# pika\n-r other.txt\npika==1.3 # broker\n", ("pika", "==1.3", 3), None),
        (
            "package.json",
            '{"dependencies": {"kafkajs": "^2"},\n "engines": {"node": "20.x"}}',
            ("kafkajs", "^2", 1),
            ("node", "20", 2),
        ),
        (
            "a/pom.xml",
            "<project><properties><java.version>17</java.version><v>3</v></properties>\n<dependencies><dependency>"
            "<groupId>org.acme</groupId><artifactId>amqp</artifactId><version>${v}</version></dependency></dependencies></project>",
            ("org.acme:amqp", "3", 2),
            ("java", "17", 1),
        ),
        (
            "build.gradle",
            "sourceCompatibility = '17'\ndependencies {\n  implementation 'org.acme:amqp:3.1'\n}\n",
            ("org.acme:amqp", "3.1", 3),
            ("java", "17", 1),
        ),
        (
            "A.csproj",
            "<Project><PropertyGroup><TargetFramework>net8.0</TargetFramework></PropertyGroup>\n<ItemGroup>"
            '<PackageReference Include="RabbitMQ.Client" Version="6.8" /></ItemGroup></Project>',
            ("RabbitMQ.Client", "6.8", 2),
            ("dotnet", "8.0", 1),
        ),
        (
            "go.mod",
            "module x\ngo 1.22\nrequire github.com/IBM/sarama v1.43.0\n",
            ("github.com/IBM/sarama", "v1.43.0", 3),
            ("go", "1.22", 2),
        ),
        (
            "Cargo.toml",
            '[package]\nname = "x"\nrust-version = "1.75"\n[dependencies]\nlapin = { version = "2" }\n',
            ("lapin", "2", 5),
            ("rust", "1.75", 3),
        ),
    ],
)
def test_package_manifests(
    tmp_path: Path, name: str, text: str, dependency: tuple[str, str, int], toolchain: tuple[str, str, int] | None
) -> None:
    facts = read_facts(plant(tmp_path, {name: text}))
    assert [(item.name, item.version, item.spot.line) for item in facts.dependencies] == [dependency]
    assert [(item.product, item.version, item.spot.line) for item in facts.toolchains] == (
        [toolchain] if toolchain else []
    )
    assert facts.not_read == ()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pom.xml", '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><project>&b;</project>'),
        ("pom.xml", "<project>"),
        ("pom.xml", "<a>" * 500 + "</a>" * 500),
        ("package.json", "[" * 100_000),
        ("package.json", "{"),
        ("pyproject.toml", "a ="),
        ("Cargo.toml", "[" * 5000),
        ("compose.yaml", "services:\n\t- x"),
        ("compose.yaml", "services: &a\n  b: *a\n  image: *a\n"),
    ],
)
def test_what_cannot_be_read_is_listed_with_its_reason(tmp_path: Path, name: str, text: str) -> None:
    facts = read_facts(plant(tmp_path, {name: text, "ok/compose.yml": "services: {a: {image: redis}}\n"}))
    assert [item.file for item in facts.not_read] == [name]
    assert [item.name for item in facts.components] == ["a"]


def test_prometheus_targets(tmp_path: Path) -> None:
    text = """
        scrape_configs:
          - job_name: web
            static_configs:
              - targets: ["web:9100", "http://api:80/x", "plain"]
          - job_name: probe
            static_configs: [{targets: ["elsewhere:1"]}]
            relabel_configs: [{target_label: __address__, replacement: "blackbox:9115"}]
    """
    facts = read_facts(plant(tmp_path, {"prometheus.yml": text}))
    assert [(item.job, item.host, item.port, item.spot.line) for item in facts.scrapes] == [
        ("web", "web", 9100, 4),
        ("web", "api", 80, 4),
        ("web", "plain", None, 4),
    ]


def test_haproxy_backends(tmp_path: Path) -> None:
    text = """
        defaults
            balance leastconn
        frontend in
            bind :80
            default_backend app
        backend app
            balance roundrobin  # fair
            server one app1:8080 check
            server two app2:8080 check backup
        backend cloud
            server-template srv 5 cloud:80
    """
    app, cloud = read_facts(plant(tmp_path, {"haproxy.cfg": text})).pools
    assert (app.name, app.algorithm, app.spot.line) == ("app", "roundrobin", 6)
    assert [(server.host, server.port, server.backup) for server in app.servers] == [
        ("app1", 8080, False),
        ("app2", 8080, True),
    ]
    assert cloud.dynamic


def test_nginx_upstreams_and_routes(tmp_path: Path) -> None:
    text = """
        upstream api {
            least_conn;
            server api1:8000;
            # server api2:8000;
        }
        server {
            location /api { proxy_pass http://api; }
            location / {
                proxy_pass http://web:3000/;
            }
        }
    """
    facts = read_facts(plant(tmp_path, {"nginx/nginx.conf": text}))
    (pool,) = facts.pools
    assert (pool.name, pool.algorithm, [server.host for server in pool.servers]) == ("api", "least_conn", ["api1"])
    assert ("web", 3000, "/") in [(route.host, route.port, route.path) for route in facts.routes]


def test_kong_rabbitmq_and_openapi(tmp_path: Path) -> None:
    files = {
        "kong.yml": """
            _format_version: "3.0"
            services:
              - {name: web, url: "http://web:3000/x", routes: [{name: all, paths: [/all]}]}
            upstreams:
              - {name: pool, algorithm: round-robin, targets: [{target: "one:80"}]}
        """,
        "rabbit/definitions.json": '{"users": [{"name": "a", "password_hash": "x9y8"}], "vhosts": [],\n'
        '\t"queues": [{"name": "tasks"}]}',
        "api.yaml": "openapi: 3.0.0\npaths:\n  /orders:\n    get: {}\n    post: {}\n",
    }
    facts = read_facts(plant(tmp_path, files))
    routes = [(route.software, route.name, route.path, route.host, route.port) for route in facts.routes]
    assert ("kong", "all", "/all", "web", 3000) in routes
    assert [name for software, name, *_ in routes if software == "openapi"] == ["GET /orders", "POST /orders"]
    assert [pool.name for pool in facts.pools] == ["pool"]
    assert [(queue.name, queue.spot.line) for queue in facts.queues] == [("tasks", 2)]
    assert {(config.file, config.product) for config in facts.configs} == {
        ("kong.yml", "kong"),
        ("rabbit/definitions.json", "rabbitmq"),
    }
    assert "x9y8" not in repr(facts.__dict__)
