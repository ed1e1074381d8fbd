"""network.isolated on a real engine: which groups of containers are apart, and which only look like it."""

from __future__ import annotations

import os
import subprocess
from typing import Any

import pytest
from dock import Dock

from pytest_distaudit.domain.verdict import Reason, Verdict

pytestmark = [
    pytest.mark.proof,
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="attempts from within containers need root"),
]

SERVE = ("httpd", "-f", "-p", "80")
IDLE = ("sleep", "1000")
IMAGE = "busybox:1.35"


@pytest.fixture(scope="module")
def dock(empty_dock: Dock) -> Dock:
    """Each set-up has its groups ``NAME-blue`` and ``NAME-green`` and networks of its own."""
    dock = empty_dock
    nets: dict[str, Any] = {}

    def net(name: str, **options: Any) -> str:
        nets[name] = dock.lab.network(dock.name(name), **options)
        return dock.name(name)

    def serve(name: str, network: str, *more: str, **options: Any) -> None:
        def joined(made: Any) -> None:
            for other in more:
                nets[other.removeprefix(f"{dock.project}-")].connect(made)

        dock.run(name, IMAGE, *options.pop("argv", SERVE), network=network, then=joined, **options)

    blue, green = net("blue"), net("green")
    # genuine: apart, with one that both use, and one whose port is for the host alone
    serve("apart-blue", blue)
    serve("apart-green", green, ports={"80/tcp": ("127.0.0.1", None)})
    serve("apart-none", "none")
    serve("apart-db", blue, green)
    # one network under two names
    serve("alias-blue", blue, green)
    serve("alias-green", green)
    # a way by a port of the host
    serve("published-blue", net("published-b"))
    serve("published-green", net("published-g"), ports={"80/tcp": None})
    # a third one on networks of both; and two of them in a row
    middle = net("middle")
    serve("third-blue", net("third-b"))
    serve("third-green", net("third-g"))
    serve("third-relay", dock.name("third-b"), dock.name("third-g"))
    serve("row-blue", net("row-b"))
    serve("row-green", net("row-g"))
    serve("row-one", dock.name("row-b"), middle)
    serve("row-two", middle, dock.name("row-g"))
    # of the host itself
    serve("host-blue", "host", argv=IDLE)
    serve("host-green", net("host-g"))
    # one network on which nobody is to talk to another
    quiet = net("quiet", options={"com.docker.network.bridge.enable_icc": "false"})
    serve("quiet-blue", quiet)
    serve("quiet-green", quiet)
    # what cannot be told
    serve("mute-blue", net("mute-b"))
    serve("mute-green", net("mute-g"), argv=IDLE)
    dock.all_started()
    serve("stack-blue", blue)
    dock.all_started()
    serve("stack-green", f"container:{dock.name('stack-blue')}", argv=IDLE)
    dock.create("down-green", IMAGE, *SERVE, network=dock.name("mute-g"))
    dock.all_started()
    return dock


def judged(dock: Dock, case: str, **params: str) -> Any:
    blue, green = params.pop("blue", f"{case}-blue"), params.pop("green", f"{case}-green")
    return dock.judge("network.isolated", groups=f"blue={blue}, green={green}", **params)


@pytest.mark.parametrize(
    "params",
    [
        {"shared": "apart-db alias-*"},
        {"shared": "apart-db alias-*", "green": "apart-none"},
    ],
)
def test_apart(dock: Dock, params: dict[str, str]) -> None:
    found = judged(dock, "apart", **params)
    assert found.verdict is Verdict.VERIFIED, found


@pytest.mark.parametrize(
    ("case", "params", "actual"),
    [
        ("alias", {}, "share"),
        ("published", {}, "reaches"),
        ("third", {"shared": "apart-db"}, "third-relay stands between"),
        ("third", {"shared": ""}, "third-relay stands between"),
        ("row", {"shared": ""}, "stand between"),
        ("host", {}, "reaches"),
        ("quiet", {}, "share"),
        ("stack", {}, "have one network stack"),
        ("nobody", {}, "no container of blue"),
    ],
)
def test_names_are_no_walls(dock: Dock, case: str, params: dict[str, str], actual: str) -> None:
    found = judged(dock, case, **params)
    assert (found.verdict, actual in found.actual) == (Verdict.REFUTED, True), found


@pytest.mark.parametrize(
    ("case", "params", "reason"),
    [
        ("third", {}, Reason.AMBIGUOUS_CLAIM),
        ("mute", {}, Reason.NO_CONTROL),
        ("mute", {"green": "down-green"}, Reason.VACUOUS),
    ],
)
def test_what_was_not_tried_is_not_known(dock: Dock, case: str, params: dict[str, str], reason: Reason) -> None:
    found = judged(dock, case, **params)
    assert (found.verdict, found.reason) == (Verdict.UNVERIFIABLE, reason), found


def test_a_way_through_the_host_is_found_although_nothing_lists_it(dock: Dock) -> None:
    """The engine's own walls are opened: ids, names and drivers stay as they were."""
    nets = [dock.lab.client.networks.get(dock.name(name)) for name in ("blue", "green")]
    one, other = (net.attrs["IPAM"]["Config"][0]["Subnet"] for net in nets)
    rules = [("-s", a, "-d", b, "-j", "ACCEPT") for a, b in ((one, other), (other, one))]
    made = []
    try:
        for rule in rules:
            done = subprocess.run(["iptables", "-I", "DOCKER-USER", *rule], capture_output=True, check=False)
            if done.returncode:
                pytest.skip("no rule can be set on this host")
            made.append(rule)
        found = judged(dock, "apart", shared="apart-db alias-*")
    finally:
        for rule in made:
            subprocess.run(["iptables", "-D", "DOCKER-USER", *rule], check=False)
    assert (found.verdict, "reaches" in found.actual) == (Verdict.REFUTED, True), found
