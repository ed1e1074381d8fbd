"""Real containers on the lab's engine, on their good and on their bad days; nothing of them stays."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pytest_distaudit.domain.target import Compose, SystemSpec, Target
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.targets.containers import kept
from pytest_distaudit.targets.containers.description import RUN_LABEL
from pytest_distaudit.targets.ground import reserved
from tests.lab import Lab, named, variables
from tests.targets.conftest import PLACE, Provide

pytestmark = pytest.mark.live

REDIS, BUSYBOX = named("redis:7.0"), named("busybox:1.35")
#: all ten in ./run proofs
MOMENTS = 10 if "DISTAUDIT_ROUNDS" in os.environ else 2
GONE_WITHIN_S = 10.0


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab.reached("redis:7.0", "busybox:1.35") as lab:
        yield lab


@pytest.fixture(autouse=True)
def environ(lab: Lab, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> dict[str, str]:
    for name, value in variables().items():
        monkeypatch.setenv(name, value)
    if "DOCKER_CONFIG" not in variables() and "compose" in request.node.name:
        pytest.skip("no Docker Compose: ./run lab up")
    return dict(os.environ)


def left(lab: Lab) -> list[str]:
    """What carries a run's label."""
    chosen = {"label": RUN_LABEL}
    return [
        *(row["Names"][0] for row in lab.client.api.containers(all=True, filters=chosen)),
        *(row["Name"] for row in lab.client.api.networks(filters=chosen)),
        *(row["Name"] for row in lab.client.api.volumes(filters=chosen)["Volumes"] or ()),
    ]


@pytest.fixture(autouse=True)
def before(lab: Lab) -> Iterator[set[str]]:
    """What others have in the engine; the test leaves nothing more."""
    there = set(left(lab))
    yield there
    deadline = time.monotonic() + GONE_WITHIN_S
    while not set(left(lab)) <= there and time.monotonic() < deadline:
        time.sleep(0.2)
    assert set(left(lab)) <= there


def lab_target(tmp_path: Path, services: dict[str, Any], limit_s: float = 30.0, **more: Any) -> Target:
    """A target whose systems are all redis services of one compose file."""
    kinds = {name: service.pop("kind", "redis") for name, service in services.items()}
    (tmp_path / "compose.yaml").write_text(json.dumps({"services": services, **more}), "utf-8")
    systems = {name: SystemSpec(name, kind, PLACE) for name, kind in kinds.items()}
    return Target("lab", PLACE, systems, compose=Compose(("compose.yaml",), start_limit_s=limit_s))


CACHE = {"image": REDIS, "ports": ["6379"]}
MODES = pytest.mark.parametrize("mode", ["compose", "containers"])


@MODES
def test_services_are_reached_and_gone_at_the_end(provide: Provide, tmp_path: Path, lab: Lab, mode: str) -> None:
    import redis
    from redis.backoff import ConstantBackoff
    from redis.retry import Retry

    data = {"volumes": ["data:/data"], "container_name": "the-cache"}
    after = {"depends_on": {"cache": {"condition": "service_started"}}}
    whole = lab_target(
        tmp_path, {"cache": CACHE | data, "hidden": {"image": REDIS} | after}, volumes={"data": {"name": "precious"}}
    )
    with provide(whole, mode=mode) as had:
        for name in ("cache", "hidden"):  # one is published, the other has only its own address
            located = had.located[name]
            assert located.source == mode
            assert redis.Redis.from_url(located.endpoints["url"]).ping()
            assert located.inventory is not None
            assert located.inventory().running
        assert located.endpoints["url"].startswith("redis://172.")
        (container,) = lab.client.containers.list(filters={"label": [RUN_LABEL, "com.docker.compose.service=cache"]})
        container.kill()
        inventory = had.located["cache"].inventory
        assert inventory is not None
        assert (inventory().running, inventory().exit_code) == (False, 137)
        # the port stays where it was when the container is started again
        container.start()
        client = redis.Redis.from_url(had.located["cache"].endpoints["url"], retry=Retry(ConstantBackoff(0.1), 50))
        assert client.ping()
    assert "precious" not in [volume.name for volume in lab.client.volumes.list()]


@MODES
def test_a_container_that_exits_at_once_says_its_last_words(provide: Provide, tmp_path: Path, mode: str) -> None:
    words = ["sh", "-c", "echo out of $$HOME with $$API_TOKEN; exit 3"]
    services = {
        "cache": CACHE,
        "broken": {"image": BUSYBOX, "command": words, "environment": {"API_TOKEN": "hunter2-secret"}},
    }
    with provide(lab_target(tmp_path, services), mode=mode) as had:
        inventory = had.located["broken"].inventory
        assert inventory is not None
        assert (inventory().running, inventory().exit_code, inventory().log_tail) == (False, 3, "out of / with ***")
        assert had.located["cache"].unavailable is None


