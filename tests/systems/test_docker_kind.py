from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import unquote

import pytest

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.failure import Refusal
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.systems import _docker_inside, _docker_session, _netns
from pytest_distaudit.systems._docker_words import image_words, shown
from pytest_distaudit.systems.docker import KIND
from tests.lab import Lab

from .bad_days import (
    SECRET,
    Handler,
    closes,
    declares_a_gigabyte,
    dribbles,
    free_port,
    garbage,
    greets_like_ssh,
    look,
    never_answers,
    refusal,
    resets,
    speaks_http,
)

ASKS = ("presence", "health", "process", "containers", "neighbourhood")
VERSION = {"ApiVersion": "1.41", "MinAPIVersion": "1.12", "Version": "20.10.24", "Components": [{"Name": "Engine"}]}
INFO = {"ID": "AB:CD", "SystemTime": "2026-11-25T12:00:00.123456789Z"}
ID = "c0ffee" + "0" * 58


def tcp(port: int) -> str:
    return f"tcp://127.0.0.1:{port}"


@pytest.fixture
def at_socket(tmp_path: Path) -> Iterator[Callable[[Handler], str]]:
    """Like ``serve``, on a Unix socket."""
    listeners: list[socket.socket] = []

    def accept(listener: socket.socket, handler: Handler) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=handle, args=(handler, connection), daemon=True).start()

    def handle(handler: Handler, connection: socket.socket) -> None:
        with closing(connection), suppress(OSError):
            connection.settimeout(5)
            handler(connection)

    def start(handler: Handler) -> str:
        place = tmp_path / "engine.sock"
        listeners.append(socket.socket(socket.AF_UNIX))
        listeners[-1].bind(str(place))
        listeners[-1].listen()
        threading.Thread(target=accept, args=(listeners[-1], handler), daemon=True).start()
        return f"unix://{place}"

    yield start
    for listener in listeners:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def engine(answers: dict[str, object], asked: list[str] | None = None) -> Handler:
    """An engine's API: path without its version -> JSON, (status, JSON), or None for a 404."""

    def handle(connection: socket.socket) -> None:
        request = connection.recv(65536).decode()
        if not request.startswith("GET "):
            return
        method, path = request.split(" ")[:2]
        if asked is not None:
            asked.append(f"{method} {path}")
        plain = unquote(path).partition("?")[0]
        plain = plain.partition("/v1.")[2].partition("/")[2] if plain.startswith("/v1.") else plain[1:]
        found = ({"version": VERSION, "info": INFO, "_ping": b"OK"} | answers).get(plain)
        status, body = found if isinstance(found, tuple) else (404 if found is None else 200, found)
        text = body if isinstance(body, bytes) else json.dumps(body if body is not None else {"message": "no"}).encode()
        connection.sendall(f"HTTP/1.1 {status} X\r\nContent-Length: {len(text)}\r\n\r\n".encode() + text)

    return handle


def inspected(**facts: object) -> dict[str, object]:
    state = {"Status": "running", "Running": True, "Pid": 0, "StartedAt": "2026-11-25T11:59:00Z", "ExitCode": 0}
    config = {"Image": "redis:7", "Labels": {}, "Env": [f"PASSWORD={SECRET}"]}
    made = {
        "Id": ID,
        "Name": "/cache",
        "Image": "sha256:1234",
        "Created": "2026-11-25T11:58:00Z",
        "Path": "redis-server",
        "Args": ["--requirepass", SECRET],
        "RestartCount": 2,
        "HostConfig": {"RestartPolicy": {"Name": "always"}},
        "NetworkSettings": {"Ports": {}, "Networks": {"back": {}}},
    }
    return {**made, **facts, "State": state | facts.get("State", {}), "Config": config | facts.get("Config", {})}  # type: ignore[operator]


def one(seen: dict[str, object] | None, **more: object) -> dict[str, object]:
    return {"containers/json": [{"Id": ID}], f"containers/{ID}/json": seen, **more}


# --- bad days


