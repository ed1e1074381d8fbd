"""Products that systems are built of: how images and documents name them, and which client speaks to them.

One table, read by the readers of manifests and by the checks. A product is *standalone* where it runs
only as a process of its own: without a container, a chart or a package it is not there. Eureka or a
configuration server, which projects build into services of their own, are not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from pytest_distaudit.domain.names import words


@dataclass(frozen=True, slots=True)
class Product:
    """``spellings``: its names in images and documents, folded to words with hyphens; the first is the name.

    ``clients``: module or package names, of any language, whose import speaks to it.
    ``signals``: what of metrics, logs and traces it is made to store.
    """

    spellings: tuple[str, ...]
    kind: str
    clients: tuple[str, ...] = ()
    signals: tuple[str, ...] = ()
    standalone: bool = True

    @property
    def name(self) -> str:
        """The normalised name."""
        return self.spellings[0]


_AMQP: tuple[str, ...] = (
    "pika",
    "aio_pika",
    "aio-pika",
    "kombu",
    "amqp",
    "celery",
    "amqplib",
    "amqp091-go",
    "streadway/amqp",
    "bunny",
)
_AMQP += ("spring-boot-starter-amqp", "spring-rabbit", "RabbitMQ.Client", "MassTransit.RabbitMQ", "lapin", "faststream")
_AMQP += (
    "com.rabbitmq",
    "org.springframework.amqp",
    "spring-cloud-starter-bus-amqp",
    "spring-cloud-stream-binder-rabbit",
)
_AMQP += ("rhea", "amqp-connection-manager", "php-amqplib", "aiormq", "dramatiq", "nameko", "EasyNetQ")
_KAFKA: tuple[str, ...] = (
    "kafka",
    "confluent_kafka",
    "confluent-kafka",
    "aiokafka",
    "kafkajs",
    "node-rdkafka",
    "sarama",
    "kafka-go",
    "rdkafka",
)
_KAFKA += (
    "spring-kafka",
    "kafka-clients",
    "kafka-streams",
    "Confluent.Kafka",
    "confluent-kafka-go",
    "org.apache.kafka",
)
_KAFKA += (
    "org.springframework.kafka",
    "faust",
    "ruby-kafka",
    "franz-go",
    "kafka-python",
    "spring-cloud-stream-binder-kafka",
)
_OTEL = ("opentelemetry", "@opentelemetry", "io.opentelemetry", "OpenTelemetry", "go.opentelemetry.io", "otel")

PRODUCTS: tuple[Product, ...] = (
    # brokers
    Product(("rabbitmq", "rabbit-mq", "rabbit"), "broker", _AMQP),
    Product(("kafka", "redpanda", "apache-kafka", "cp-kafka"), "broker", _KAFKA),
    Product(
        ("nats", "nats-streaming"), "broker", ("nats", "nats.go", "nats-py", "io.nats", "NATS.Client", "async-nats")
    ),
    Product(
        ("activemq", "artemis", "active-mq"), "broker", ("activemq", "stomp", "stomp.py", "javax.jms", "jakarta.jms")
    ),
    Product(
        ("pulsar", "apache-pulsar"), "broker", ("pulsar", "pulsar-client", "org.apache.pulsar", "pulsar-client-go")
    ),
    Product(("mosquitto", "eclipse-mosquitto"), "broker", ("paho", "paho-mqtt", "mqtt", "rumqttc", "MQTTnet")),
    Product(("emqx",), "broker", ("paho", "paho-mqtt", "mqtt", "rumqttc", "MQTTnet")),
    # databases and caches
    Product(("postgres", "postgresql", "postgre-sql", "timescaledb", "timescale", "postgis", "pgvector"), "database"),
    Product(("mysql", "my-sql"), "database"),
    Product(("mariadb", "maria-db"), "database"),
    Product(("mongodb", "mongo", "mongo-db"), "database"),
    Product(("sqlserver", "mssql", "sql-server", "azure-sql-edge", "ms-sql"), "database"),
    Product(("cassandra", "scylla", "scylladb"), "database"),
    Product(("neo4j", "neo-4-j"), "database"),
    Product(("chromadb", "chroma", "chroma-db"), "database", ("chromadb", "chromadb-client")),
    Product(("qdrant",), "database", ("qdrant_client", "qdrant-client")),
    Product(("cockroachdb", "cockroach"), "database"),
    Product(("clickhouse", "clickhouse-server"), "database"),
    Product(("influxdb", "influx-db"), "database", (), ("metrics",)),
    Product(("couchdb", "couch-db"), "database"),
    Product(("couchbase",), "database"),
    Product(("dynamodb", "dynamodb-local"), "database", standalone=False),
    Product(("eventstore", "eventstoredb", "event-store-db"), "database"),
    Product(("redis", "redis-stack"), "cache"),
    Product(("valkey",), "cache"),
    Product(("memcached", "memcache"), "cache"),
    Product(("hazelcast",), "cache", standalone=False),
    Product(("minio",), "storage"),
    # search and logs
    Product(("elasticsearch", "elastic-search"), "search", (), ("logs", "traces", "metrics")),
    Product(("opensearch",), "search", (), ("logs", "traces", "metrics")),
    Product(("solr",), "search"),
    Product(("kibana",), "dashboard"),
    Product(("opensearch-dashboards",), "dashboard"),
    Product(("logstash",), "logs"),
    Product(("fluentd", "fluent-d"), "logs"),
    Product(("fluent-bit", "fluentbit"), "logs"),
    Product(("filebeat",), "logs"),
    Product(("loki",), "logs", (), ("logs",)),
    Product(("promtail",), "logs"),
    Product(("graylog",), "logs", (), ("logs",)),
    Product(("seq",), "logs", (), ("logs",)),
    # metrics and traces
    Product(("prometheus",), "metrics", (), ("metrics",)),
    Product(("mimir",), "metrics", (), ("metrics",)),
    Product(("victoriametrics", "victoria-metrics"), "metrics", (), ("metrics",)),
    Product(("alertmanager", "alert-manager"), "metrics"),
    Product(("grafana",), "dashboard"),
    Product(("pushgateway",), "metrics"),
    Product(("cadvisor",), "metrics"),
    Product(
        ("jaeger", "jaegertracing", "jaeger-all-in-one"),
        "tracing",
        (*_OTEL, "jaeger", "jaeger_client", "jaeger-client"),
        ("traces",),
    ),
    Product(
        ("zipkin",),
        "tracing",
        (*_OTEL, "zipkin", "py_zipkin", "sleuth", "brave", "micrometer-tracing", "opencensus"),
        ("traces",),
    ),
    Product(("tempo",), "tracing", _OTEL, ("traces",)),
    Product(("otel-collector", "opentelemetry-collector", "open-telemetry-collector"), "telemetry"),
    Product(("skywalking",), "tracing", ("skywalking",), ("traces",)),
    # gateways, proxies, discovery, identity
    Product(("kong",), "gateway"),
    Product(("traefik",), "gateway"),
    Product(("nginx", "openresty"), "proxy", standalone=False),
    Product(("haproxy", "ha-proxy"), "proxy"),
    Product(("httpd", "apache", "apache-httpd"), "proxy", standalone=False),
    Product(("envoy",), "proxy", standalone=False),
    Product(("caddy",), "proxy", standalone=False),
    Product(("consul",), "discovery"),
    Product(("etcd",), "discovery", standalone=False),
    Product(("zookeeper", "zoo-keeper"), "discovery", standalone=False),
    Product(("eureka",), "discovery", standalone=False),
    Product(("nacos",), "discovery"),
    Product(("vault",), "secrets", standalone=False),
    Product(("keycloak", "key-cloak"), "identity"),
    Product(("schema-registry",), "broker-tool"),
    Product(("kafka-connect",), "broker-tool", standalone=False),
    Product(("debezium",), "broker-tool", standalone=False),
    Product(("turbine",), "dashboard", standalone=False),
    Product(("sonarqube", "sonar-qube"), "quality", standalone=False),
    Product(("dapr", "daprd"), "sidecar", standalone=False),
)

BY_NAME: Mapping[str, Product] = {spelling.replace("-", ""): item for item in PRODUCTS for spelling in item.spellings}

#: Words of an image that do not change what it is.
# fmt: off
_NOISE = frozenset((
    "alpine", "server", "cluster", "node", "community", "enterprise", "standalone", "slim", "management",
    "debian", "ubuntu", "bitnami", "official", "image", "docker", "all", "in", "one", "cp", "ce", "ee", "oss",
    "contrib", "demo", "single", "local", "dev", "custom", "base", "master", "slave", "primary", "replica",
    "standby", "standalone", "main",
))
# fmt: on


@lru_cache(maxsize=20_000)
def product_named(name: str) -> Product | None:
    """The product that a word of a document or a manifest names; None for any other word."""
    return BY_NAME.get("".join(words(name)))


@cache
def product_of_image(repository: str) -> Product | None:
    """The product inside an image, from its repository without the tag.

    ``bitnami/postgresql`` and ``acme/shop-mongodb`` hold one; ``redis-exporter`` or ``kafka-ui`` do not:
    a product's name followed by another word is another thing.
    """
    parts = tuple(words(repository.rsplit("/", 1)[-1]))
    while parts and (parts[-1] in _NOISE or parts[-1].isdigit()):
        parts = parts[:-1]
    if not parts:
        return product_named(repository.rsplit("/", 2)[-2]) if "/" in repository else None
    for size in range(min(3, len(parts)), 0, -1):
        found = BY_NAME.get("".join(parts[-size:]))
        if found:
            return found
    return None


def mentioned_products(text: str) -> tuple[Product, ...]:
    """The products that a sentence names, in its order, each once."""
    found: dict[str, Product] = {}
    for match in _spellings().finditer(text):
        item = BY_NAME[re.sub(r"[^a-z0-9]", "", match.group().lower())]
        found.setdefault(item.name, item)
    return tuple(found.values())


@cache
def _spellings() -> re.Pattern[str]:
    forms = sorted((s.replace("-", "[- _]?") for item in PRODUCTS for s in item.spellings), key=len, reverse=True)
    return re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(forms)})(?![A-Za-z0-9])", re.IGNORECASE)


def speaks_to(module: str, product: Product) -> bool:
    """Whether an imported module or a required package is a client of a product.

    ``opentelemetry.trace`` is of ``opentelemetry``, ``org.acme:amqp-starter`` and ``github.com/acme/amqp`` of ``amqp``.
    """
    return bool(_clients(product.clients).search(module))


@lru_cache(maxsize=20_000)
def speaks_to_any(module: str) -> bool:
    """Whether a module or a package is a client of any known product."""
    return bool(_clients(tuple(sorted({client for item in PRODUCTS for client in item.clients}))).search(module))


@cache
def _clients(names: tuple[str, ...]) -> re.Pattern[str]:
    forms = "|".join(map(re.escape, names)) or r"(?!)"
    return re.compile(rf"(?:^|[/:@])(?:{forms})(?:$|[./:_\\-])", re.IGNORECASE)
