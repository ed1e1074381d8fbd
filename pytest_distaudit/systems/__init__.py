"""How each kind of system is observed: one file per kind, a table of asks and a parser."""

#: the kinds that come with the plugin, as ``module:attribute``; imported when a target names them
BUILTIN = (
    "pytest_distaudit.systems.chromadb:KIND",
    "pytest_distaudit.systems.consul:KIND",
    "pytest_distaudit.systems.docker:KIND",
    "pytest_distaudit.systems.etcd:KIND",
    "pytest_distaudit.systems.grpc:KIND",
    "pytest_distaudit.systems.haproxy:KIND",
    "pytest_distaudit.systems.http:KIND",
    "pytest_distaudit.systems.jaeger:KIND",
    "pytest_distaudit.systems.kafka:KIND",
    "pytest_distaudit.systems.mcp:KIND",
    "pytest_distaudit.systems.neo4j:KIND",
    "pytest_distaudit.systems.kong:KIND",
    "pytest_distaudit.systems.nginx:KIND",
    "pytest_distaudit.systems.ollama:KIND",
    "pytest_distaudit.systems.postgres:KIND",
    "pytest_distaudit.systems.process:KIND",
    "pytest_distaudit.systems.prometheus:KIND",
    "pytest_distaudit.systems.qdrant:KIND",
    "pytest_distaudit.systems.rabbitmq:KIND",
    "pytest_distaudit.systems.redis:KIND",
    "pytest_distaudit.systems.redis_sentinel:KIND",
    "pytest_distaudit.systems.zipkin:KIND",
)
