"""Redirect rules: which are made, for whom, what is refused, and that they are gone afterwards whatever happens."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest

from pytest_distaudit.domain.errors import InvalidInput
from pytest_distaudit.domain.fault import Aim, Fault
from pytest_distaudit.domain.target import Link, SystemSpec, Target
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.engine.permission import refused
from pytest_distaudit.ports.located import Located
from pytest_distaudit.targets.ground import FreePorts, Lot
from pytest_distaudit.targets.guard import Guard, guarded
from pytest_distaudit.targets.planning import Plans
from pytest_distaudit.targets.recipe import Command
from pytest_distaudit.targets.relays import redirect
from pytest_distaudit.targets.relays.placing import Placing
from pytest_distaudit.targets.relays.redirect import redirected
from pytest_distaudit.targets.undoing import _redirect
from pytest_distaudit.targets.yard import Yard
from tests.nat import needs_rules, rules
from tests.targets.conftest import GONE_WITHIN_S, PLACE

URLS = {"amqp": "amqp://me:word@127.0.0.1:5672/%2F", "management": "http://me:word@127.0.0.1:15672"}


class Noting(Guard):
    """Notes what is promised and kept beside what the program is asked to do."""

    def __init__(self, notes: list[str]) -> None:
        self._notes = notes

    def promise(self, undo: str, **what: object) -> int:
        self._notes.append(f"promised {undo}")
        return 1

    def _write(self, entry: dict[str, object]) -> None:
        self._notes.append("kept")


class Machine:
    """A machine with a program that makes rules, or says that it cannot; ``notes``: what was done, in order."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, exits: int = 0, name: str = "iptables") -> None:
        self.notes: list[str] = []
        self._folder = folder
        self._log = folder / "asked"
        program = folder / name
        program.write_text(f"#!/bin/sh\necho \"$@\" >> {self._log}\necho 'no such thing' >&2\nexit {exits}\n")
        program.chmod(0o755)
        patch.setenv("PATH", str(folder))
        patch.setattr(redirect, "_SBIN", ())
        ran = redirect._run

        def noted(rule: Sequence[str], does: str, **more: object) -> object:
            self.notes.append(does)
            # whoever runs these tests may not be root
            return ran(rule, does)

        patch.setattr(redirect, "_run", noted)

    def asked(self) -> list[str]:
        """The words with which the program was run."""
        return self._log.read_text().splitlines() if self._log.exists() else []

    def led(self, *links: Link, drawn: bool = False, **urls: str) -> tuple[Plans, Placing]:
        """What becomes of these links, and the rules with them, by the end."""
        systems = [SystemSpec(name, "http", PLACE, native={}, disposable=True) for name in ("front", "back", "broker")]
        of = Target("t", PLACE, {one.name: one for one in systems}, {one.name: one for one in links})
        names = ["front", "back", *(["broker"] if drawn else [])]
        plans = Plans(dict.fromkeys(names), {}, {"broker": urls or URLS}, {})  # type: ignore[arg-type]
        with ExitStack() as stack:
            placing = Placing(of, stack, wanted=True)
            return redirected(plans, systems, placing, lot(self._folder, Noting(self.notes)), stack), placing


def lot(ground: Path, guard: Guard) -> Lot:
    return Lot(ground, {}, ground, guard, FreePorts(), print, print)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def link(address: str, source: str = "front", to: str = "broker") -> Link:
    return Link(f"{source}-{to}-{address}", source, to, {"address": address})


def test_one_rule_is_promised_made_deleted_and_kept(machine: Machine) -> None:
    plans, placing = machine.led(link("localhost:5672"))
    port, group = placing.placed("broker")["front"].address[1], plans.groups["front"]
    rule = f"-d 127.0.0.1 -p tcp -m tcp --dport 5672 -m owner --gid-owner {group} --suppl-groups"
    rule += f" -m comment --comment distaudit-front-broker-localhost:5672 -j REDIRECT --to-ports {port}"
    assert machine.asked() == [f"--wait 3 -t nat {does} OUTPUT {rule}" for does in ("-I", "-D")]
    assert machine.notes == ["promised redirect", "-I", "-D", "kept"]


def test_each_caller_has_one_group_of_its_own(machine: Machine) -> None:
    links = [link("127.0.0.1:5672"), link("http://127.0.0.1:15672/api"), link("127.0.0.1:5672", "back")]
    plans, _ = machine.led(*links)
    asked = [line.split() for line in machine.asked() if " -I " in line]
    groups = [words[words.index("--gid-owner") + 1] for words in asked]
    assert groups == [str(plans.groups[one]) for one in ("front", "front", "back")]
    assert len(set(groups)) == 2


