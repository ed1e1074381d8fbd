"""How each kind of system is started natively."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from pytest_distaudit.targets.recipe import Recipe

_BUILT_IN = (
    "pytest_distaudit.targets.recipes.chromadb.ChromadbRecipe",
    "pytest_distaudit.targets.recipes.consul.ConsulRecipe",
    "pytest_distaudit.targets.recipes.etcd.EtcdRecipe",
    "pytest_distaudit.targets.recipes.grpc.GrpcRecipe",
    "pytest_distaudit.targets.recipes.haproxy.HaproxyRecipe",
    "pytest_distaudit.targets.recipes.http.HttpRecipe",
    "pytest_distaudit.targets.recipes.jaeger.JaegerRecipe",
    "pytest_distaudit.targets.recipes.kafka.KafkaRecipe",
    "pytest_distaudit.targets.recipes.mcp.McpRecipe",
    "pytest_distaudit.targets.recipes.neo4j.Neo4jRecipe",
    "pytest_distaudit.targets.recipes.nginx.NginxRecipe",
    "pytest_distaudit.targets.recipes.ollama.OllamaRecipe",
    "pytest_distaudit.targets.recipes.postgres.PostgresRecipe",
    "pytest_distaudit.targets.recipes.process.ProcessRecipe",
    "pytest_distaudit.targets.recipes.prometheus.PrometheusRecipe",
    "pytest_distaudit.targets.recipes.rabbitmq.RabbitmqRecipe",
    "pytest_distaudit.targets.recipes.redis.RedisRecipe",
    "pytest_distaudit.targets.recipes.redis_sentinel.RedisSentinelRecipe",
    "pytest_distaudit.targets.recipes.zipkin.ZipkinRecipe",
)


def builtin_recipes() -> Mapping[str, Recipe]:
    """Kind -> recipe, for every kind that can be started without an extension."""
    found: dict[str, Recipe] = {}
    for path in _BUILT_IN:
        module, _, name = path.rpartition(".")
        recipe: Recipe = getattr(import_module(module), name)()
        found[recipe.kind] = recipe
    return found