@pytest.mark.parametrize(
    ("bad_day", "reason"),
    [
        (never_answers, Reason.TIMED_OUT),
        (dribbles, Reason.TIMED_OUT),
        (garbage, Reason.PROTOCOL_ERROR),
        (greets_like_ssh, Reason.TIMED_OUT),
        (speaks_http, Reason.PROTOCOL_ERROR),
        (declares_a_gigabyte, Reason.TOO_LARGE),
        (closes, Reason.PROTOCOL_ERROR),
        (resets, Reason.PROTOCOL_ERROR),
    ],
)
@pytest.mark.parametrize("over", ["tcp", "unix"])
def test_every_bad_day_is_one_reason_in_time(serve, at_socket, limits, bad_day, reason, over):
    started = time.monotonic()
    url = tcp(serve(bad_day)) if over == "tcp" else at_socket(bad_day)
    for ask in ASKS:
        assert refusal(KIND, ask, limits, url=url).reason is reason
    assert time.monotonic() - started < 8


def test_nobody_listens(limits, tmp_path):
    assert isinstance(refusal(KIND, "presence", limits, url=tcp(free_port())), Refusal)
    assert refusal(KIND, "presence", limits, url=f"unix://{tmp_path}/none.sock").reason is Reason.NOT_REACHABLE
    with socket.socket(socket.AF_UNIX) as left_over:
        left_over.bind(str(tmp_path / "dead.sock"))
        assert isinstance(refusal(KIND, "presence", limits, url=f"unix://{tmp_path}/dead.sock"), Refusal)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not")
def test_a_socket_that_may_not_be_used(at_socket, limits):
    url = at_socket(engine({}))
    place = Path(url.removeprefix("unix://"))
    place.chmod(0o600)
    for folder in place.parents[:3]:
        folder.chmod(0o755)
    os.seteuid(65534)
    try:
        assert refusal(KIND, "presence", limits, url=url).reason is Reason.FORBIDDEN
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.variant("docker", "managed", "a proxy in front that forbids most of the API")
def test_a_proxy_that_lets_little_through(serve, limits, status):
    url = tcp(serve(engine({"info": (status, b"no"), "containers/json": (status, b"no")})))
    assert look(KIND, "presence", limits, url=url).up
    for ask in ("process", "containers"):
        assert refusal(KIND, ask, limits, url=url).reason is Reason.FORBIDDEN
    listed = one(None) | {f"containers/{ID}/json": (status, b"no")}
    assert refusal(KIND, "containers", limits, url=tcp(serve(engine(listed)))).reason is Reason.FORBIDDEN


def test_a_tls_port(serve, limits):
    said = (400, b"Client sent an HTTP request to an HTTPS server.\n")
    error = refusal(KIND, "presence", limits, url=tcp(serve(engine({"version": said}))))
    assert (error.reason, "write https://" in error.detail) == (Reason.PROTOCOL_ERROR, True)


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ({"Version": "1"}, Reason.WRONG_PRODUCT),
        ([], Reason.WRONG_PRODUCT),
        (None, Reason.WRONG_PRODUCT),
        ((302, b""), Reason.REDIRECTED),
        ((500, b""), Reason.PROTOCOL_ERROR),
        (b"hello", Reason.PROTOCOL_ERROR),
        (VERSION | {"ApiVersion": "1.23"}, Reason.UNSUPPORTED_VERSION),
        (VERSION | {"ApiVersion": "2.0", "MinAPIVersion": "1.60"}, Reason.UNSUPPORTED_VERSION),
        (VERSION | {"ApiVersion": "new"}, Reason.UNSUPPORTED_VERSION),
    ],
)
def test_what_is_no_engine_that_can_be_read(serve, limits, version, reason):
    url = tcp(serve(engine({"version": version})))
    assert refusal(KIND, "containers", limits, url=url).reason is reason


