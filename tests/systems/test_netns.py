"""Networks of containers as the kernel's files tell of them, and what is behind a published port."""

from __future__ import annotations

import ipaddress
import os
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_distaudit.systems import _local, _netns, _published
from pytest_distaudit.systems._local import Connection

from .bad_days import free_port

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
PLACES = st.tuples(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)), st.integers(0, 65535))
A = ipaddress.ip_address("172.30.0.2")

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has these files")


def written(place) -> str:
    """As the kernel of a machine that stores the least byte first writes it."""
    ip, port = place
    packed = ip.packed
    words = (packed[at : at + 4][::-1].hex().upper() for at in range(0, len(packed), 4))
    return f"{''.join(words)}:{port:04X}"


def row(local, remote="0.0.0.0:0", state="0A", inode=0) -> str:
    ends = (one if isinstance(one, tuple) else place(one) for one in (local, remote))
    return "   0: {} {} {} 0:0 00:0 0 0 0 {} 1 0 100 0 0 10 0\n".format(*map(written, ends), state, inode)


def place(text: str):
    ip, _, port = text.rpartition(":")
    return ipaddress.ip_address(ip), int(port)


def plain(one):
    mapped = getattr(one[0], "ipv4_mapped", None)
    return (mapped or one[0], one[1])


@pytest.fixture(autouse=True)
def _least_byte_first(monkeypatch):
    monkeypatch.setattr(_netns, "_LITTLE", True)


# --- tables


@given(st.lists(st.tuples(PLACES, PLACES, st.sampled_from(["01", "06", "0A"]), st.integers(0, 2**32))))
def test_every_row_of_a_table_is_read(sockets):
    table = HEAD + "".join(row(*one) for one in sockets)
    read = [(one.local, one.remote, one.state, one.inode) for one in _netns.rows(table)]
    assert read == [(plain(local), plain(remote), state, inode) for local, remote, state, inode in sockets]


@given(st.text())
def test_short_rows_are_left_out(text):
    assert _netns.rows(HEAD + "   0: 00000000:0050 00000000:0000 0A\n" + text.replace(":", "")[:9]) == []


def test_the_other_order_of_bytes(monkeypatch):
    monkeypatch.setattr(_netns, "_LITTLE", False)
    (one,) = _netns.rows(HEAD + "   0: 7F000001:0050 00000000:0000 0A 0:0 0:0 0 0 0 7\n")
    assert (one.local, one.inode) == ((ipaddress.ip_address("127.0.0.1"), 80), 7)


@linux
def test_the_kernels_own_table(monkeypatch):
    monkeypatch.undo()
    with socket.create_server(("127.0.0.1", 0)) as server:
        here = ipaddress.ip_address("127.0.0.1"), server.getsockname()[1]
        inodes = [one.inode for one in _netns.sockets(os.getpid()) if (one.local, one.state) == (here, "0A")]
        assert inodes == [os.fstat(server.fileno()).st_ino]
        assert here[0] in _netns.addresses(os.getpid())
        (line,) = [one for one in _netns.connections([os.getpid()]) if one.local == _netns.written(here)]
        assert line == Connection(_netns.written(here), "", "LISTEN", os.getpid())


# --- a host of our own making


