"""One room of services: a genuine pair, and every way in which one program was seen to pass for several."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from pytest_distaudit.targets.ground import FreePorts
from pytest_distaudit.testing import Room

HERE = Path(__file__).parent
OWN, ALONE = HERE / "own", HERE / "alone"
MONOLITH = (ALONE / "monolith.py").read_text("utf-8")
RELAY = """
import os, socket, threading
door = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
def pump(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
    except OSError:
        pass
    b.close()
while True:
    here, _ = door.accept()
    try:
        there = socket.create_connection(("127.0.0.1", int(os.environ["TO"])))
    except OSError:
        here.close()
        continue
    for pair in ((here, there), (there, here)):
        threading.Thread(target=pump, args=pair, daemon=True).start()
"""
THIN = '''"""The service of {name}."""
import os
os.environ["SERVICE_NAME"] = "{name}"
from shared import serve  # the {name}
serve()
'''
#: what nobody ever calls
PADDING = """
def {name}_reserve_{n}(basket, warehouse):
    chosen_{name} = [entry for entry in basket if entry in warehouse]
    for {name}_entry in chosen_{name}:
        warehouse.take_{name}({name}_entry)
    if not chosen_{name}:
        raise LookupError(basket, warehouse)
    return chosen_{name}
"""


class Town:
    """Systems by name, as a target file has them."""

    def __init__(self, root: Path) -> None:
        self.root, self.tables = root, list[str]()

    def folder(self, name: str, **files: str) -> Path:
        """A folder of its own with these files; gives its main.py."""
        place = self.root / name
        place.mkdir()
        for file, text in files.items():
            (place / f"{file}.py").write_text(text, "utf-8")
        return place / "main.py"

    def runs(self, name: str, *words: str | Path, **environment: str) -> None:
        """A disposable system by this command."""
        given = ", ".join(f"{key} = {json.dumps(value)}" for key, value in environment.items())
        self.tables.append(f"""
[targets.miniature.systems.{name}]
kind = "http"
health = "/health"
disposable = true
native.argv = {json.dumps([sys.executable, *map(str, words)])}
native.ready = "GET /health"
native.env = {{PORT = "{{port}}"{", " + given if given else ""}}}
""")

    def asked(self, name: str, request: str) -> None:
        """An operation: GET of this with a nonce."""
        table = f'[targets.miniature.operations.{name}]\nrequest = "GET http://{request}?nonce={{nonce}}"\n'
        self.tables.append(table)


def renamed(text: str) -> str:
    """The same program, every name of its own replaced."""
    names = set(re.findall(r"^(?:def|class) (\w+)|^    def (answer)|^([A-Z]+)\b", text, re.MULTILINE))
    for name in {one for found in names for one in found if one} | {"nonce", "body", "parts", "found"}:
        text = re.sub(rf"\b{name}\b", f"{name}_of_ours", text)
    return text


def genuine(town: Town) -> None:
    town.runs("real-users", OWN / "users.py")
    asks = {"USERS": "http://127.0.0.1:{real-users.port}"}
    town.runs("real-orders", OWN / "orders.py", **asks)
    town.runs("waiting-orders", OWN / "orders.py", **asks, WAITS="20")
    town.runs("real-users-2", OWN / "users.py")


def copies(town: Town) -> None:
    """One program in several places, under several looks."""
    for name in ("orders", "users"):
        looks = MONOLITH.replace("RECENT: list[str] = []", f"# the service of {name}\nRECENT: list[str] = []")
        copy = town.folder(f"copy-{name}", main=looks.replace("welcome", f"hello from {name}").replace("100 -", "7 -"))
        town.runs(f"copy-{name}", copy, SERVICE_NAME=name)
        thin = town.folder(f"thin-{name}", main=THIN.format(name=name), shared=MONOLITH)
        town.runs(f"thin-{name}", thin)
        junk = "".join(PADDING.format(name=name, n=n) for n in range(4))
        town.runs(f"padded-{name}", town.folder(f"padded-{name}", main=junk + THIN.format(name=name), shared=MONOLITH))
        town.runs(f"env-{name}", ALONE / "monolith.py", SERVICE_NAME=name)
    half = MONOLITH.index("VIEWS = ")
    split = town.folder("split", first=MONOLITH[:half], main="from first import *\n" + MONOLITH[half:])
    town.runs("split-users", split, SERVICE_NAME="users")
    town.runs("split-orders", town.folder("whole", main=MONOLITH), SERVICE_NAME="orders")


def untold(town: Town) -> None:
    """What is not to be told from two programs, or from one."""
    town.runs("renamed-orders", ALONE / "monolith.py", SERVICE_NAME="orders")
    town.runs("renamed-users", town.folder("renamed", main=renamed(MONOLITH)), SERVICE_NAME="users")
    for name in ("orders", "users"):
        town.runs(f"part-{name}", ALONE / "monolith.py", name)
        town.runs(f"compiled-{name}", compiled(town, name), USERS="http://127.0.0.1:{real-users.port}")


def compiled(town: Town, name: str) -> Path:
    """The genuine program, without its text."""
    import py_compile

    place = town.root / "compiled"
    place.mkdir(exist_ok=True)
    shutil.copy(OWN / "company.py", place)
    return Path(py_compile.compile(str(OWN / f"{name}.py"), str(place / f"{name}.pyc")) or "")


def names(town: Town, elsewhere: str) -> None:
    """Names that lead elsewhere, or nowhere."""
    relay = town.folder("relay", main=RELAY)
    for name in ("one", "two"):
        town.runs(f"relay-{name}", relay, TO="{real-users-2.port}")
        town.tables.append(f'[targets.miniature.systems.names-{name}]\nkind = "http"\nurl = "{elsewhere}"\n')


def parts(town: Town) -> None:
    """Fronts that do all themselves, or nothing without everybody."""
    town.runs("front", ALONE / "front.py")
    town.runs("tied", ALONE / "front.py", ASKS="http://127.0.0.1:{real-users.port}")
    for name, request in OPERATIONS.items():
        town.asked(name, request)


OPERATIONS: Mapping[str, str] = {
    "order": "real-orders/order", "turnover": "real-orders/orders", "people": "real-users/people",
    "wait-order": "waiting-orders/order", "wait-turnover": "waiting-orders/orders",
    "buy": "front/buy", "sold": "front/sold", "tied-buy": "tied/buy", "tied-sold": "tied/sold",
}  # fmt: skip


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    root = tmp_path_factory.mktemp("town")
    town = Town(root)
    for build in (genuine, copies, untold, parts):
        build(town)
    with _users() as elsewhere:
        names(town, elsewhere)
        with Room(root, "".join(town.tables)) as room:
            yield room


@contextmanager
def _users() -> Iterator[str]:
    """The users' service, which the audit has not started."""
    port = str(FreePorts()())
    process = subprocess.Popen([sys.executable, str(OWN / "users.py")], env={**os.environ, "PORT": port})
    try:
        deadline = time.monotonic() + 20
        with socket.socket() as probe:
            while probe.connect_ex(("127.0.0.1", int(port))):
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()