@pytest.mark.parametrize(
    ("theirs", "spoken"), [("1.24", "v1.24"), ("1.41", "v1.41"), ("1.52", "v1.52"), ("1.99", "v1.52")]
)
@pytest.mark.variant("docker", "older", "API older than the newest known")
@pytest.mark.variant("docker", "newer", "API newer than any known")
def test_the_version_that_both_know_is_spoken(serve, limits, theirs, spoken):
    asked: list[str] = []
    answers = {"version": VERSION | {"ApiVersion": theirs, "MinAPIVersion": "1.24"}, "containers/json": []}
    look(KIND, "containers", limits, url=tcp(serve(engine(answers, asked))))
    assert asked == ["GET /version", f"GET /{spoken}/info", f"GET /{spoken}/containers/json?all=1"]


def test_docker_and_podman(serve, limits):
    podman = VERSION | {"Components": [{"Name": "Podman Engine"}], "Version": "4.3.1"}
    seen = look(KIND, "presence", limits, url=tcp(serve(engine({"version": podman}))))
    assert (seen.product, seen.version) == ("Podman", "4.3.1")
    assert look(KIND, "presence", limits, url=tcp(serve(engine({})))).product == "Docker"


def test_health_is_told_from_nonsense(serve, limits):
    seen = look(KIND, "health", limits, url=tcp(serve(engine({}))))
    assert (seen.healthy, seen.discerning) == (True, True)
    ill = look(KIND, "health", limits, url=tcp(serve(engine({"_ping": (500, b"ill")}))))
    assert (ill.healthy, ill.discerning) == (False, True)


def test_which_engine_answers(serve, at_socket, limits):
    for url in (tcp(serve(engine({}))), at_socket(engine({}))):
        seen = look(KIND, "process", limits, url=url)
        # who listens on the socket is no engine: this test does
        assert (seen.identity, seen.pid, seen.how) == ("AB:CD", None, "the engine's id")
    assert refusal(KIND, "listener", limits, url=url).reason is Reason.NO_OBSERVABLE
    assert refusal(KIND, "process", limits, url=tcp(serve(engine({"info": {}})))).reason is Reason.PROTOCOL_ERROR
    assert look(KIND, "listener", limits, url=tcp(serve(engine({"": b"hi"})))).protocol == "http"


# --- containers


def seen_alone(serve, limits: Limits, seen: dict[str, object], **more: object):
    (found,) = look(KIND, "containers", limits, url=tcp(serve(engine(one(seen, **more))))).containers
    return found


def test_a_container(serve, limits):
    found = seen_alone(serve, limits, inspected())
    assert (found.name, found.id, found.image, found.state) == ("cache", ID[:12], "redis:7", "running")
    assert (found.restarts, found.restart_policy, found.networks) == (2, "always", ("back",))
    assert found.argv == ("redis-server", "--requirepass", "***")
    assert (found.processes, found.health, found.exit_code) == (None, None, None)
    assert found.started_at is not None
    assert found.created_at is not None
    assert found.started_at - found.created_at == 60
    assert SECRET not in repr(found)


def test_one_that_is_gone_meanwhile_is_simply_gone(serve, limits):
    assert look(KIND, "containers", limits, url=tcp(serve(engine(one(None))))).containers == ()
    assert look(KIND, "containers", limits, url=tcp(serve(engine({"containers/json": []})))).now == 1795608000.123456


@pytest.mark.parametrize("rows", [{}, b"x", (500, b"")])
def test_a_list_that_is_none(serve, limits, rows):
    url = tcp(serve(engine({"containers/json": rows})))
    assert refusal(KIND, "containers", limits, url=url).reason is Reason.PROTOCOL_ERROR


def test_too_many_and_too_slow(serve, limits):
    many = {"containers/json": [{"Id": str(number)} for number in range(1001)]}
    assert refusal(KIND, "containers", limits, url=tcp(serve(engine(many)))).reason is Reason.TOO_LARGE
    late = Limits(connect_s=0.5, ask_s=1.0, look_s=-1.0)
    assert refusal(KIND, "containers", late, url=tcp(serve(engine(one(inspected()))))).reason is Reason.TIMED_OUT


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ({"Status": "exited", "Running": False, "ExitCode": 137, "OOMKilled": True}, 137),
        ({"Status": "restarting", "ExitCode": 1}, 1),
        ({"Status": "paused", "ExitCode": 0}, None),
        ({"Status": "created", "Running": False}, 0),
    ],
)
def test_states(serve, limits, state, code):
    found = seen_alone(serve, limits, inspected(State=state))
    assert (found.state, found.exit_code, found.out_of_memory) == (state["Status"], code, "OOMKilled" in state)


