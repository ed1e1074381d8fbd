"""What commands show of what a container does."""

from __future__ import annotations

import pytest

from pytest_distaudit.checks.idleness import Doing, doing, passes_time
from pytest_distaudit.ports.containers import COMMAND_LENGTH, ContainerProcess

from .containers import processes

WORKS, IDLES, UNKNOWN = Doing.WORKS, Doing.IDLES, Doing.UNKNOWN


@pytest.mark.parametrize(
    "commands",
    [
        ["sleep infinity"],
        ["/bin/sleep 1000"],
        ["busybox sleep 1000"],
        ["/bin/busybox nc -l -p 80"],
        ["tail -f /dev/null"],
        ["tail -n 0 -f /dev/null"],
        ["cat"],
        ["cat -"],
        ["sh"],
        ["-bash"],
        ["bash -i"],
        ["nc -lk 80"],
        ["ncat -l 80"],
        ["tini -- sleep infinity", "sleep infinity"],
        ["/sbin/docker-init -- tail -f /dev/null", "tail -f /dev/null"],
        ["supervisord -n", "sleep 100", "sleep 100"],
        ["/usr/bin/python3 /usr/bin/supervisord -n", "sleep 100"],
        ["sh -c while true; do sleep 1; done", "sleep 1"],
        ["sh -c while true; do nc -l -p 80 < /dev/null; done", "nc -l -p 80"],
        ["bash -ec trap : TERM INT; sleep infinity & wait", "sleep infinity"],
        ["python3 -c import time; time.sleep(1e6)"],
        ["python3 -u -c import time; time.sleep(1e6)"],
        ["python3 -c from time import sleep; sleep(100)"],
        ["python3 -c import signal; signal.pause()"],
        ["python3"],
        ["node -e setInterval(() => {}, 1000)"],
        ["perl -e sleep 1 while 1"],
        ["socat TCP-LISTEN:80,fork -"],
        ["socat -u TCP-LISTEN:80,fork /dev/null"],
        ["yes"],
        ["ping localhost"],
    ],
)
def test_nothing_but_waiting(commands):
    assert doing(processes(*commands)) is IDLES


@pytest.mark.parametrize(
    "commands",
    [
        ["nginx: master process nginx -g daemon off;"],
        ["tini -- nginx", "nginx: master process nginx"],
        ["sh -c while true; do python3 app.py; sleep 1; done", "python3 app.py"],
        ["sleep infinity", "nginx: worker process"],
        ["python3 -m http.server 80"],
        ["python3 app.py"],
        ["python3 -c import http.server; http.server.test()"],
        ["python3 -c import time; time.sleep(1); serve()"],
        ["node server.js"],
        ["perl -e sleep 1; accept(A, B)"],
        ["socat TCP-LISTEN:80,fork TCP:db:5432"],
        ["crond -f"],
        ["redis-server *:6379"],
        ["/app/sleeper"],
        ["sleep 1" + "0" * COMMAND_LENGTH],
    ],
)
def test_one_that_works_is_enough(commands):
    assert doing(processes(*commands)) is WORKS


@pytest.mark.parametrize(
    "commands",
    [
        [],
        ["tini -- sh"],
        ["supervisord -n"],
        ["python3 /usr/bin/supervisord"],
        ["sh /entrypoint.sh", "sleep 1"],
        ["bash -x /entrypoint.sh", "sleep 1"],
        ["sh -c while true; do backup; sleep 100; done", "sleep 100"],
        ["sh -c date >> /data/heartbeat; sleep 1", "sleep 1"],
        ["tail -F /var/log/app.log"],
        ["tail -f"],
        ["cat /var/fifo"],
        ["cat /dev/null /var/fifo"],
        ["nc -lk -p 80 -e /bin/handler"],
        ["ncat -lk 80 --sh-exec handler"],
        ["socat TCP-LISTEN:80,fork SYSTEM:handler"],
        ["sleep 1", "sh script.sh"],
    ],
)
def test_what_may_work_between_is_unknown(commands):
    assert doing(processes(*commands)) is UNKNOWN


def test_a_process_without_a_command_is_unknown():
    assert doing([ContainerProcess(1, 0, "", "")]) is UNKNOWN
    assert doing([ContainerProcess(1, 0, "busybox", "busybox")]) is UNKNOWN


@pytest.mark.parametrize(
    ("name", "command", "what"),
    [
        ("sleep", "nginx: master process infinity", IDLES),
        ("nc", "redis-server 80", IDLES),
        ("nginx", "nginx: master process", WORKS),
        # a script is named after its file
        ("watch", "/bin/bash /usr/local/bin/watch", UNKNOWN),
        ("watch", "python3 /usr/local/bin/watch", WORKS),
        ("", "nginx", WORKS),
        ("", "sleep 5", IDLES),
    ],
)
def test_the_files_name_counts(name, command, what):
    assert doing([ContainerProcess(1, 0, name, command)]) is what


@pytest.mark.parametrize(
    "script",
    [
        "sleep infinity",
        "exec sleep infinity",
        "cd / && sleep infinity",
        "while true; do sleep 1; done",
        "while :; do sleep 1; done",
        "while [ 1 = 1 ]; do date; sleep 1; done",
        "for i in 1 2 3; do sleep 1; done",
        "for i in 1 2 3\ndo sleep 1\ndone",
        "while true; do echo hi | nc -l 80; done",
        "X=1 sleep 5",
        "echo started > /dev/null; sleep 1",
        "echo started 2>&1; sleep 1",
        "sleep $((60 * 5))",
        "busybox sleep 5",
        "'sleep' 5",
        "if true; then sleep 1; else sleep 2; fi",
        "",
    ],
)
def test_scripts_that_pass_time(script):
    assert passes_time(script)


@pytest.mark.parametrize(
    "script",
    [
        "nginx",
        "exec nginx",
        "sleep 5; nginx",
        "until nc -z db 5432; do sleep 1; done; exec app",
        "while true; do ./job; sleep 60; done",
        "for i in 1 2; do job; done",
        "for i in 1 2 do job",
        "echo $(job)",
        "echo beat > /data/beat",
        "echo beat >> /data/beat",
        "X=1 job",
        "busybox httpd -f",
        "nc -l 80 -e handler",
        "tail -f app.log",
        "{ job; }",
        "`job`",
    ],
)
def test_scripts_that_may_do_something(script):
    assert not passes_time(script)
