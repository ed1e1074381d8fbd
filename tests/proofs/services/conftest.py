"""One town for all proofs about HTTP services; every port of it is a system of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_distaudit.targets.ground import FreePorts
from pytest_distaudit.testing import Room


def system(name: str, url: str, kind: str = "http", **options: str) -> str:
    """A system of a target file that runs already."""
    lines = [f'[targets.proof.systems."{name}"]', f'kind = "{kind}"', f'url = "{url}"']
    return "\n".join([*lines, *(f'{key} = "{value}"' for key, value in options.items()), ""])


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """Systems are named like the services of town.py; shop-cache is dead."""
    free_port = FreePorts()  # of those that no client is given: nobody may come to listen where the dead one did
    ledger, cache = free_port(), free_port()
    script = Path(__file__).with_name("town.py")
    with subprocess.Popen([sys.executable, script, str(ledger), str(cache)], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            ports = json.loads(process.stdout.readline())
            healths = {
                name: {"health": "/health"} for name in ports if name != "without-health" and "shop-" not in name
            }
            systems = [
                system(name, f"http://127.0.0.1:{port}", **healths.get(name, {})) for name, port in ports.items()
            ]
            systems += [
                system("shop-cache", f"http://127.0.0.1:{cache}"),
                system("elsewhere-and-closed", f"http://127.0.0.2:{cache}"),
                system("postgres-is-http", f"postgresql://a:b@127.0.0.1:{ports['orders']}/x", "postgres"),
                system("postgres-is-silent", f"postgresql://a:b@127.0.0.1:{ports['silent']}/x", "postgres"),
                system("postgres-says-n", f"postgresql://a:b@127.0.0.1:{ports['almost-postgres']}/x", "postgres"),
                system("broker-is-http", f"amqp://a:b@127.0.0.1:{ports['orders']}/", "rabbitmq"),
                system("broker-says-amqp", f"amqp://a:b@127.0.0.1:{ports['almost-amqp']}/", "rabbitmq"),
            ]
            with Room(tmp_path_factory.mktemp("town"), "\n".join(systems)) as room:
                yield room
        finally:
            process.kill()
