"""Connections by the kernel's word: what is read of sockets, heard of those that end, and told of a system."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.edges import Edges
from pytest_distaudit.ports.located import Inventory, Located
from pytest_distaudit.systems import _edges, _ended, _sockets
from pytest_distaudit.systems._edges import edges_of
from pytest_distaudit.systems._sockets import Row, parsed, place, rows
from pytest_distaudit.wiring import load_kinds

ROOT = pytest.mark.skipif(
    os.geteuid() != 0 or sys.platform != "linux" or shutil.which("ss") is None, reason="root and ss alone may look"
)

TOLD = """\
tcp   ESTAB 0 0 127.0.0.1:6379 127.0.0.1:5000 users:(("redis-server",pid=7,fd=9)) cubic wscale:7,7 rto:204 cwnd:10 \
bytes_acked:5 segs_out:9 segs_in:9 data_segs_out:3 data_segs_in:4 send 1Mbps
tcp   ESTAB 0 0 [::ffff:127.0.0.1]:80 [::ffff:10.0.0.7]:5001 users:(("a \\"b\\"",pid=8,fd=9),("c",pid=9,fd=9)) cwnd:10
tcp   LISTEN 0 128 *:80 *:* users:(("nginx",pid=8,fd=6)) cubic cwnd:10
tcp   ESTAB 0 0 10.0.0.1:1 10.0.0.2:2
udp   UNCONN 0 0 127.0.0.53%lo:53 0.0.0.0:* users:(("resolved",pid=3,fd=1))
u_str ESTAB 0 0 /run/with space/a.sock 77 * 78 users:(("postgres",pid=4,fd=5))
u_str ESTAB 0 0 * 78 * 77 users:(("python3",pid=5,fd=5))
u_dgr UNCONN 0 0 * 79 * 80 users:(("python3",pid=5,fd=6))
nonsense
"""


def test_what_ss_prints() -> None:
    assert list(parsed(TOLD)) == [
        Row("tcp", "ESTAB", "127.0.0.1:6379", "127.0.0.1:5000", {7: "redis-server"}, 3, 4),
        Row("tcp", "ESTAB", "127.0.0.1:80", "10.0.0.7:5001", {9: "c"}, 0, 0),
        Row("tcp", "LISTEN", "*:80", "", {8: "nginx"}, 0, 0),
        Row("tcp", "ESTAB", "10.0.0.1:1", "10.0.0.2:2", {}),
        Row("udp", "UNCONN", "127.0.0.53:53", "", {3: "resolved"}),
        Row("unix", "ESTAB", "unix:77", "unix:78", {4: "postgres"}, path="/run/with space/a.sock"),
        Row("unix", "ESTAB", "unix:78", "unix:77", {5: "python3"}),
    ]
    assert list(parsed("\x00\xff(((((\n" * 3)) == []


@pytest.mark.parametrize(
    ("written", "meant"),
    [("[::1]:80", "::1:80"), ("0.0.0.0:*", ""), ("[fe80::1]%eth0:22", "fe80::1:22"), ("*:80", "*:80"), ("", "")],
)
def test_places(written: str, meant: str) -> None:
    assert place(written) == meant


@pytest.mark.parametrize(
    ("done", "reason"),
    [
        (SimpleNamespace(returncode=1, stderr=b"Operation not permitted", stdout=b""), Reason.FORBIDDEN),
        (SimpleNamespace(returncode=255, stderr=b"invalid option -- 'O'", stdout=b""), Reason.UNSUPPORTED_VERSION),
        (SimpleNamespace(returncode=1, stderr=b"\xff", stdout=b""), Reason.PROTOCOL_ERROR),
        (SimpleNamespace(returncode=0, stderr=b"", stdout=b"x" * (_sockets._MOST_BYTES + 1)), Reason.TOO_LARGE),
    ],
)
def test_ss_that_does_not_tell(monkeypatch: pytest.MonkeyPatch, done: SimpleNamespace, reason: Reason) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: name)
    monkeypatch.setattr(subprocess, "run", lambda *argv, **options: done)
    with pytest.raises(Unobservable) as told:
        rows("somewhere", 1)
    assert told.value.reason is reason


def test_ss_that_is_slow_or_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*argv: object, **options: object) -> None:
        raise subprocess.TimeoutExpired("ss", 5)

    monkeypatch.setattr(shutil, "which", lambda name: name)
    monkeypatch.setattr(subprocess, "run", slow)
    with pytest.raises(Unobservable) as told:
        rows("somewhere")
    assert told.value.reason is Reason.TIMED_OUT
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(Unobservable) as told:
        rows("somewhere")
    assert told.value.reason is Reason.NOT_INSTALLED


# --- connections that end


def datagram(source: tuple[str, int], to: tuple[str, int]) -> bytes:
    ends = struct.pack("!HH", source[1], to[1])
    ends += socket.inet_aton(source[0]).ljust(16, b"\0") + socket.inet_aton(to[0]).ljust(16, b"\0")
    body = bytes([socket.AF_INET, 7, 0, 0]) + ends + bytes(60)
    return struct.pack("=IHHII", 16 + len(body), 20, 2, 0, 0) + body


class Told:
    """A socket that brings these datagrams, then nothing more."""

    def __init__(self, *data: bytes | OSError) -> None:
        self.data = list(data)

    def recv(self, size: int) -> bytes:
        if not self.data:
            raise BlockingIOError
        one = self.data.pop(0)
        if isinstance(one, OSError):
            raise one
        return one


def ear(monkeypatch: pytest.MonkeyPatch, told: Told) -> _ended.Ear:
    monkeypatch.setattr(_ended, "_listening", lambda: told)
    return _ended.Ear(None)


CLIENT, SERVER = ("127.0.0.1", 40000), ("127.0.0.1", 80)


def test_both_ends_are_one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told()
    heard = ear(monkeypatch, told)
    assert heard.ended("front", {"80"}) == {}
    told.data = [datagram(CLIENT, SERVER) + datagram(SERVER, CLIENT), datagram(SERVER, ("10.0.0.7", 5))]
    told.data += [datagram(CLIENT, ("127.0.0.1", 81)), datagram(SERVER, ("0.0.0.0", 0)), b"", b"garbage" * 9]
    assert heard.ended("front", {"80"}) == {"127.0.0.1": 1, "10.0.0.7": 1}
    assert heard.ended("worker", {"81"}) == {}, "counted from when it was first asked about"


def test_what_was_missed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told()
    heard = ear(monkeypatch, told)
    heard.ended("front", {"80"})
    told.data = [datagram(CLIENT, SERVER), OSError(errno.ENOBUFS, "No buffer space available")]
    with pytest.raises(Unobservable) as missed:
        heard.ended("front", {"80"})
    assert missed.value.reason is Reason.INCONCLUSIVE_STATISTICS
    assert heard.ended("front", {"80"}) == {}


def test_who_may_not_listen(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses() -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(_ended, "_listening", refuses)
    with pytest.raises(Unobservable) as told:
        _ended.Ear(None)
    assert told.value.reason is Reason.FORBIDDEN


# --- a system

SERVES = """
import socket, threading
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
def answer(one):
    while one.recv(100):
        one.sendall(b"yes")
