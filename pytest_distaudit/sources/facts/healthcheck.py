"""What a healthcheck really asks: nothing, a port, a process, or the service."""

from __future__ import annotations

import re

from pytest_distaudit.domain.facts import Health, Healthcheck
from pytest_distaudit.domain.finding import Spot

_ALWAYS = re.compile(r"(?:/(?:usr/)?bin/)?(?:exit\s+0|true|:|echo(?:\s[^|&;>$`]*)?|sleep\s+[0-9.]+s?|\[\s*1\s*\])")
_EXCUSED = re.compile(r"\|\|\s*(?:exit\s+0|true|:|echo\b[^|&;]*)\s*;?\s*\)?\s*$")
_PORT_ONLY = re.compile(
    r"\bnc\s+(?:-\S+\s+)*-\w*z|\bncat\s+-z|/dev/(?:tcp|udp)/|\bnetstat\b|\bss\s+-\w*l|\blsof\s+-i|\bfsockopen\(|"
    r"\btelnet\b|create_connection\(|\.connect\(\(?[\[\"'(]|\bnet\.connect\(|new net\.Socket|\.connect_ex\("
)
_PROCESS = re.compile(
    r"\bpgrep\b|\bpidof\b|\bps\b[^|]*\|\s*grep|\bkill\s+-0\b|\btest\s+-[fesd]\b|^\s*\[\s+-[fesd]\s|^ls\b"
)
_URL = re.compile(r"https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::([0-9]{2,5}))?(/[^\s'\"|)\]]*)?")
_SHELL = re.compile(r"""^(?:/bin/)?(?:ba|da|a)?sh\s+-\w*c\s+["']?(.*?)["']?$""", re.DOTALL)


def healthcheck(test: list[str], spot: Spot) -> Healthcheck:
    """Judge a compose ``test`` or a Dockerfile's command, given as its words."""
    if not test or test[0] == "NONE":
        return Healthcheck(Health.DISABLED, "disabled", spot)
    words = test[1:] if test[0] in ("CMD", "CMD-SHELL") else test
    command = " ".join(word.strip() for word in words)[:2000].strip()
    inner = _SHELL.match(command)
    command = inner[1].strip() if inner else command
    addresses = tuple((int(match[1] or 80), match[2] or "/") for match in _URL.finditer(command))
    kind, shown = _kind(command)
    return Healthcheck(kind, shown, spot, addresses)


def _kind(command: str) -> tuple[Health, str]:
    if _ALWAYS.fullmatch(command.rstrip("; ")):
        return Health.CONSTANT, command.split("\n", 1)[0][:40]
    excuse = _EXCUSED.search(command)
    if excuse:
        return Health.CONSTANT, f"{_program(command)} ... {excuse.group().strip()[:30]}"
    if re.search(r";\s*(?:exit 0|true)\s*$", command):
        return Health.CONSTANT, f"{_program(command)}; exit 0"
    port = _PORT_ONLY.search(command)
    if port and not re.search(r"https?://|\bcurl\b|\bwget\b|HTTP/1", command):
        return Health.PORT, port.group().strip()[:40]
    process = _PROCESS.search(command)
    if process:
        return Health.PROCESS, process.group().strip()[:40]
    return Health.PROBE, _program(command)


def _program(command: str) -> str:
    """The first word that is no variable: those may hold a password."""
    return next((word[:40] for word in command.split() if "=" not in word), "")
