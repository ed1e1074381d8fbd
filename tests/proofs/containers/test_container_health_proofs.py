"""container.healthy on a real engine."""

from __future__ import annotations

import time
from typing import Any

import pytest
from dock import Dock

from pytest_distaudit.domain.verdict import Reason, Verdict

pytestmark = [pytest.mark.proof, pytest.mark.live]

_SECOND = 1_000_000_000
SERVE = ("httpd", "-f", "-p", "80")
FETCH = "wget -q -O /dev/null http://127.0.0.1/"


def probed(*test: str, **more: Any) -> dict[str, Any]:
    return {"test": list(test), "interval": _SECOND // 4, "retries": 2, **more}


@pytest.fixture(scope="module")
def dock(empty_dock: Dock) -> Dock:
    dock = empty_dock

    def serve(name: str, test: dict[str, Any] | None, *argv: str, **options: Any) -> None:
        dock.run(name, "busybox:1.35", *(argv or SERVE), healthcheck=test, **options)

    page = ("sh", "-c", "mkdir /www && echo hello > /www/index.html && exec httpd -f -p 80 -h /www")
    # genuine ones
    serve("web", probed("CMD-SHELL", FETCH), *page)
    serve("strict", probed("CMD-SHELL", f"{FETCH} || exit 1"), *page)
    serve("careful", probed("CMD-SHELL", f"set -e; {FETCH}; true"), *page)
    dock.run("nginx", "nginx:1.22", healthcheck=probed("CMD", "perl", "-e", "exit(!-e '/run/nginx.pid')"))
    # facades
    serve("true", probed("CMD", "true"))
    serve("exit", probed("CMD-SHELL", "exit 0"))
    serve("echo", probed("CMD-SHELL", "echo ok"))
    serve("or-true", probed("CMD-SHELL", f"{FETCH} || true"))
    serve("swallowed", probed("CMD-SHELL", f"{FETCH} 2>&1 | cat"))
    serve("later-true", probed("CMD-SHELL", f"{FETCH}; exit 0"))
    serve("kill-0", probed("CMD-SHELL", "kill -0 1"))
    loop = ("sh", "-c", "while true; do echo ok | nc -l -p 80; done")
    serve("nc-loop", probed("CMD-SHELL", "ps | grep -q '[n]c -l'"), *loop)
    serve("sleep", probed("CMD-SHELL", "ps | grep -q '[s]leep'"), "sleep", "infinity")
    serve("ill", probed("CMD-SHELL", "wget -q -O - http://127.0.0.1:81/"))
    serve("patient", probed("CMD-SHELL", "test -e /tmp/ill && exit 1; touch /tmp/ill", retries=10_000))
    serve("frozen", probed("CMD-SHELL", FETCH), *page, then=_frozen)
    serve("ended", probed("CMD-SHELL", FETCH), "sh", "-c", "exit 1")
    serve("slow-to-start", probed("CMD-SHELL", "false", start_period=3600 * _SECOND))
    # what cannot be told
    serve("untested", None)
    serve("forbidden", {"test": ["NONE"]})
    dock.all_started()
    time.sleep(2.0)
    return dock


def _frozen(container: Any) -> None:
    deadline = time.monotonic() + 10
    while container.attrs["State"]["Health"]["Status"] != "healthy":
        assert time.monotonic() < deadline
        time.sleep(0.1)
        container.reload()
    container.pause()


@pytest.mark.parametrize("name", ["web", "strict", "careful", "nginx"])
def test_a_test_that_can_fail_and_passes(dock: Dock, name: str) -> None:
    found = dock.judge("container.healthy", container=name, within="5s")
    assert found.verdict is Verdict.VERIFIED, found


@pytest.mark.parametrize(
    ("name", "actual"),
    [
        ("true", "cannot fail"),
        ("exit", "cannot fail"),
        ("echo", "cannot fail"),
        ("or-true", "cannot fail"),
        ("swallowed", "cannot fail"),
        ("later-true", "cannot fail"),
        ("kill-0", "cannot fail"),
        ("nc-loop", "does nothing"),
        ("sleep", "does nothing"),
        ("ill", "unhealthy"),
        ("patient", "tests failed"),
        ("frozen", "paused"),
        ("ended", "exited (1)"),
        ("slow-to-start", "starting"),
        ("nobody", "no container nobody"),
    ],
)
def test_the_word_healthy_is_not_enough(dock: Dock, name: str, actual: str) -> None:
    found = dock.judge("container.healthy", container=name, within="2s")
    assert (found.verdict, actual in found.actual) == (Verdict.REFUTED, True), found


@pytest.mark.parametrize("name", ["untested", "forbidden"])
def test_without_a_test_nothing_says_whether_it_is_well(dock: Dock, name: str) -> None:
    found = dock.judge("container.healthy", container=name)
    assert (found.verdict, found.reason) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE), found
