"""A stand-in for Kong, made from its published Admin API: it can refute claims about Kong, never verify them.

Run as a program it serves what ``KONG_CONFIG`` holds (JSON: services, routes, upstreams) on ``PORT`` (requests) and
``ADMIN_PORT`` (Admin API). ``KONG_METRICS=yes``: as with the plugin prometheus and status_code_metrics.
"""

from __future__ import annotations

import json
import os
import threading
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

VERSION = "3.9.1"
NO_ROUTE = {"message": "no Route matched with those values", "request_id": "0123456789abcdef0123456789abcdef"}


class Node:
    """One node: its configuration and its counters."""

    def __init__(self, services: Any = (), routes: Any = (), upstreams: Any = (), metrics: bool = False) -> None:
        self.services = [{"id": f"id-{one['name']}", "port": 80, "enabled": True, **one} for one in services]
        self.routes = [
            {"id": f"id-{n}", "hosts": None, "paths": None, "methods": None, **one} for n, one in enumerate(routes)
        ]
        self.upstreams = [{"id": f"id-{one['name']}", **one} for one in upstreams]
        self.metrics = metrics
        self.requests = 0
        self.counts: Counter[tuple[str, str, int]] = Counter()
        self._lock = threading.Lock()

    def count(self, service: str = "", source: str = "", status: int = 0) -> None:
        with self._lock:
            self.requests += 1
            if source:
                self.counts[service, source, status] += 1

    def told(self, path: str, query: dict[str, list[str]]) -> Any:
        """What the Admin API answers; None: not found."""
        parts = path.strip("/").split("/")
        if path == "/":
            plugins = {"available_on_server": {"prometheus": True}, "enabled_in_cluster": []}
            pids = {"master": os.getpid(), "workers": [os.getpid()]}
            node = "6a72192c-a3a1-4c8d-95c6-efabae9fb969"
            return {"version": VERSION, "node_id": node, "plugins": plugins, "pids": pids, "tagline": "Welcome to kong"}
        if path == "/status":
            return {"server": {"total_requests": self.requests}, "configuration_hash": "f" * 32, "memory": {}}
        if path == "/plugins":
            config = {"status_code_metrics": self.metrics}
            return self.page(
                [{"name": "prometheus", "enabled": True, "config": config}] if self.metrics else [], path, query
            )
        if len(parts) == 1 and parts[0] in ("services", "routes", "upstreams"):
            return self.page(getattr(self, parts[0]), path, query)
        if len(parts) == 3 and parts[0] == "upstreams" and parts[2] == "health":
            found = [one for one in self.upstreams if one["id"] == parts[1]]
            return self.page(found[0].get("targets", []), path, query) if found else None
        return None

    @staticmethod
    def page(rows: list[Any], path: str, query: dict[str, list[str]]) -> Any:
        size, offset = int(query.get("size", ["100"])[0]), int(query.get("offset", ["0"])[0])
        more = offset + size < len(rows)
        following = f"{path}?offset={offset + size}&size={size}" if more else None
        return {"data": rows[offset : offset + size], "next": following}

    def exposed(self) -> str:
        lines = ["# TYPE kong_node_info gauge", f'kong_node_info{{node_id="n",version="{VERSION}"}} 1']
        lines += [
            f'kong_http_requests_total{{service="{service}",route="r",code="{status}",source="{source}",'
            f'workspace="default",consumer=""}} {times}'
            for (service, source, status), times in self.counts.items()
        ]
        return "\n".join(lines) + "\n"

    def leads(self, method: str, path: str) -> tuple[str, str] | None:
        """(service, address) that the request goes to; the longest path wins."""
        fitting = [
            (len(prefix), one)
            for one in self.routes
            if method in (one["methods"] or [method])
            for prefix in one["paths"] or [""]
            if path.startswith(prefix)
        ]
        if not fitting:
            return None
        service_id = max(fitting, key=lambda pair: pair[0])[1]["service"]["id"]
        service = next(one for one in self.services if one["id"] == service_id)
        upstream = next((one for one in self.upstreams if one["name"] == service["host"]), None)
        place = upstream["targets"][0]["target"] if upstream else f"{service['host']}:{service['port']}"
        return service["name"], place


def handler(node: Node, serve: Any) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = serve(node, self.command, self.path)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    return Handler


def admin(node: Node, method: str, target: str) -> tuple[int, dict[str, str], bytes]:
    node.count()
    parts = urlsplit(target)
    if parts.path == "/metrics" and node.metrics:
        return 200, {"Content-Type": "text/plain; charset=UTF-8"}, node.exposed().encode()
    told = node.told(parts.path, parse_qs(parts.query))
    body = json.dumps({"message": "Not found"} if told is None else told).encode()
    return 404 if told is None else 200, {"Content-Type": "application/json", "Server": f"kong/{VERSION}"}, body


def proxy(node: Node, method: str, target: str) -> tuple[int, dict[str, str], bytes]:
    own = {"Server": f"kong/{VERSION}", "X-Kong-Response-Latency": "0", "Content-Type": "application/json"}
    leads = node.leads(method, urlsplit(target).path)
    if leads is None:
        node.count("", "kong", 404)
        return 404, own, json.dumps(NO_ROUTE).encode()
    service, place = leads
    try:
        with urllib.request.urlopen(f"http://{place}{target}", timeout=5) as answer:
            status, body = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, body = error.code, error.read()
    except OSError:
        node.count(service, "kong", 502)
        return 502, own, b'{"message":"An invalid response was received from the upstream server"}'
    node.count(service, "service", status)
    return status, {"Via": f"1.1 kong/{VERSION}", "X-Kong-Upstream-Latency": "1", "X-Kong-Proxy-Latency": "0"}, body


def start(
    node: Node, port: int = 0, admin_port: int = 0, host: str = "127.0.0.1"
) -> tuple[ThreadingHTTPServer, ThreadingHTTPServer]:
    """(what takes requests, the Admin API), both serving."""
    servers = (
        ThreadingHTTPServer((host, port), handler(node, proxy)),
        ThreadingHTTPServer((host, admin_port), handler(node, admin)),
    )
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return servers


#: what the report found: services, and no route to any
UNROUTED = ("api", "mesh", "ui", "agents", "jarvis")


@contextmanager
def unrouted(host: str, port: int, admin_port: int) -> Iterator[None]:
    """A node that has the report's services and sends nothing to them."""
    node = Node(services=[{"name": name, "host": "127.0.0.1"} for name in UNROUTED])
    servers = start(node, port, admin_port, host)
    try:
        yield
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


if __name__ == "__main__":
    configured = json.loads(os.environ["KONG_CONFIG"])
    kong = Node(**configured, metrics=os.environ.get("KONG_METRICS") == "yes")
    start(kong, int(os.environ["PORT"]), int(os.environ["ADMIN_PORT"]))
    threading.Event().wait()