class Host:
    """A /proc with processes in networks."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.process("self", "host")

    def process(self, pid, network, sockets=(), own=("127.0.0.1",), tcp="", numbers="") -> None:
        folder = self.root / str(pid)
        for name in ("ns", "net", "fd"):
            (folder / name).mkdir(parents=True)
        (folder / "ns/net").symlink_to(f"net:[{network}]")
        for number, inode in enumerate(sockets):
            (folder / f"fd/{number}").symlink_to(f"socket:[{inode}]")
        (folder / "fd/99").symlink_to("/dev/null")
        (folder / "net/tcp").write_text(HEAD + tcp)
        (folder / "net/fib_trie").write_text("Local:\n" + "".join(self._leaf(ip) for ip in own))
        (folder / "status").write_text(f"Name:\tx\nNSpid:\t{pid} {numbers}\n")

    @staticmethod
    def _leaf(ip: str) -> str:
        return f"        |-- {ip}\n           /32 host LOCAL\n        |-- 10.9.9.9\n           /32 link BROADCAST\n"


@pytest.fixture
def host(tmp_path, monkeypatch) -> Host:
    monkeypatch.setattr(_netns, "_PROC", tmp_path)
    return Host(tmp_path)


@pytest.fixture
def unseen(monkeypatch):
    """Processes that may not be looked into."""
    hidden: set[str] = set()
    real = os.readlink

    def readlink(path):
        if Path(path).parent.parent.name in hidden:
            raise PermissionError(path)
        return real(path)

    monkeypatch.setattr(_netns.os, "readlink", readlink)
    return hidden


def test_networks_but_the_audits_own(host):
    host.process(1, "host")
    host.process(7, "7")
    host.process(20, "7")
    host.process(3, "3")
    (host.root / "44" / "ns").mkdir(parents=True)  # it has just ended
    assert _netns.networks() == {"net:[7]": (7, 20), "net:[3]": (3,)}


def test_an_unseen_process_of_the_host_hides_no_container(host, unseen):
    host.process(1, "host")
    host.process(7, "7", numbers="1")
    unseen.add("1")
    assert _netns.networks() == {"net:[7]": (7,)}
    unseen.add("7")
    assert _netns.networks() is None, "a container that cannot be looked into may be anybody's"


def test_without_such_files_no_network_is_known(host):
    (host.root / "self/ns/net").unlink()
    assert _netns.networks() is None


def test_who_listens_on_an_address_of_a_network(host):
    listens = row("0.0.0.0:80") + row("172.30.0.2:81") + row("127.0.0.1:82") + row("172.30.0.2:83", state="01")
    host.process(7, "7", own=("127.0.0.1", "172.30.0.2"), tcp=listens + row("::ffff:172.30.0.2:84") + row(":::85"))
    assert [port for port in range(80, 88) if _netns.has((6, 7), A, port)] == [80, 81, 84, 85]
    assert not _netns.has((7,), ipaddress.ip_address("172.30.0.3"), 80)
    assert not _netns.has((7,), ipaddress.ip_address("10.9.9.9"), 80)
    assert not _netns.has((6,), A, 80)


def test_sockets_and_their_owners(host):
    table = row("0.0.0.0:80", inode=70) + row("172.30.0.2:80", "172.30.0.3:9", "01", 71) + row("1.1.1.1:1", inode=72)
    host.process(7, "7", [70], tcp=table)
    host.process(20, "7", [70, 71])
    assert _netns.connections((6, 7, 20)) == [
        Connection("0.0.0.0:80", "", "LISTEN", 7),
        Connection("172.30.0.2:80", "172.30.0.3:9", "ESTABLISHED", 20),
        Connection("1.1.1.1:1", "", "LISTEN", None),
    ]


def test_sockets_that_cannot_be_seen(host, unseen, monkeypatch):
    assert _netns.connections((6,)) is None
    assert _netns.connections(()) is None
    host.process(7, "7", [70])
    unseen.add("7")
    assert _netns.connections((7,)) is None
    unseen.clear()
    assert _netns.connections((7,)) == []
    monkeypatch.setattr(_netns, "_TABLE_BYTES", 10)
    assert _netns.connections((7,)) is None


# --- published ports

PROXY = ["/usr/bin/docker-proxy", "-proto", "tcp", "-host-ip", "127.0.0.1", "-host-port", "8080"]
LEADS = ["-container-ip", "172.30.0.2", "-container-port", "80"]


@pytest.mark.parametrize(
    ("argv", "leads"),
    [
        (PROXY + LEADS, (A, 80)),
        ([*PROXY, *LEADS, "-use-listen-fd"], (A, 80)),
        (["docker-proxy", "--proto=tcp", "--host-ip=::", "--container-ip=172.30.0.2", "--container-port=80"], (A, 80)),
        ([*PROXY, "-container-ip", "fd00::2", "-container-port", "80"], (ipaddress.ip_address("fd00::2"), 80)),
        (PROXY, None),
        ([*PROXY, *LEADS[:3], "eighty"], None),
        ([*PROXY, "-container-ip", "worker", *LEADS[2:]], None),
        ([word.replace("tcp", "udp") for word in PROXY] + LEADS, None),
        (["dockerd", *PROXY[1:], *LEADS], None),
        ([], None),
    ],
)
def test_where_a_proxy_leads(argv, leads):
    assert _published.target(argv) == leads


@given(st.lists(st.sampled_from([*PROXY, *LEADS, "-", "=", "-container-ip=", "x"])))
def test_no_command_line_breaks_it(words):
    _published.target(["docker-proxy", *words])


@pytest.fixture
def listening(monkeypatch):
    """Command lines of those who listen on the host."""
    argvs: list[list[str]] = []
    monkeypatch.setattr(_local, "listeners", lambda *_: [SimpleNamespace(cmdline=argv.copy) for argv in argvs])
    return argvs


def test_what_is_behind_a_port(host, listening):
    host.process(7, "7", own=("172.30.0.2",), tcp=row("0.0.0.0:80"))
    host.process(8, "8", own=("172.30.0.3",), tcp=row("0.0.0.0:80"))
    listening += [PROXY + LEADS, PROXY + LEADS]
    found = _published.behind("127.0.0.1", 8080)
    assert found == _published.Behind("net:[7]", (A, 80))
    assert found.listened == {"172.30.0.2:80", "0.0.0.0:80", ":::80"}
    assert _published.behind("127.0.0.1", 8080, {"net:[8]": (8,)}) is None


@pytest.mark.parametrize("others", [[], [["python3"]], [["rootlesskit"]], [["dockerd"]]])
def test_what_nobody_of_ours_publishes_is_not_known(host, listening, others):
    host.process(7, "7", own=("172.30.0.2",), tcp=row("0.0.0.0:80"))
    listening += others
    assert _published.behind("127.0.0.1", 8080) is None
    if others:
        listening.append(PROXY + LEADS)
        assert _published.behind("127.0.0.1", 8080) is None, "either may answer"


def test_two_places_behind_one_port_are_not_known(host, listening):
    host.process(7, "7", own=("172.30.0.2",), tcp=row("0.0.0.0:80"))
    listening += [PROXY + LEADS, [*PROXY, *LEADS[:3], "81"]]
    assert _published.behind("127.0.0.1", 8080) is None


def test_two_networks_with_that_address_are_not_known(host, listening):
    for pid in (7, 8):
        host.process(pid, pid, own=("172.30.0.2",), tcp=row("0.0.0.0:80"))
    listening.append(PROXY + LEADS)
    assert _published.behind("127.0.0.1", 8080) is None


def test_a_network_that_cannot_be_seen_is_not_known(host, listening, unseen, monkeypatch):
    host.process(7, "7", own=("172.30.0.2",), tcp=row("0.0.0.0:80"), numbers="1")
    listening.append(PROXY + LEADS)
    unseen.add("7")
    assert _published.behind("127.0.0.1", 8080) is None
    unseen.clear()
    monkeypatch.setattr(_netns, "_TABLE_BYTES", 10)
    assert _published.behind("127.0.0.1", 8080) is None

    def gone(*_):
        raise psutil.NoSuchProcess(1)

    monkeypatch.setattr(_local, "listeners", gone)
    assert _published.behind("127.0.0.1", 8080) is None


@pytest.mark.parametrize(("name", "serves"), [("docker-proxy", False), ("dockerd", False), ("server", True)])
def test_who_publishes_does_not_serve(tmp_path, name, serves):
    program = tmp_path / name
    program.symlink_to(sys.executable)
    code = (
        "import socket, sys\ns = socket.create_server(('127.0.0.1', int(sys.argv[1])))\nprint(flush=True)\ns.accept()"
    )
    port = free_port()
    with subprocess.Popen([program, "-c", code, str(port)], stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        try:
            assert (_local.listening_process("127.0.0.1", port) is not None) is serves
            assert [one.pid for one in _local.listeners("127.0.0.1", port)] == [process.pid]
            assert _local.listeners("192.0.2.1", port) == []
        finally:
            process.kill()