@MODES
def test_a_service_that_never_gets_healthy_keeps_those_that_wait_for_it(
    provide: Provide, tmp_path: Path, mode: str, progress: list[str]
) -> None:
    sick = CACHE | {"healthcheck": {"test": ["CMD", "false"], "interval": "200ms", "retries": 2}}
    waiting = CACHE | {"depends_on": {"sick": {"condition": "service_healthy"}}}
    with provide(lab_target(tmp_path, {"sick": sick, "waiting": waiting}), mode=mode) as had:
        sick_now, waiting_now = (had.located[name].inventory for name in ("sick", "waiting"))
        assert sick_now is not None
        assert waiting_now is not None
        assert sick_now().running  # how it feels is for the audit to see
        assert not waiting_now().running
        assert waiting_now().log_tail.startswith("its container was never started: it waits for sick (its health check")
    assert any("sick: its health check fails" in line for line in progress)


@MODES
def test_an_image_that_cannot_be_had_is_nobodys_fault(provide: Provide, tmp_path: Path, mode: str) -> None:
    services = {"cache": dict(CACHE), "none": {"image": "distaudit-lab/none:1"}}
    with provide(lab_target(tmp_path, services), mode=mode) as had:
        for name in ("none", "cache"):  # half a project would look as if the other half were down
            reason, why = had.located[name].unavailable or (None, "")
            assert reason is Reason.NOT_INSTALLED
            assert "neither here nor to be pulled: distaudit-lab/none:1" in why


@MODES
def test_what_this_machine_lacks_is_not_held_against_the_project(provide: Provide, tmp_path: Path, mode: str) -> None:
    services = {"cache": dict(CACHE), "strange": CACHE | {"volumes": ["/proc/none:/none"]}}
    with provide(lab_target(tmp_path, services), mode=mode) as had:
        reason, why = had.located["strange"].unavailable or (None, "")
        assert reason is Reason.NOT_INSTALLED
        assert "could not be started" in why


@MODES
def test_a_service_behind_a_profile_is_defined_and_does_not_run(provide: Provide, tmp_path: Path, mode: str) -> None:
    services = {"cache": CACHE, "second": CACHE | {"profiles": ["full"]}}
    with provide(lab_target(tmp_path, services), mode=mode) as had:
        inventory = had.located["second"].inventory
        assert inventory is not None
        assert not inventory().running
        assert "only started with profile full" in inventory().log_tail


@MODES
def test_a_system_that_is_no_service_of_the_files(provide: Provide, tmp_path: Path, mode: str) -> None:
    whole = lab_target(tmp_path, {"cache": dict(CACHE)})
    more = Target("lab", PLACE, {**whole.systems, "ghost": SystemSpec("ghost", "redis", PLACE)}, compose=whole.compose)
    with provide(more, mode=mode) as had:
        assert had.located["ghost"].unavailable == (
            Reason.NOT_INSTALLED,
            "the compose files have no service 'ghost'; they have cache",
        )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("services:\n  cache:\n    imag: x\n", "Additional property imag is not allowed"),
        ("services:\n  cache:\n    image: ${UNSET:?set me}\n", "set me"),
        ("services: [", "yaml"),
    ],
)
def test_a_compose_file_that_is_refused(provide: Provide, tmp_path: Path, text: str, words: str) -> None:
    whole = lab_target(tmp_path, {"cache": dict(CACHE)})
    (tmp_path / "compose.yaml").write_text(text, "utf-8")
    with provide(whole, mode="compose") as had:
        reason, why = had.located["cache"].unavailable or (None, "")
        assert reason is Reason.NOT_INSTALLED
        assert "docker compose config refuses compose.yaml" in why
        assert words in why