@pytest.mark.parametrize(
    ("address", "drawn", "speaks_http"),
    [
        ("127.0.0.1:15672", False, True),
        ("127.0.0.1:5672", True, False),
        ("127.0.0.1:8000", True, False),
        ("http://127.0.0.1:8000", True, True),
    ],
)
def test_what_is_meant_is_at_that_address_or_its_ports_were_drawn(
    machine: Machine, address: str, drawn: bool, speaks_http: bool
) -> None:
    _, placing = machine.led(link(address), drawn=drawn)
    assert placing.placed("broker")["front"].speaks_http is speaks_http


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("127.0.0.1:8000", "inject.address is no address of 'broker'; write the one that 'front' connects to, such as"),
        ("10.0.0.1:5672", "inject.address is no address of 'broker'"),
        ("broker:5672", "an IP address and a port, such as 127.0.0.1:5672: rules know no names; write one, or let"),
        ("127.0.0.1", "an IP address and a port"),
        ("127.0.0.1:70000", "an IP address and a port"),
        ("[::1", "an IP address and a port"),
    ],
)
def test_an_address_that_is_not_the_others_is_refused(machine: Machine, address: str, words: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        machine.led(link(address))
    assert words in str(refusal.value)
    assert not machine.notes


def test_an_address_leads_to_one_system(machine: Machine) -> None:
    with pytest.raises(InvalidInput, match="has that address of 'front' already"):
        machine.led(link("127.0.0.1:5672"), link("localhost:5672"))
    assert not machine.notes


def _why(placing: Placing) -> tuple[Reason | None, str]:
    """As an experiment with that link would end."""
    assert not placing.placed("broker")
    caller = Located("front", "http", {}, disposable=True)
    called = Located("broker", "http", {}, relays=placing.placed("broker"), unrelayed=placing.given_up("broker"))
    told = refused(Aim(Fault.CUT, "broker", "front"), {"front": caller, "broker": called})
    assert told is not None
    return told.reason, told.detail


def test_where_no_rule_can_be_made_the_caller_starts_as_always(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(tmp_path, monkeypatch, exits=4)
    plans, placing = machine.led(link("127.0.0.1:5672"))
    assert not plans.groups
    assert machine.notes == ["promised redirect", "-I", "kept"]
    words = (
        "iptables makes no rule (no such thing); run the audit as root; or let 'front' take the address from a variable"
    )
    reason, why = _why(placing)
    assert (reason, why.partition(":")[0]) == (Reason.FORBIDDEN, words)


def test_who_may_not_start_anybody_in_another_group_makes_no_rule(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*args: object, **more: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(redirect, "_run", forbidden)
    plans, placing = machine.led(link("127.0.0.1:5672"))
    assert (plans.groups, machine.asked()) == ({}, [])
    reason, why = _why(placing)
    assert reason is Reason.FORBIDDEN
    assert why.startswith("no process can be started in a group of its own (Operation not permitted); run the audit as")


def test_without_the_program_nothing_is_promised(machine: Machine) -> None:
    plans, placing = machine.led(link("http://[::1]:80"), url="http://[::1]:80")
    assert (plans.groups, machine.notes) == ({}, [])
    reason, why = _why(placing)
    assert reason is Reason.NOT_INSTALLED
    assert why.startswith("what front sends to ::1 is led to a relay by ip6tables, which is not here; install it")


def test_what_does_not_end_is_left_to_the_guard(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def stuck(*args: object, **more: object) -> None:
        raise subprocess.TimeoutExpired("iptables", 5)

    monkeypatch.setattr(redirect, "_run", stuck)
    _, placing = machine.led(link("127.0.0.1:5672"))
    assert machine.notes == ["promised redirect"]
    assert _why(placing)[0] is Reason.TIMED_OUT


@pytest.mark.parametrize("late_s", [0.5, 4.0])
def test_the_guard_waits_for_what_was_just_being_made(tmp_path: Path, late_s: float) -> None:
    """The run was killed while the program waited, or had not come to anything yet."""
    program, there, making = tmp_path / "iptables", tmp_path / "there", tmp_path / "making"
    program.write_text(f"#!/bin/sh\nexec rm {there}\n")
    program.chmod(0o755)
    maker = subprocess.Popen(["/bin/sh", "-c", f"exec 9>{making}; flock 9; sleep {late_s}; touch {there}"])
    while not making.exists():
        time.sleep(0.01)
    time.sleep(0.2)
    _redirect({"rule": [str(program), "-d", "127.0.0.1"], "making": str(making)})
    maker.wait(5)
    assert not there.exists()


# --- with rules of this machine


ROOT = Path(__file__).parents[2]
ASKS = "import socket, sys; print(socket.create_connection((sys.argv[1], int(sys.argv[2])), 5).recv(9).decode())"


@pytest.fixture(params=["127.0.0.1", "::1"])
def host(request: pytest.FixtureRequest) -> str:
    needs_rules(6 if ":" in request.param else 4)
    return str(request.param)


def serve(host: str) -> tuple[socket.socket, int]:
    """Somebody who says "direct" to whoever connects."""
    server = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)

    def answer() -> None:
        with suppress(OSError):
            while True:
                client, _ = server.accept()
                with closing(client):
                    client.sendall(b"direct")

    threading.Thread(target=answer, daemon=True).start()
    return server, server.getsockname()[1]


@pytest.mark.live
def test_only_members_of_the_group_come_to_the_relay(host: str, tmp_path: Path) -> None:
    before = rules()
    server, port = serve(host)
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    systems = [SystemSpec(name, "http", PLACE, native={}, disposable=True) for name in ("front", "broker")]
    of = Target("t", PLACE, {one.name: one for one in systems}, {"l": Link("l", "front", "broker", {"address": where})})
    plans = Plans(dict.fromkeys(["front"]), {}, {"broker": {"url": f"http://{where}"}}, {})  # type: ignore[arg-type]

    def said(*groups: int) -> str:
        argv = [sys.executable, "-c", ASKS, host, str(port)]
        return subprocess.run(argv, extra_groups=groups, capture_output=True, text=True, timeout=20).stdout.strip()

    with closing(server), guarded() as guard, ExitStack() as stack:
        placing = Placing(of, stack, wanted=True)
        group = redirected(plans, systems, placing, lot(tmp_path, guard), stack).groups["front"]
        relay = placing.placed("broker")["front"]
        assert (said(group), len(relay.seen()[1])) == ("direct", 1)
        assert (said(), said(group + 1), len(relay.seen()[1])) == ("direct", "direct", 1)
        with closing(socket.create_connection((host, port))) as ours:
            assert ours.recv(9) == b"direct"
        assert len(relay.seen()[1]) == 1
        relay.stand(Fault.REFUSE)
        assert (said(group), said()) == ("", "direct")
    assert rules() == before


@pytest.mark.live
@pytest.mark.parametrize("user", [None, "nobody"])
def test_a_group_comes_beside_those_that_a_process_has(tmp_path: Path, user: str | None) -> None:
    if os.geteuid():
        pytest.skip("only root gives groups away")
    group = redirect._GROUPS[0]
    command = Command(("/bin/grep", "^Groups:", "/proc/self/status"), Path("/"), {}, user=user, group=group)
    Yard(tmp_path).run(command, tmp_path / "log", 20)
    groups = [int(word) for word in (tmp_path / "log").read_text().split()[1:]]
    assert sorted(groups) == sorted([*([] if user else os.getgroups()), group])


KILLED = """
import os, sys, time
from pathlib import Path
from pytest_distaudit.domain.errors import Place
from pytest_distaudit.domain.target import Link, SystemSpec, Target
from pytest_distaudit.targets.provision import provision
from pytest_distaudit.targets.recipes import builtin_recipes
place = Place("distaudit.toml")
front = SystemSpec("front", "process", place, native={"argv": ["sleep", "600"]}, disposable=True)
back = SystemSpec("back", "http", place, endpoints={"url": "http://127.0.0.1:8000"})
links = {"l": Link("l", "front", "back", {"address": "127.0.0.1:8000"})}
lab = Target("lab", place, {"front": front, "back": back}, links)
with provision(lab, "auto", ["front"], builtin_recipes(), root=Path("/"), environ=os.environ, on_progress=print,
               relayed=True):
    time.sleep(60)
"""


@pytest.fixture
def killed_run(place: Path) -> Iterator[subprocess.Popen[bytes]]:
    needs_rules(4)
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environ = {**os.environ, "TMPDIR": str(place), "PYTHONPATH": paths}
    process = subprocess.Popen([sys.executable, "-c", KILLED], env=environ, start_new_session=True)
    yield process
    process.kill()
    process.wait()


@pytest.mark.live
@pytest.mark.parametrize("late_s", [None, 0.0, 0.3])
def test_a_killed_run_leaves_no_rule(killed_run: subprocess.Popen[bytes], place: Path, late_s: float | None) -> None:
    """Killed as soon as the rule is promised (None), as soon as it is there, and a little later."""
    before, deadline = rules(), time.monotonic() + 30
    while time.monotonic() < deadline:
        if (rules() != before) if late_s is not None else _promised(place):
            break
        time.sleep(0.005)
    else:
        pytest.fail("no rule was made")
    time.sleep(late_s or 0.0)
    killed_run.kill()
    began = time.monotonic()
    killed_run.wait()
    while list(place.iterdir()) and time.monotonic() < began + GONE_WITHIN_S:
        time.sleep(0.05)
    assert list(place.iterdir()) == [], "the guard is not done"
    time.sleep(1.0)
    assert rules() == before


def _promised(place: Path) -> bool:
    for journal in place.glob("*/journal"):
        with suppress(ValueError):
            if any(json.loads(line).get("undo") == "redirect" for line in journal.read_text().splitlines() if line):
                return True
    return False
