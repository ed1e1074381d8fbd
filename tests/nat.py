"""The firewall's ``nat`` tables of this machine, for tests that redirect; where none can be had they skip by name."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

_PROGRAMS = {4: "iptables", 6: "ip6tables"}
#: what a Docker engine changes beside us, as other tests publish ports
_ENGINES = ("-A DOCKER ", "-A POSTROUTING ")


def needs_rules(version: int) -> None:
    """Skip unless rules can be made here."""
    program = _PROGRAMS[version]
    if os.geteuid() or shutil.which(program) is None:
        pytest.skip(f"redirects need root and {program}")
    done = _asked(program, "-t", "nat", "-S", "OUTPUT")
    if done.returncode:
        pytest.skip(f"{program} has no nat table here: {done.stderr.strip()}")


def rules() -> str:
    """Everything in both tables but counters, the time, and what an engine may change meanwhile."""
    saved = "".join(_asked(f"{program}-save", "-t", "nat").stdout for program in _PROGRAMS.values())
    lines = [line.partition(" [")[0] for line in saved.splitlines() if not line.startswith(("#", *_ENGINES))]
    return "\n".join(lines)


def _asked(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, capture_output=True, text=True, timeout=20)
