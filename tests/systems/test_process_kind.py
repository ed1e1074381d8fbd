from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module

import pytest

from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.failure import Refusal
from pytest_distaudit.ports.kind import Kind
from pytest_distaudit.ports.located import Inventory
from pytest_distaudit.systems import BUILTIN
from pytest_distaudit.systems.process import KIND

from .bad_days import look, refusal


def test_a_running_process_is_known_by_pid_and_start(limits):
    given = {"inventory": lambda: Inventory(True, os.getpid())}
    seen = look(KIND, "presence", limits, **given)
    assert seen.up
    assert seen.started_at
    process = look(KIND, "process", limits, **given)
    assert process.identity.startswith(f"{os.getpid()}:")
    assert refusal(KIND, "health", limits, **given).reason is Reason.NO_OBSERVABLE


def test_a_process_that_ended_is_a_refusal(limits):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    while ended.poll() is None:
        pass
    for inventory in (Inventory(False, ended.pid, 3), Inventory(True, ended.pid)):
        told = refusal(KIND, "presence", limits, inventory=lambda inventory=inventory: inventory)
        assert isinstance(told, Refusal)


def test_nothing_is_known_without_an_inventory(limits):
    assert refusal(KIND, "presence", limits).reason is Reason.NO_OBSERVABLE
    assert refusal(KIND, "listener", limits).reason is Reason.NO_OBSERVABLE
    told = refusal(KIND, "presence", limits, inventory=lambda: Inventory(True))
    assert told.reason is Reason.NO_OBSERVABLE


def test_a_port_of_another_process_is_not_owned(serve, limits):
    import socket

    port = serve(lambda connection: connection.shutdown(socket.SHUT_RDWR))
    seen = look(KIND, Ask.of("listener", port=port), limits, inventory=lambda: Inventory(True, os.getpid()))
    assert (seen.open, seen.protocol, seen.owner) == (True, "closed", True)
    sleeper = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        other = look(KIND, Ask.of("listener", port=port), limits, inventory=lambda: Inventory(True, sleeper.pid))
        assert other.owner is False
    finally:
        sleeper.communicate(b"\n")


#: prints each module with the clients that it brought; one interpreter that has imported nothing has a child for each
IMPORTS = """
import os, sys
for module in sys.argv[1:]:
    if not os.fork():
        __import__(module)
        clients = {"httpx", "httpcore", "psycopg", "pika", "psutil"} & set(sys.modules)
        print(module, *sorted(clients), flush=True)
        os._exit(0)
    os.wait()
"""


@pytest.fixture(scope="module")
def imported() -> dict[str, list[str]]:
    """Module of a kind -> the clients that importing it alone imports, too."""
    modules = sorted({path.partition(":")[0] for path in BUILTIN})
    argv = [sys.executable, "-c", IMPORTS, *modules]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    return {module: clients for module, *clients in map(str.split, done.stdout.splitlines())}


@pytest.mark.parametrize("path", BUILTIN)
def test_the_builtin_kinds_import_no_client_until_they_look(imported, path):
    module, _, name = path.partition(":")
    assert isinstance(getattr(import_module(module), name), Kind)
    assert imported[module] == []