@MODES
def test_two_runs_at_once_do_not_meet_nor_the_users_own(provide: Provide, tmp_path: Path, lab: Lab, mode: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        services = {"cache": {"image": REDIS, "container_name": "the-cache", "ports": [f"127.0.0.1:{port}:6379"]}}
        whole = lab_target(tmp_path, services)

        def audit(number: int) -> str:
            with provide(whole, mode=mode) as had:
                time.sleep(0.5)
                return had.located["cache"].endpoints["url"]

        with ThreadPoolExecutor(2) as pool:
            assert len(set(pool.map(audit, range(2)))) == 2


WHOLE = """
import os, sys, time
from contextlib import suppress
from pathlib import Path
from pytest_distaudit.domain.errors import Place
from pytest_distaudit.domain.target import Compose, SystemSpec, Target
from pytest_distaudit.ports.control import Uncontrolled
from pytest_distaudit.targets.provision import provision
place = Place("distaudit.toml")
systems = {name: SystemSpec(name, "redis", place, disposable=True) for name in ("one", "two", "three")}
lab = Target("lab", place, systems, compose=Compose(("compose.yaml",)))
with provision(lab, sys.argv[1], list(systems), {}, root=Path(sys.argv[2]), environ=os.environ,
               on_progress=print) as had:
    one, two = (had.located[name].control for name in ("one", "two"))
    while True:
        with suppress(Uncontrolled):
            one.freeze()
            two.take_away()
            two.bring_back()
            one.thaw()
        time.sleep(0.1)
"""


@MODES
@pytest.mark.parametrize("deadly", [signal.SIGINT, signal.SIGKILL], ids=lambda each: each.name)
def test_nothing_is_left_however_and_whenever_a_run_is_ended(
    tmp_path: Path, lab: Lab, before: set[str], mode: str, deadly: signal.Signals
) -> None:
    lab_target(tmp_path, {name: CACHE | {"volumes": ["data:/data"]} for name in ("one", "two", "three")},
               volumes={"data": {}})  # fmt: skip
    moments = random.Random(f"{mode}{deadly.value}")
    for number in range(MOMENTS):
        argv = [sys.executable, "-c", textwrap.dedent(WHOLE), mode, str(tmp_path)]
        process = subprocess.Popen(argv, start_new_session=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        moment = moments.uniform(0.3, 3.5)
        time.sleep(moment)
        assert process.poll() is None
        os.killpg(process.pid, deadly)
        process.wait(30)
        deadline = time.monotonic() + GONE_WITHIN_S
        while (there := set(left(lab)) - before) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert not there, f"moment {number + 1}: {moment:.2f} s after the start"


# --- stacks that are kept


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lab: Lab) -> Iterator[Path]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    yield tmp_path / "state"
    list(kept.remove_all(os.environ))


@MODES
def test_a_kept_stack_is_used_again_until_it_is_taken_down(
    provide: Provide, tmp_path: Path, lab: Lab, before: set[str], mode: str, state: Path
) -> None:
    whole = lab_target(tmp_path, {"cache": dict(CACHE)})

    def url(keep_s: float = 600.0) -> str:
        with provide(whole, mode=mode, keep_s=keep_s) as had:
            return had.located["cache"].endpoints["url"]

    first = url()
    assert url() == first
    (file,) = state.rglob("*.json")
    assert file.stat().st_mode & 0o077 == 0
    # another run at the same time has its own
    with reserved(file):
        assert url() != first
    # without the option it is let alone
    assert url(0.0) != first
    # too old
    time.sleep(0.01)
    second = url(0.005)
    assert second != first
    assert set(left(lab)) <= before
    # one that is no longer well
    third = url()
    lab.client.containers.list(filters={"label": RUN_LABEL})[0].kill()
    fourth = url()
    assert fourth != third
    # another description
    (tmp_path / "compose.yaml").write_text(json.dumps({"services": {"cache": CACHE | {"hostname": "other"}}}), "utf-8")
    assert url() not in (third, fourth)
    # a clock that was set back
    for file in state.rglob("*.json"):
        told = json.loads(file.read_text())
        file.write_text(json.dumps(told | {"started": told["started"] + 3600}))
    fifth = url()
    assert url() == fifth
    assert sum("removed" in line for line in kept.remove_all(os.environ)) == 2
    assert list(kept.remove_all(os.environ)) == ["no stack is kept"]


@MODES
def test_a_stack_that_mounts_files_is_another_one_when_they_change(
    provide: Provide, tmp_path: Path, mode: str, state: Path
) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code/app.py").write_text("1")
    whole = lab_target(tmp_path, {"cache": CACHE | {"volumes": ["./code:/code:ro"]}})
    urls = []
    for text in ("1", "1", "22"):
        if text != "1":
            (tmp_path / "code/app.py").write_text(text)
        with provide(whole, mode=mode, keep_s=600.0) as had:
            urls.append(had.located["cache"].endpoints["url"])
    assert urls[0] == urls[1] != urls[2]


# --- without compose files


def test_systems_without_compose_files_run_with_testcontainers(provide: Provide) -> None:
    import redis

    tables = {"cache": {"image": REDIS}, "second": {"image": REDIS, "after": ["cache"]}}
    systems = {name: SystemSpec(name, "redis", PLACE, container=table) for name, table in tables.items()}
    with provide(Target("lab", PLACE, systems)) as had:
        for name in tables:
            assert had.located[name].source == "containers"
            assert redis.Redis.from_url(had.located[name].endpoints["url"]).ping()