TOP = {
    "Titles": ["PID", "PPID", "COMMAND", "COMMAND"],
    "Processes": [
        ["70", "1", "tini", "tini -- app"],
        ["71", "70", "app", f"app --token {SECRET}"],
        ["80", "60", "curl", "curl http://x"],
        ["81", "80", "sh", "sh"],
    ],
}


def test_processes_without_those_of_an_exec(serve, limits):
    found = seen_alone(serve, limits, inspected(State={"Pid": 70}), **{f"containers/{ID}/top": TOP})
    assert [(each.pid, each.name, each.command) for each in found.processes] == [
        (70, "tini", "tini -- app"),
        (71, "app", "app --token ***"),
    ]


def test_processes_counted_from_inside(serve, limits):
    inside = {
        "Titles": ["USER", "PID", "PPID", "COMMAND"],
        "Processes": [["root", "1", "0", "app"], ["root", "9", "0", "curl"]],
    }
    found = seen_alone(serve, limits, inspected(State={"Pid": 4321}), **{f"containers/{ID}/top": inside})
    assert [each.command for each in found.processes] == ["app"]


@pytest.mark.parametrize(
    "top", [None, (403, b""), (500, b""), {"Titles": ["X"], "Processes": [["1"]]}, {"Titles": None}]
)
def test_processes_that_are_not_told(serve, limits, top):
    found = seen_alone(serve, limits, inspected(State={"Pid": 70}), **{f"containers/{ID}/top": top})
    assert found.processes is None


def test_a_health_test(serve, limits):
    log = [{"ExitCode": 0, "Output": "old"}, {"ExitCode": 7, "Output": f"password={SECRET} " + "x" * 9999}]
    state = {"Health": {"Status": "unhealthy", "FailingStreak": 4, "Log": log}}
    check = {"Test": ["CMD-SHELL", f"curl -u admin:{SECRET} http://x"], "Interval": 5_000_000_000}
    health = seen_alone(serve, limits, inspected(State=state, Config={"Healthcheck": check})).health
    assert (health.status, health.failing, health.last_exit_code, health.interval_s) == ("unhealthy", 4, 7, 5.0)
    assert health.test == ("CMD-SHELL", "curl -u *** http://x")
    assert SECRET not in repr(health)
    assert max(map(len, health.outputs)) <= 1000


@pytest.mark.parametrize(
    ("state", "config"),
    [
        ({}, {}),
        ({"Health": None}, {"Healthcheck": {"Test": ["CMD", "x"]}}),
        ({"Health": {"Status": "none"}}, {"Healthcheck": {"Test": ["CMD", "x"]}}),
        ({"Health": {"Status": ""}}, {"Healthcheck": {"Test": ["CMD", "x"]}}),
        ({"Health": {"Status": "healthy"}}, {"Healthcheck": {"Test": ["NONE"]}}),
    ],
)
def test_no_health_test(serve, limits, state, config):
    assert seen_alone(serve, limits, inspected(State=state, Config=config)).health is None


def test_ports_of_another_machine_are_dialled_at_its_address(serve, limits):
    open_, shut = serve(never_answers), serve(closes)
    ports = {
        "80/tcp": [{"HostIp": "0.0.0.0", "HostPort": str(open_)}, {"HostIp": "127.0.0.1", "HostPort": str(open_)}],
        "81/tcp": [{"HostIp": "", "HostPort": str(shut)}],
        "82/tcp": [{"HostIp": "0.0.0.0", "HostPort": str(free_port())}],
        "53/udp": [{"HostIp": "0.0.0.0", "HostPort": "53"}],
        "90/tcp": None,
    }
    found = seen_alone(serve, limits, inspected(State={"Pid": 999_999_999}, NetworkSettings={"Ports": ports}))
    assert [(port.port, port.dialled, port.listens) for port in found.ports] == [
        (53, "", None),
        (80, "open", None),
        (80, "", None),
        (81, "closed", None),
        (82, "refused", None),
    ]
    assert found.exposed == ("53/udp", "80/tcp", "81/tcp", "82/tcp", "90/tcp")


