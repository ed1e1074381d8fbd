"""Servers to look at: real ones (one set a session) and ones on loopback that misbehave."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.ports.fetch import Request
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.systems.http_fetch import HttpFetch
from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.testing import Room

from .bad_days import SECRET, Handler, free_port, wait_until


@pytest.fixture
def limits() -> Limits:
    return Limits(connect_s=0.5, ask_s=1.0, look_s=5.0, body_bytes=100_000)


@pytest.fixture
def serve() -> Iterator[Callable[[Handler], int]]:
    """Start a server on loopback that hands every connection to ``handler``; gives its port."""
    listeners: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def handle(handler: Handler, connection: socket.socket) -> None:
        with closing(connection), suppress(OSError):
            connection.settimeout(5)
            handler(connection)

    def accept(listener: socket.socket, handler: Handler) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threads.append(threading.Thread(target=handle, args=(handler, connection), daemon=True))
                threads[-1].start()

    def start(handler: Handler) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        threads.append(threading.Thread(target=accept, args=(listener, handler), daemon=True))
        threads[-1].start()
        return int(listener.getsockname()[1])

    yield start
    for listener in listeners:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
    for thread in threads:
        thread.join(6)


@pytest.fixture(scope="session")
def untrusted(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A server's side of TLS, with a certificate that nobody vouches for."""
    home = tmp_path_factory.mktemp("tls")
    argv = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    made = subprocess.run(
        [*argv, "-keyout", str(home / "key"), "-out", str(home / "cert")], capture_output=True, check=False
    )
    assert made.returncode == 0, made.stderr
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(home / "cert", home / "key")
    return context


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that other users may enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="distaudit-systems-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


_PG = Path("/usr/lib/postgresql/15/bin")


@pytest.fixture(scope="session")
def postgres(shared_folder: Path) -> Iterator[SimpleNamespace]:
    """A primary with a streaming standby: ``primary`` and ``standby`` are URLs without user."""
    if not (_PG / "postgres").exists():
        pytest.skip("PostgreSQL 15 is not installed")
    root = os.geteuid() == 0
    as_user = {"user": "postgres", "group": "postgres", "extra_groups": []} if root else {}
    home = shared_folder / "pg"
    home.mkdir()
    if root:
        shutil.chown(home, "postgres", "postgres")

    def run(*argv: object) -> None:
        done = subprocess.run([str(word) for word in argv], cwd=home, capture_output=True, check=False, **as_user)
        assert done.returncode == 0, done.stderr.decode()

    primary, standby = free_port(), free_port()
    run(_PG / "initdb", "-N", "-U", "postgres", "-A", "trust", "-D", home / "a")
    (home / "a/pg_hba.conf").write_text(
        "host replication all 127.0.0.1/32 trust\n"
        "host all guarded 127.0.0.1/32 scram-sha-256\n"
        "host all all 127.0.0.1/32 trust\n"
    )
    common = "listen_addresses='127.0.0.1'\nunix_socket_directories=''\nfsync=off\n"
    with (home / "a/postgresql.conf").open("a") as conf:
        conf.write(f"{common}port={primary}\nmax_connections=20\n")
    run(_PG / "pg_ctl", "-D", home / "a", "-w", "-l", home / "a.log", "start")
    try:
        run(_PG / "pg_basebackup", "-h", "127.0.0.1", "-p", primary, "-U", "postgres", "-D", home / "b", "-R", "-cfast")
        with (home / "b/postgresql.conf").open("a") as conf:
            conf.write(f"port={standby}\n")
        run(_PG / "pg_ctl", "-D", home / "b", "-w", "-l", home / "b.log", "start")
        for sql in (
            f"create role guarded login password '{SECRET}'",
            "create role plain login",
            "create role strangled login",
            "alter role strangled set statement_timeout = '1ms'",
            "create role stuck login",
            "alter role stuck set default_transaction_read_only = on",
        ):
            run(_PG / "psql", "-h", "127.0.0.1", "-p", primary, "-U", "postgres", "-c", sql)
        yield SimpleNamespace(
            primary=f"postgresql://{{}}@127.0.0.1:{primary}/postgres",
            standby=f"postgresql://{{}}@127.0.0.1:{standby}/postgres",
            port=primary,
        )
    finally:
        for name in ("b", "a"):
            if (home / name / "postmaster.pid").exists():
                run(_PG / "pg_ctl", "-D", home / name, "-m", "immediate", "stop")


