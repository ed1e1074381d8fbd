"""Register in Consul (its address is the first argument) what the audited system had there: 31 services, once, by a
script. Some of them exist."""

import json
import sys
import urllib.request

AGENTS = ("code", "deployment", "documentation", "hardware", "monitoring", "planning", "research", "security", "testing")
NAMES = ("backend", "frontend", "postgres", "redis", "neo4j", "chromadb", "qdrant", "ollama", "rabbitmq", "kong", "consul-ui",
         "prometheus", "grafana", "loki", "alertmanager", "jaeger", "worker", "front", "mesh", "gateway", "scheduler", "notifier",
         *(f"agent-{name}" for name in AGENTS))  # fmt: skip

if __name__ == "__main__":
    for number, name in enumerate(NAMES):
        body = json.dumps({"Name": name, "Address": "127.0.0.1", "Port": 10000 + number}).encode()
        request = urllib.request.Request(f"{sys.argv[1]}/v1/agent/service/register", body, method="PUT")
        with urllib.request.urlopen(request, timeout=5) as answer:
            answer.read()