while True:
    threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()
"""
CALLS = """
import socket, sys
kept = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
for _ in range(3):
    kept.sendall(b"?")
    kept.recv(100)
for _ in range(4):
    with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as one:
        one.sendall(b"?")
print("done", flush=True)
input()
"""


@contextmanager
def running(*argv: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process, and the first line that it says."""
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
        process.kill()


def look(pid: int, port: str = "0") -> Edges:
    located = Located("server", "tcp", {"url": f"redis://127.0.0.1:{port}"}, inventory=lambda: Inventory(True, pid))
    fact = edges_of(only_answers=True)(SimpleNamespace(located=located, ways=[]), Edges.ask())
    assert isinstance(fact, Edges)
    return fact


def until_told(pid: int, port: str, many: int) -> Edges:
    """What has ended is told at once, but by another thread of the kernel's."""
    deadline = time.monotonic() + 5
    while (fact := look(pid, port)).ended != {"127.0.0.1": many} and time.monotonic() < deadline:
        time.sleep(0.05)
    return fact


@ROOT
def test_both_ends_of_a_connection() -> None:
    with running(sys.executable, "-c", SERVES) as (server, port):
        assert look(server.pid, port).ended == {}
        with running(sys.executable, "-c", CALLS, port) as (client, _):
            called, caller = until_told(server.pid, port, 4), look(client.pid)
            (there,), (here,) = called.connections or (), caller.connections or ()
            assert (here.local, here.remote) == (there.remote, there.local)
            assert (here.opened, there.opened) == (True, False)
            assert (there.sent, there.received, here.sent, here.received) == (3, 3, 3, 3)
            assert there.peer.endswith(f"(pid {client.pid})")
            assert called.ended == {"127.0.0.1": 4}
            assert called.at == (f"127.0.0.1:{port}",)
            assert (called.only_answers, called.network, called.hosts, called.besides) == (True, "", (), ())


@ROOT
@pytest.mark.skipif(shutil.which("unshare") is None or shutil.which("ip") is None, reason="makes a network")
def test_a_network_of_its_own() -> None:
    code = SERVES.replace('"', '\\"')
    argv = ["unshare", "-n", "sh", "-c", f'ip link set lo up && exec {sys.executable} -c "{code}"']
    with running(*argv) as (server, port):
        assert look(server.pid, port).ended == {}
        inside = ["nsenter", f"--net=/proc/{server.pid}/ns/net", sys.executable, "-c", CALLS, port]
        with running(*inside):
            fact = until_told(server.pid, port, 4)
            assert fact.network.startswith("net:")
            assert [one.received for one in fact.connections or ()] == [3]
            assert fact.ended == {"127.0.0.1": 4}


@ROOT
def test_sockets_in_the_file_system_and_datagrams_are_other_ways(tmp_path: object) -> None:
    code = f"""
import socket, time
files = socket.socket(socket.AF_UNIX); files.bind({str(tmp_path) + "/a"!r}); files.listen()
datagrams = socket.socket(type=socket.SOCK_DGRAM); datagrams.bind(("127.0.0.1", 0))
print(datagrams.getsockname()[1], flush=True)
time.sleep(60)
"""
    with running(sys.executable, "-c", code) as (server, port):
        assert look(server.pid).besides == ("a socket in the file system", f"UDP port {port}")


def test_processes_that_cannot_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    far = Located("server", "redis", {"url": "redis://192.0.2.7:6379"})
    fact = edges_of(only_answers=False)(SimpleNamespace(located=far, ways=[]), Edges.ask())
    assert isinstance(fact, Edges)
    assert fact.connections is None
    assert fact.at == ("192.0.2.7:6379",)
    assert "cannot be seen from here" in fact.unseen
    monkeypatch.setattr(_edges, "_readable", lambda pid: False)
    hidden = look(os.getpid())
    assert hidden.connections is None
    assert "to root alone" in hidden.unseen


def test_every_kind_answers() -> None:
    kinds = load_kinds()
    assert all(Edges.capability in kinds[name].answers for name in kinds)
    assert {name for name in kinds if kinds[name].only_answers} >= {"redis", "postgres", "rabbitmq", "kafka"}
    assert not any(kinds[name].only_answers for name in ("http", "grpc", "process", "haproxy"))
