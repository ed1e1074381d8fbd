"""Programs of the audited project, started for real: readiness, early ends, hangs, order, teardown."""

from __future__ import annotations

import os
import signal
import threading
import time
import urllib.request
from typing import Any

import psutil
import pytest

from pytest_distaudit.ports.located import Inventory
from pytest_distaudit.targets.provision import Provisioned
from tests.targets.conftest import SERVE, Provide, python, system, target, told

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("nothing_left")]

FOREVER = "import time; time.sleep(600)"


def inventory(had: Provisioned, name: str) -> Inventory:
    look = had.located[name].inventory
    assert look is not None
    return look()


def test_an_http_server_answers_at_its_address(provide: Provide, progress: list[str]) -> None:
    with provide(target(system("web", native={**SERVE, "ready": "GET /"}))) as had:
        web = had.located["web"]
        with urllib.request.urlopen(web.endpoints["url"]) as answer:
            assert answer.status == 200
        assert web.source == had.modes["web"] == "native"
        assert inventory(had, "web").running
    after = inventory(had, "web")
    assert (after.running, after.exit_code) == (False, -signal.SIGTERM)
    assert '"GET / HTTP/1.1" 200' in after.log_tail
    assert progress[0] == "starting web"
    assert progress[1].startswith("web: ready (")


def test_the_inventory_is_live(provide: Provide) -> None:
    with provide(target(system("web", native=SERVE))) as had:
        pid = inventory(had, "web").pid
        assert pid is not None
        child = psutil.Process(pid)
        child.kill()
        child.wait()
        assert inventory(had, "web").exit_code is not None
        assert not inventory(had, "web").running


@pytest.mark.parametrize("code", [0, 3])
def test_an_early_exit_is_noticed_at_once_with_its_last_words(provide: Provide, code: int) -> None:
    talk = f"for n in range(100): print('line', n)\nraise SystemExit({code})"
    began = time.monotonic()
    with provide(target(system("web", native=python(talk)), system("other", native=SERVE))) as had:
        assert time.monotonic() - began < 20, "did not wait for the start limit"
        seen = inventory(had, "web")
        assert (seen.running, seen.exit_code) == (False, code)
        lines = seen.log_tail.splitlines()
        assert lines[0] == f"exited with {code} before it was ready"
        assert lines[1:] == [f"line {n}" for n in range(60, 100)]
        assert had.located["web"].endpoints
        assert had.located["web"].unavailable is None
        assert inventory(had, "other").running, "one that fails does not take the others along"


def test_a_program_that_cannot_be_run(provide: Provide) -> None:
    with provide(target(system("web", native={"argv": ["/no/such/program"]}))) as had:
        seen = inventory(had, "web")
        assert not seen.running
        assert seen.log_tail == "cannot run '/no/such/program': No such file or directory: '/no/such/program'"


def test_a_working_directory_that_does_not_exist(provide: Provide) -> None:
    with provide(target(system("web", native={**SERVE, "cwd": "nowhere"}))) as had:
        assert inventory(had, "web").log_tail.endswith("/nowhere'")


@pytest.mark.parametrize("ready", ["port", "GET /nowhere"])
def test_one_that_never_gets_ready_runs_and_says_so(provide: Provide, ready: str) -> None:
    native = SERVE if ready != "port" else python(FOREVER)
    with provide(target(system("web", native={**native, "ready": ready, "start_limit": 1.0}))) as had:
        seen = inventory(had, "web")
        assert seen.running
        assert seen.log_tail.splitlines()[0] == "not ready after 1 s"


def test_then_runs_after_readiness_with_the_program_s_environment(provide: Provide) -> None:
    after = ["{python}", "-c", "import os; print('then', os.environ['WHO'], '{port}')"]
    with provide(target(system("web", native={**SERVE, "env": {"WHO": "me"}, "then": [after]}))) as had:
        assert "then me " in inventory(had, "web").log_tail


