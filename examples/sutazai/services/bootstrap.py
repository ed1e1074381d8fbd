"""Register in Consul (its address is the first argument) what the audited system had there: 31 services, once, by a
script. Some of them exist."""

import json
import sys
import urllib.request

DATA = ("postgres", "redis", "neo4j", "chromadb", "qdrant", "ollama")
MESH = ("kong", "rabbitmq", "consul-ui", "mesh", "gateway")
OBSERVERS = ("prometheus", "grafana", "loki", "alertmanager", "jaeger")
OWN = ("backend", "frontend", "front", "worker", "scheduler", "notifier")
AGENTS = (
    "code",
    "deployment",
    "documentation",
    "hardware",
    "monitoring",
    "planning",
    "research",
    "security",
    "testing",
)
NAMES = (*DATA, *MESH, *OBSERVERS, *OWN, *(f"agent-{name}" for name in AGENTS))

if __name__ == "__main__":
    for number, name in enumerate(NAMES):
        body = json.dumps({"Name": name, "Address": "127.0.0.1", "Port": 10000 + number}).encode()
        request = urllib.request.Request(f"{sys.argv[1]}/v1/agent/service/register", body, method="PUT")
        with urllib.request.urlopen(request, timeout=5) as answer:
            answer.read()
