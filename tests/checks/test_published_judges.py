"""port.published on hand-made evidence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.containers import PublishedPort

from .containers import R, U, V, container, judgement
from .containers import told as of_check

WAY = PublishedPort("0.0.0.0", 8080, 80, listens=True, dialled="open")


def told(*seen, port=8080, **params):
    return of_check("port.published", *seen, port=port, **params)


def web(way=WAY, *more, **facts):
    return container("web", ports=(way, *more), **facts)


@pytest.mark.parametrize("port", [">= 80", "0", "65536", "-1"])
def test_a_port_is_a_number(port):
    assert told(web(), port=port) == (U, Reason.AMBIGUOUS_CLAIM)
    assert told(web(), to=port) == (U, Reason.AMBIGUOUS_CLAIM)


@pytest.mark.parametrize("port", [1, 65535])
def test_the_first_and_the_last_port(port):
    assert told(web(replace(WAY, host_port=port)), port=port)[0] is V


def test_it_leads_to_somebody():
    assert told(web()) == (V, "port 8080 leads to port 80 of web")
    assert told(web(), to=80, container="w*")[0] is V
    assert told(container("db"), web(), container="web")[0] is V


def test_it_is_not_published():
    assert told(container("web")) == (R, "port 8080 not published")
    assert told(web(), port=80) == (R, "port 80 not published")
    assert told(web(), protocol="udp") == (R, "port 8080 not published")


@pytest.mark.parametrize(
    ("seen", "params", "because"),
    [
        (container("web", exposed=("8080/tcp",)), {}, "; web only exposes it to other containers"),
        (container("web", exposed=("8080/udp",)), {}, ""),
        (container("web", exposed=("8080/tcp",)), {"container": "db"}, ""),
        (container("web", state="created"), {"container": "web"}, "; web was never started"),
        (container("web", state="created"), {}, ""),
        (container("web"), {"container": "web"}, ""),
        (container("web", state="created", exposed=("8080/tcp",)), {"container": "web"}, "; web only exposes it to"),
    ],
)
def test_what_comes_next_to_it(seen, params, because):
    answer = judgement("port.published", seen, port=8080, **params)
    assert answer.verdict is R
    assert answer.because.startswith("no container of the engine publishes it" + because)
    assert because or answer.because == "no container of the engine publishes it"


def test_a_container_in_its_hosts_network():
    direct = container("web", networks=("host",), project="shop")
    assert told(direct, container="web") == (U, Reason.NO_OBSERVABLE)
    assert told(direct, project="shop") == (U, Reason.NO_OBSERVABLE)
    assert told(direct) == (R, "port 8080 not published")
    assert told(direct, container="db") == (R, "port 8080 not published")
    assert told(replace(direct, networks=("hosts",)), container="web") == (R, "port 8080 not published")
    assert told(replace(direct, state="exited"), container="web") == (R, "port 8080 not published")


def test_it_is_anothers():
    assert told(web(), container("db"), container="db") == (R, "port 8080 is web's")
    assert judgement("port.published", web(), port=8080, container="db").because == "claimed db"
    assert judgement("port.published", web(), port=8080, project="shop").because == "claimed shop"


def test_it_leads_elsewhere():
    assert told(web(), to=81) == (R, "port 8080 leads to port 80")
    assert told(web(WAY, replace(WAY, port=81)), to=81)[0] is V


LOCAL = replace(WAY, host="127.0.0.1")


@pytest.mark.parametrize(
    ("hosts", "reachable", "answer"),
    [
        (["0.0.0.0"], True, V),
        (["0.0.0.0"], None, V),
        (["127.0.0.1"], None, V),
        (["127.0.0.1"], False, V),
        (["127.0.0.2", "::1"], False, V),
        (["127.0.0.1", "::"], True, V),
        (["192.0.2.1"], True, V),
        ([""], True, V),
        (["127.0.0.1"], True, "port 8080 is bound to loopback"),
        (["::1"], True, "port 8080 is bound to loopback"),
        (["0.0.0.0"], False, "port 8080 is open to other hosts"),
        (["127.0.0.1", "::"], False, "port 8080 is open to other hosts"),
        ([""], False, "port 8080 is open to other hosts"),
    ],
)
def test_who_can_reach_it(hosts, reachable, answer):
    found = told(web(*(replace(WAY, host=host) for host in hosts)), reachable=reachable)
    assert found[0] is V if answer is V else found == (R, answer)


@pytest.mark.parametrize(
    ("listens", "dialled", "answer"),
    [
        (True, "open", V),
        (True, "closed", V),
        (True, "", V),
        (True, "refused", (U, Reason.INCONCLUSIVE_STATISTICS)),
        (None, "open", V),
        (None, "closed", (U, Reason.NO_OBSERVABLE)),
        (None, "", (U, Reason.NO_OBSERVABLE)),
        (None, "refused", (R, "port 8080 refuses")),
        (False, "open", (R, "nobody listens behind port 8080")),
        (False, "closed", (R, "nobody listens behind port 8080")),
        (False, "refused", (R, "nobody listens behind port 8080")),
        (False, "", (R, "nobody listens behind port 8080")),
    ],
)
def test_whether_somebody_listens(listens, dialled, answer):
    found = told(web(replace(WAY, listens=listens, dialled=dialled)))
    assert found == answer if isinstance(answer, tuple) else found[0] is answer


def test_how_it_is_known():
    def because(**facts):
        return judgement("port.published", web(replace(WAY, **facts)), port=8080).because

    assert because() == "somebody listens there"
    assert because(listens=None) == "a connection to it stays open"
    assert "hung up at once" in because(listens=None, dialled="closed")
    assert "cannot be dialled" in because(listens=None, dialled="")


def test_two_ways_to_one_port():
    refused = replace(WAY, host="::", dialled="refused")
    assert told(web(WAY, refused))[0] is V
    assert told(web(replace(refused, listens=None), replace(WAY, listens=None)))[0] is V


def test_a_container_that_is_not_up_or_does_nothing():
    assert told(web(state="paused")) == (R, "port 8080: web paused")
    idle = replace(web(), processes=container("x", "nc -l -p 80").processes)
    answer = judgement("port.published", idle, port=8080)
    assert (answer.verdict, answer.actual, answer.conclusive) == (R, "port 8080: web does nothing", True)
