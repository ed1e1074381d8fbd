"""What the page on private authorities says: the file that SSL_CERT_FILE names is trusted, and nothing else new."""

from __future__ import annotations

import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.fetch import Request
from pytest_distaudit.systems import http_fetch
from pytest_distaudit.systems._wire import Wire


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


class _Server(HTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that does not trust it hangs up."""


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    path = tmp_path / "own.pem"
    words = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    command = ["openssl", *words.split(), "-keyout", str(tmp_path / "key.pem"), "-out", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    return path


@pytest.fixture
def port(certificate: Path) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    with _Server(("127.0.0.1", 0), _Page) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def fresh_trust() -> Iterator[None]:
    """The store is read once a process; here it changes."""
    http_fetch.trust.cache_clear()
    yield
    http_fetch.trust.cache_clear()


def test_an_authority_of_ones_own_is_trusted(certificate: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch = http_fetch.HttpFetch()
    with pytest.raises(Unobservable) as refused:
        fetch(Request("GET", f"https://localhost:{port}/"))
    assert refused.value.reason is Reason.TLS_UNTRUSTED
    http_fetch.trust.cache_clear()
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert fetch(Request("GET", f"https://localhost:{port}/")).status == 200
    with Wire("localhost", port, 5, 2, tls=True):
        pass


def test_the_name_is_verified_all_the_same(certificate: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with pytest.raises(Unobservable) as refused:
        http_fetch.HttpFetch()(Request("GET", f"https://127.0.0.1:{port}/"))
    assert refused.value.reason is Reason.TLS_UNTRUSTED