def test_a_socket_may_lead_to_another_machine(at_socket, serve, limits):
    ports = {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": str(serve(never_answers))}]}
    seen = inspected(State={"Pid": os.getpid()}, NetworkSettings={"Ports": ports})
    (found,) = look(KIND, "containers", limits, url=at_socket(engine(one(seen)))).containers
    assert [(port.listens, port.dialled) for port in found.ports] == [(None, "")]


def test_who_waits_for_whose_end(serve, limits):
    other = "beef" + "0" * 60

    def of(service: str, **labels: str) -> dict[str, object]:
        compose = {"project": "shop", "service": service, **labels}
        return {"Labels": {f"com.docker.compose.{name}": value for name, value in compose.items()}}

    waits = of("web", depends_on="db:service_healthy:false,migrate:service_completed_successfully:true")
    answers = {
        "containers/json": [{"Id": ID}, {"Id": other}],
        f"containers/{ID}/json": inspected(Config=of("migrate")),
        f"containers/{other}/json": inspected(Id=other, Name="/web", Config=waits),
    }
    found = look(KIND, "containers", limits, url=tcp(serve(engine(answers)))).containers
    assert [(each.service, each.project, each.completes_for) for each in found] == [
        ("migrate", "shop", ("web",)),
        ("web", "shop", ()),
    ]


def test_an_image(serve, limits):
    image = {"RepoTags": ["redis:7", "<none>:<none>"], "Config": {"Env": ["REDIS_VERSION=7.2.4", f"X={SECRET}"]}}
    found = seen_alone(serve, limits, inspected(), **{"images/sha256:1234/json": image})
    assert (found.tags, [(word.version, word.about) for word in found.versions]) == (("redis:7",), [("7.2.4", "redis")])
    assert seen_alone(serve, limits, inspected(Image="")).tags == ()


# --- words

OCI = "org.opencontainers.image"


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (["app", "--db-password", "x1"], ("app", "--db-password", "***")),
        (["app", "--api-key=x1"], ("app", "--api-key=***")),
        (["env", "TOKEN=x1", "app"], ("env", "TOKEN=***", "app")),
        (["mysqladmin", "-px1", "ping"], ("mysqladmin", "-p***", "ping")),
        (["httpd", "-p80"], ("httpd", "-p80")),
        (["redis-cli", "-a", "x1", "ping"], ("redis-cli", "-a", "***", "ping")),
        (["app", "amqp://u:x1@mq"], ("app", "amqp://***@mq")),
        (["sh", "-c", "app --secret x1; sleep 1"], ("sh", "-c", "app --secret *** sleep 1")),
        (["nginx", "-g", "daemon off;"], ("nginx", "-g", "daemon off;")),
    ],
)
def test_words_that_may_be_shown(words, kept):
    assert shown(words) == kept


def test_words_are_bounded():
    assert len(shown(["x"] * 999)) == 200
    for long in ("y" * 1_000_000, "pass" * 250_000, "--" + "pass" * 250_000 + "!", "://" * 300_000):
        assert len(shown([long])[0]) == 1000


@pytest.mark.parametrize(
    ("labels", "environment", "words"),
    [
        ({"org.opencontainers.image.version": "1.2", "org.opencontainers.image.title": "Api"}, [], [("1.2", "api")]),
        (
            {"org.opencontainers.image.version": "22.04", "org.opencontainers.image.ref.name": "ubuntu"},
            [],
            [("22.04", "ubuntu")],
        ),
        ({"org.opencontainers.image.version": "1.2"}, [], [("1.2", "")]),
        ({"org.opencontainers.image.version": "main"}, [], []),
        ({"org.label-schema.version": "3", "org.label-schema.name": "team/api"}, [], [("3", "api")]),
        ({}, ["PG_VERSION=15.4-1.pgdg", "PATH=/bin", "NODE_VERSION=x y"], [("15.4-1.pgdg", "postgres")]),
        ({}, [f"SECRET_VERSION={SECRET}"], []),
    ],
)
def test_versions_that_an_image_states(labels, environment, words):
    assert [(word.version, word.about) for word in image_words(labels, environment)] == words