def test_a_failing_then_is_a_failed_start_in_words_without_secrets(provide: Provide) -> None:
    argv = ["{python}", "-c", "import sys; print('no table', sys.argv[1]); raise SystemExit(4)", "{db.url}"]
    lab = target(
        system("web", native={**SERVE, "then": [argv]}),
        system("db", "postgres", endpoints={"url": "postgresql://u:s3cret@127.0.0.1:1/x"}),
    )
    with provide(lab) as had:
        words = inventory(had, "web").log_tail
        assert words.startswith("not ready: ")
        assert "exited with 4" in words
        assert "no table postgresql://u:***@127.0.0.1:1/x" in words
        assert "{db.url}" in words.splitlines()[0]
        assert "s3cret" not in words


def test_programs_see_a_minimal_environment(provide: Provide, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SECRET_OF_THE_AUDIT", "s3cret")
    show = "import os; print(sorted(os.environ), flush=True); import time; time.sleep(600)"
    with provide(target(system("worker", "process", python(show, env={"MINE": "1"})))) as had:
        words = inventory(had, "worker").log_tail
    assert "'MINE'" in words
    assert "A_SECRET_OF_THE_AUDIT" not in words


def test_a_process_is_ready_when_it_stays_alive(provide: Provide) -> None:
    lab = target(system("stays", "process", python(FOREVER)), system("ends", "process", python("")))
    with provide(lab) as had:
        assert inventory(had, "stays").running
        assert inventory(had, "ends").exit_code == 0


def test_after_waits_and_links_do_not(provide: Provide, progress: list[str]) -> None:
    slow = "import time, http.server as h, sys; time.sleep(1); h.test(port=int(sys.argv[1]), bind='127.0.0.1')"
    lab = target(
        system("slow", native={"argv": ["{python}", "-c", slow, "{port}"]}),
        system("patient", "process", python(FOREVER, after="slow")),
        system("hasty", "process", python(FOREVER, env={"SLOW": "{slow.url}"})),
    )
    with provide(lab):
        order = [line.partition(":")[0] for line in progress[1:]]
    assert order.index("hasty") < order.index("slow") < order.index("patient")


def test_one_that_waits_for_a_dead_one_is_started_all_the_same(provide: Provide) -> None:
    lab = target(system("dead", native=python("raise SystemExit(1)")), system("web", native={**SERVE, "after": "dead"}))
    with provide(lab) as had:
        assert not inventory(had, "dead").running
        assert inventory(had, "web").running


def test_one_that_ignores_the_polite_signal_and_hides_its_children_ends_too(provide: Provide) -> None:
    stubborn = (
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"subprocess.Popen([sys.executable, '-c', {FOREVER!r}], start_new_session=True, env={{}})\n"
        "print('up', flush=True)\ntime.sleep(600)"
    )
    with provide(target(system("worker", "process", python(stubborn)))) as had:
        pid = inventory(had, "worker").pid
        assert pid is not None
        (hidden,) = psutil.Process(pid).children()
        began = time.monotonic()
    told("teardown of a stubborn tree", began)
    assert not hidden.is_running() or hidden.status() == psutil.STATUS_ZOMBIE


def test_an_error_in_the_block_ends_everything(provide: Provide) -> None:
    with pytest.raises(ZeroDivisionError), provide(target(system("web", native=SERVE))):
        raise ZeroDivisionError


def test_an_interrupt_during_the_start_ends_everything(provide: Provide, progress: list[str]) -> None:
    never: dict[str, Any] = {**python(FOREVER), "start_limit": 60}
    lab = target(system("web", native=never), system("other", native=SERVE))
    began = time.monotonic()
    timer = threading.Timer(1.0, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt), provide(lab):
            pytest.fail("the start should not have ended")
    finally:
        timer.cancel()
    told("interrupted and ended", began)
    assert time.monotonic() - began < 20
    assert [line.partition(":")[0] for line in progress[1:]] == ["other"]
