"""The relay between a caller and a system: what it does to connections, and what it hears."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_distaudit.domain.fault import Fault
from pytest_distaudit.ports.control import Uncontrolled
from pytest_distaudit.targets.relays.heard import Hearing
from pytest_distaudit.targets.relays.relay import Relays, TcpRelay
from tests.thorough import many

NONCE = f"distaudit-{'ab' * 16}"
OTHER = f"distaudit-{'cd' * 16}"


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def system() -> Iterator[tuple[str, int]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield "127.0.0.1", server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def relay(system: tuple[str, int]) -> Iterator[TcpRelay]:
    with Relays().running() as relays:
        yield relays.between(lambda: system, speaks_http=True)


class Caller:
    """One connection."""

    def __init__(self, relay: TcpRelay, patience: float = 0.3) -> None:
        self.socket = socket.create_connection(relay.address, timeout=patience)

    def ask(self, word: str = NONCE) -> bytes:
        """The body of the answer; b"" if the connection was closed. Raises OSError."""
        self.socket.sendall(f"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: {len(word)}\r\n\r\n{word}".encode())
        got = b""
        while not got.endswith(word.encode()) and b" 503 " not in got:
            data = self.socket.recv(4096)
            if not data:
                break
            got += data
        return got


def asked(relay: TcpRelay, word: str = NONCE) -> bytes:
    caller = Caller(relay)
    with closing(caller.socket):
        return caller.ask(word)


def test_it_passes_everything_on_and_hears_each_request(relay: TcpRelay) -> None:
    caller = Caller(relay)
    with closing(caller.socket):
        assert caller.ask().endswith(NONCE.encode())
        assert caller.ask(OTHER).endswith(OTHER.encode())
    asked(relay, "nothing")
    arrivals, lines = relay.seen()
    assert [(one.words, one.nonces, one.connection) for one in arrivals] == [
        ("POST /echo", (NONCE,), 1),
        ("POST /echo", (OTHER,), 1),
        ("POST /echo", (), 2),
    ]
    wait(lambda: all(line.closed for line in relay.seen()[1]))
    assert [line.number for line in lines] == [1, 2]


def test_refused_is_refused_and_the_port_is_kept(relay: TcpRelay) -> None:
    caller = Caller(relay)
    caller.ask()
    relay.stand(Fault.REFUSE)
    with closing(caller.socket), pytest.raises(ConnectionResetError):
        caller.socket.recv(1)
    for _ in range(3):
        with pytest.raises(ConnectionRefusedError):
            Caller(relay)
    relay.stand(None)
    assert asked(relay).endswith(NONCE.encode())


def test_half_open_accepts_and_stays_silent_and_what_was_lost_is_not_delivered_later(relay: TcpRelay) -> None:
    before, after = Caller(relay), None
    before.ask()
    relay.stand(Fault.HALF_OPEN)
    after = Caller(relay)
    for caller in (before, after):
        with pytest.raises(TimeoutError):
            caller.ask(OTHER)
    relay.stand(None)
    for caller in (before, after):
        with closing(caller.socket), pytest.raises(ConnectionResetError):
            caller.socket.recv(1)
    heard = [one.nonces for one in relay.seen()[0]]
    assert heard == [(NONCE,), (OTHER,), (OTHER,)]
    assert asked(relay).endswith(NONCE.encode())


def test_when_the_caller_gives_up_is_seen_and_when_the_audit_ends_it_is_not(relay: TcpRelay) -> None:
    relay.stand(Fault.HALF_OPEN)
    patient, hasty = Caller(relay), Caller(relay)
    with pytest.raises(TimeoutError):
        hasty.ask()
    began = time.monotonic()
    hasty.socket.close()
    wait(lambda: relay.seen()[1][1].closed is not None)
    closed = relay.seen()[1][1].closed
    assert closed is not None
    assert abs(closed - began) < 0.5
    relay.stand(None)
    with closing(patient.socket), pytest.raises(ConnectionResetError):
        patient.socket.recv(1)
    assert relay.seen()[1][0].closed is None


def test_a_cut_tells_nobody_anything(relay: TcpRelay) -> None:
    before = Caller(relay)
    before.ask()
    relay.stand(Fault.CUT)
    with pytest.raises(TimeoutError):
        before.ask(OTHER)
    for _ in range(2):
        with pytest.raises(TimeoutError):
            Caller(relay)
    relay.stand(None)
    with closing(before.socket), pytest.raises(ConnectionResetError):
        before.socket.recv(1)
    assert asked(relay).endswith(NONCE.encode())


def test_idle_connections_outlive_a_silence(relay: TcpRelay) -> None:
    caller = Caller(relay)
    with closing(caller.socket):
        caller.ask()
        relay.stand(Fault.HALF_OPEN)
        relay.stand(None)
        assert caller.ask(OTHER).endswith(OTHER.encode())


@pytest.mark.parametrize(("fault", "status"), [(Fault.ERROR, b"503"), (Fault.REJECT, b"400")])
def test_errors_are_answered_in_the_systems_place(relay: TcpRelay, fault: Fault, status: bytes) -> None:
    before = Caller(relay)
    before.ask()
    relay.stand(fault)
    with closing(before.socket), pytest.raises(ConnectionResetError):
        before.socket.recv(1)
    assert asked(relay, OTHER).startswith(b"HTTP/1.1 %s " % status)
    relay.stand(None)
    assert asked(relay).endswith(NONCE.encode())
    assert [one.nonces for one in relay.seen()[0]] == [(NONCE,), (OTHER,), (NONCE,)]


def test_a_delay_holds_answers_back_and_loses_none(relay: TcpRelay) -> None:
    caller = Caller(relay, patience=2)
    with closing(caller.socket):
        caller.ask()
        relay.stand(Fault.DELAY, 0.2)
        began = time.monotonic()
        assert caller.ask(OTHER).endswith(OTHER.encode())
        assert time.monotonic() - began >= 0.2
        relay.stand(None)
        assert caller.ask().endswith(NONCE.encode())


def test_answers_drip_byte_by_byte_and_are_ended_with_it(relay: TcpRelay) -> None:
    caller = Caller(relay, patience=2)
    with closing(caller.socket):
        relay.stand(Fault.DRIP, 0.1)
        caller.socket.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        began = time.monotonic()
        assert [caller.socket.recv(100) for _ in range(4)] == [b"H", b"T", b"T", b"P"]
        assert time.monotonic() - began >= 0.4
        relay.stand(None)
        with pytest.raises(ConnectionResetError):
            while True:
                caller.socket.recv(100)
    assert asked(relay).endswith(NONCE.encode())


def test_who_hangs_up_on_an_answer_that_drips_is_seen_at_once(relay: TcpRelay) -> None:
    caller = Caller(relay, patience=2)
    relay.stand(Fault.DRIP, 0.05)
    with closing(caller.socket):
        caller.socket.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        caller.socket.recv(1)
    left, closed = time.monotonic(), None
    while closed is None and time.monotonic() < left + 2:
        (line,) = relay.seen()[1]
        closed = line.closed
        time.sleep(0.01)
    assert closed is not None
    assert closed - left < 0.5


def test_what_is_the_audits_own_is_treated_alike_and_not_counted(relay: TcpRelay) -> None:
    with closing(socket.socket()) as mine:
        mine.bind(("127.0.0.1", 0))
        relay.own(mine.getsockname()[1])
        mine.connect(relay.address)
        mine.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        mine.recv(10)
    asked(relay)
    arrivals, lines = relay.seen()
    assert ([one.words for one in arrivals], len(lines)) == (["POST /echo"], 1)


def test_only_over_http_it_answers(system: tuple[str, int]) -> None:
    with Relays().running() as relays:
        relay = relays.between(lambda: system, speaks_http=False)
        for fault in (Fault.ERROR, Fault.DRIP):
            with pytest.raises(Uncontrolled, match="only over HTTP"):
                relay.stand(fault)
        assert asked(relay).endswith(NONCE.encode())
        assert {one.nonces for one in relay.seen()[0]} == {(NONCE,)}


def test_a_system_that_is_not_there_is_not_there_over_the_relay_either() -> None:
    with closing(socket.socket()) as nobody, Relays().running() as relays:
        nobody.bind(("127.0.0.1", 0))
        relay = relays.between(nobody.getsockname, speaks_http=True)
        with pytest.raises(ConnectionResetError):
            asked(relay)


@given(st.lists(st.integers(1, 200), max_size=20), st.lists(st.sampled_from([NONCE, OTHER, "nothing"]), max_size=4))
@settings(max_examples=many(60), deadline=None)
def test_requests_are_heard_however_they_are_cut_into_pieces(cuts: list[int], words: list[str]) -> None:
    told = [f"PUT /{word} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(word)}\r\n\r\n{word}" for word in words]
    rest, hearing = "".join(told).encode(), Hearing(http=True)
    for cut in cuts:
        piece, rest = rest[:cut], rest[cut:]
        hearing.hear(piece)
    hearing.hear(rest)
    heard = hearing.told(1)
    assert [one.words for one in heard] == [f"PUT /{word}" for word in words]
    assert [one.nonces for one in heard] == [(word,) if word != "nothing" else () for word in words]


@given(st.binary(min_size=1, max_size=300))
@settings(max_examples=many(60), deadline=None)
def test_what_is_no_http_is_heard_too(data: bytes) -> None:
    hearing = Hearing(http=True)
    hearing.hear(b"\x00\xff" + data + b"\r\n\r\n")
    assert len(hearing) == 1


def wait(until: object, seconds: float = 2.0) -> None:
    deadline = time.monotonic() + seconds
    while not until():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.01)
