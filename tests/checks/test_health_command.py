"""Health tests that cannot fail, and those that look like them."""

from __future__ import annotations

import pytest

from pytest_distaudit.checks.health_command import cannot_fail


def shell(text):
    return ("CMD-SHELL", text)


@pytest.mark.parametrize(
    "test",
    [
        ("CMD", "true"),
        ("CMD", "/bin/true"),
        ("CMD", "echo", "ok"),
        ("CMD", "ls"),
        ("CMD", "ls", "/"),
        ("CMD", "ls", "-la", "/"),
        ("CMD", "sh", "-c", "exit 0"),
        ("CMD", "bash", "-ec", "true"),
        ("CMD", "python3", "-c", "print('ok')"),
        ("CMD", "python", "-c", "import sys; sys.exit(0)"),
        ("CMD", "node", "-e", "process.exit(0)"),
        ("CMD", "kill", "-0", "1"),
        ("CMD", "test", "-d", "/"),
        ("CMD",),
        shell(""),
        shell("true"),
        shell(":"),
        shell("exit 0"),
        shell("echo ok"),
        shell("curl -f http://x || true"),
        shell("curl -f http://x || exit 0"),
        shell("curl -f http://x || echo down"),
        shell("curl -f http://x; true"),
        shell("curl -f http://x ; exit 0 ;"),
        shell("curl -f http://x\nexit 0"),
        shell("curl -f http://x | cat"),
        shell("curl -f http://x | head -1"),
        shell("curl -f http://x | wc -l"),
        shell("[ 1 = 1 ]"),
        shell("[ 1 -eq 1 ]"),
        shell("test a == a"),
        shell("true && true"),
        shell("kill -0 1"),
        shell("sh -c true"),
        shell("date"),
    ],
)
def test_it_cannot_fail(test):
    assert cannot_fail(test)


@pytest.mark.parametrize(
    "test",
    [
        (),
        ("CMD", "pg_isready"),
        ("CMD", "redis-cli", "ping"),
        ("CMD", "ls", "/data"),
        ("CMD", "sh", "-c", "pg_isready"),
        ("CMD", "sh", "probe.sh"),
        ("CMD", "sh"),
        ("CMD", "sh", "-c"),
        ("CMD", "python3", "-c"),
        ("CMD", "pg_isready", "-c", "true"),
        ("CMD", "perl", "-e", "print()"),
        ("CMD", "python3", "probe.py"),
        ("CMD", "python3"),
        ("CMD", "python3", "-c", "import urllib.request as u; u.urlopen('http://x')"),
        ("CMD", "python3", "-m", "print()"),
        ("CMD", "kill", "-0", "7"),
        ("CMD", "test", "-e", "/run/app.pid"),
        ("CMD", "exit", "1"),
        ("pg_isready",),
        shell("curl -f http://x"),
        shell("curl -f http://x || exit 1"),
        shell("curl -f http://x | grep ok"),
        shell("curl -f http://x | cat - /data/x"),
        shell("curl -f http://x && true"),
        shell("true && curl -f http://x"),
        shell("true; curl -f http://x"),
        shell("true || curl -f http://x && curl -f http://y"),
        shell("set -e; curl -f http://x; true"),
        shell("set -euo pipefail; curl -f http://x | cat"),
        shell("if curl -f http://x; then exit 0; fi; exit 1"),
        shell("curl http://x || kill 1; true"),
        shell("curl http://x; exit $?"),
        shell("curl http://x; exit"),
        shell("f() { return 1; }; f; true"),
        shell("[ 1 = 2 ]"),
        shell("[ $x = 1 ]"),
        shell("test -f /run/ok"),
        shell("exit 2"),
    ],
)
def test_it_can(test):
    assert not cannot_fail(test)
