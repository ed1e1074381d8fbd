"""The example's services trace where a store is named, and a store that is away or never answers costs them nothing."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.systems.bad_days import free_port, wait_until

SERVICES = Path(__file__).parents[1] / "examples" / "sutazai" / "services"
LIMIT_S = 5.0


@contextmanager
def tools(store: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A tool server that reports to the store."""
    port = free_port()
    environment = {**os.environ, "PORT": str(port), "NAME": "mcp-words", "OTEL_EXPORTER_OTLP_ENDPOINT": store}
    process = subprocess.Popen(
        [sys.executable, "tools.py", "words"], cwd=SERVICES, env=environment, stderr=subprocess.DEVNULL
    )
    try:
        wait_until(lambda: answered(f"http://127.0.0.1:{port}/live"))
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def answered(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=LIMIT_S) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def ping(url: str) -> None:
    body = b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}'
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=LIMIT_S) as answer:
        assert answer.status == 200


@pytest.mark.live
@pytest.mark.parametrize("store", ["away", "never answers"])
def test_requests_do_not_wait_for_the_store(store: str) -> None:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
        port = silent.getsockname()[1] if store == "never answers" else free_port()
        with tools(f"http://127.0.0.1:{port}") as (process, url):
            began = time.monotonic()
            while time.monotonic() - began < 1.5:  # the thread beside tries meanwhile
                ping(url)
            process.terminate()
            process.wait(timeout=15)


def test_without_a_store_nothing_is_traced_and_nothing_imported() -> None:
    code = (
        "import sys, tracing\n"
        "tracing.start('a', 'b')\n"
        "with tracing.span('x', {'traceparent': '00-' + 'a' * 32 + '-' + 'b' * 16 + '-01'}): pass\n"
        "assert tracing.handed_on() == {}\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')]\n"
    )
    environment = {name: text for name, text in os.environ.items() if not name.startswith("OTEL_")}
    subprocess.run([sys.executable, "-c", code], cwd=SERVICES, env=environment, check=True)


def test_a_trace_is_handed_on() -> None:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
    code = (
        "import os, tracing\n"
        "tracing.start('a', 'b')\n"
        "with tracing.span('x', {'traceparent': '00-' + 'a' * 32 + '-' + 'b' * 16 + '-01'}):\n"
        "    told = tracing.handed_on()\n"
        "assert told['traceparent'].startswith('00-' + 'a' * 32) and 'b' * 16 not in told['traceparent']\n"
        "assert tracing.handed_on() == {}\n"
        "os._exit(0)\n"  # nobody is there to take what waits
    )
    environment = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{free_port()}"}
    subprocess.run([sys.executable, "-c", code], cwd=SERVICES, env=environment, check=True)