# --- this host's tables


def test_a_process_of_another_machine(tmp_path, monkeypatch):
    monkeypatch.setattr(_docker_inside, "_PROC", tmp_path)
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "cgroup").write_text(f"1:cpu:/docker/{ID}\n")
    assert _docker_inside.is_here(7, ID)
    assert not _docker_inside.is_here(7, "d" * 64)
    assert not _docker_inside.is_here(8, ID)
    assert not _docker_inside.is_here(0, ID)


def test_sockets_that_others_can_reach(tmp_path, monkeypatch):
    monkeypatch.setattr(_netns, "_PROC", tmp_path)
    monkeypatch.setattr(_netns, "_LITTLE", True)
    net = tmp_path / "7" / "net"
    net.mkdir(parents=True)
    nobody = {4: "00000000:0000", 6: "0" * 32 + ":0000"}
    tables = {
        "tcp": ["00000000:0050 0A", "0100007F:0051 0A", "00000000:0052 01", "020011AC:0053 0A"],
        "tcp6": ["0" * 32 + ":0054 0A", "0" * 24 + "01000000:0055 0A", "0" * 16 + "FFFF00000100007F:0056 0A"],
        "udp": ["00000000:0035 07", "00000000:0036 01"],
    }
    for name, lines in tables.items():
        far = nobody[6 if name == "tcp6" else 4]
        rows = (f"   0: {local} {far} {state} 0:0 0:0 0 0 0 77\n" for local, state in map(str.split, lines))
        (net / name).write_text("  sl  local_address rem_address   st\n" + "".join(rows))
    assert _docker_inside.reachable_sockets(7) == {("tcp", 80), ("tcp", 83), ("tcp", 84), ("udp", 53)}
    assert _docker_inside.reachable_sockets(8) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:01:00.123456789Z", 60.123456),
        ("1970-01-01T01:01:00+01:00", 60.0),
        ("0001-01-01T00:00:00Z", None),
        ("1970-01-01T00:01:00", None),
        ("", None),
        (None, None),
    ],
)
def test_moments(text, seconds):
    assert _docker_session.moment(text) == seconds


# --- the real one


@pytest.mark.live
def test_a_real_engine():
    limits = Limits()
    with Lab.reached("busybox:1.35") as lab:
        made = lab.run("busybox:1.35", "httpd", "-f", "-p", "80", ports={"80/tcp": ("127.0.0.1", None)})
        assert look(KIND, "presence", limits, url=lab.address).product == "Docker"
        assert look(KIND, "health", limits, url=lab.address).healthy
        process = look(KIND, "process", limits, url=lab.address)
        assert process.identity == look(KIND, "process", limits, url=lab.address).identity
        seen = look(KIND, "containers", limits, url=lab.address)
        found = next(each for each in seen.containers if each.name == made.name)
        assert (found.state, [each.command for each in found.processes]) == ("running", ["httpd -f -p 80"])
        assert [(port.host, port.port, port.listens, port.dialled) for port in found.ports] == [
            ("127.0.0.1", 80, True, "open")
        ]
        assert 0 <= seen.now - found.started_at < 60


@pytest.mark.live
def test_containers_that_come_and_go_do_no_harm():
    stop = threading.Event()

    def churn(lab: Lab) -> None:
        while not stop.is_set():
            lab.remove(lab.run("busybox:1.35", "sleep", "60"))

    with Lab.reached("busybox:1.35") as lab:
        threads = [threading.Thread(target=churn, args=(lab,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(10):
                with suppress(Unobservable):
                    look(KIND, "containers", Limits(), url=lab.address)
                assert look(KIND, "containers", Limits(), url=lab.address).containers is not None
        finally:
            stop.set()
            for thread in threads:
                thread.join()