_RABBIT = Path("/usr/lib/rabbitmq/bin")


@pytest.fixture(scope="session")
def rabbit(shared_folder: Path) -> Iterator[SimpleNamespace]:
    """A broker with management: ``amqp`` and ``management`` are URLs that lack the user."""
    if not (_RABBIT / "rabbitmq-server").exists():
        pytest.skip("RabbitMQ is not installed")
    home = shared_folder / "rabbit"
    home.mkdir()
    amqp, management, epmd, dist = (free_port() for _ in range(4))
    (home / ".erlang.cookie").write_text("DISTAUDITSYSTEMS")
    (home / ".erlang.cookie").chmod(0o400)
    (home / "rabbit.conf").write_text(
        f"listeners.tcp.1 = 127.0.0.1:{amqp}\nmanagement.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {management}\n"
    )
    (home / "plugins").write_text("[rabbitmq_management].")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "ERL_EPMD_PORT": str(epmd),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": f"distaudit{amqp}@localhost",
        "RABBITMQ_DIST_PORT": str(dist),
        "RABBITMQ_MNESIA_BASE": str(home / "mnesia"),
        "RABBITMQ_LOG_BASE": str(home / "log"),
        "RABBITMQ_CONFIG_FILE": str(home / "rabbit.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "plugins"),
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",
    }
    with (home / "out").open("w") as out:
        server = subprocess.Popen([_RABBIT / "rabbitmq-server"], env=environment, stdout=out, stderr=out, cwd=home)
    made = SimpleNamespace(
        amqp=f"amqp://{{}}@127.0.0.1:{amqp}/%2F", management=f"http://{{}}@127.0.0.1:{management}", dist=dist
    )
    try:
        wait_until(lambda: _api(made, "GET", "overview") == 200, 60)
        for user, tags in (("plain", ""), ("managed", "management"), ("elsewhere", "management")):
            _api(made, "PUT", f"users/{user}", {"password": SECRET, "tags": tags})
        _api(made, "PUT", "permissions/%2F/managed", {"configure": "^$", "write": "^$", "read": "^$"})
        made.api = lambda *args: _api(made, *args)
        yield made
    finally:
        server.terminate()
        server.wait(30)
        subprocess.run(["epmd", "-port", str(epmd), "-kill"], capture_output=True, check=False)


def _api(made: SimpleNamespace, method: str, path: str, body: object = None) -> int:
    try:
        return HttpFetch()(Request(method, f"{made.management.format('guest:guest')}/api/{path}", json=body)).status
    except Unobservable:
        return 0


_CONSUL = """
[targets.it.systems.open]
kind = "consul"
[targets.it.systems.open.native]
services = [
    {name = "worker", address = "127.0.0.1", port = "{open.port}"},
    {name = "dead", address = "127.0.0.1", port = 1},
]
[targets.it.systems.locked]
kind = "consul"
[targets.it.systems.locked.native]
token = "SECRET"
services = [{name = "worker", port = 80}]
"""


@pytest.fixture(scope="session")
def consul(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """Two agents: ``url`` is open to everybody, ``locked`` to its token; ``token`` makes one with those rules."""
    if missing := builtin_recipes()["consul"].missing():
        pytest.skip(missing)
    with Room(tmp_path_factory.mktemp("consul"), _CONSUL.replace("SECRET", SECRET)) as room:
        urls = {name: located.endpoints["url"] for name, located in room.located.items()}

        def token(rules: str) -> str:
            base, headers = urls["locked"].replace(f":{SECRET}@", ""), {"X-Consul-Token": SECRET}
            policy = {"Name": "part", "Rules": rules}
            HttpFetch()(Request("PUT", f"{base}/v1/acl/policy", headers, policy))
            made = HttpFetch()(Request("PUT", f"{base}/v1/acl/token", headers, {"Policies": [{"Name": "part"}]}))
            return str(made.decoded("token")["SecretID"])

        yield SimpleNamespace(url=urls["open"], locked=urls["locked"], token=token)
