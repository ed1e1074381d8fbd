"""Whether the command of a health check can fail at all. Pure; in doubt it can."""

from __future__ import annotations

import re
from collections.abc import Sequence

_ALWAYS = {"true", ":", "echo", "printf", "date", "hostname", "whoami", "id", "pwd", "uname", "uptime", "env", "sleep"}
#: they take whatever comes and are content
_SWALLOWERS = {"cat", "head", "tail", "tee", "wc", "sort", "uniq", "tr"}
_SHELLS = {"sh", "bash", "dash", "ash"}
#: a script with one of these may fail elsewhere than at its end
_ELSEWHERE = re.compile(r"\bexit\s+[^0\s;&|]|\bset\s+-\w*e|\bpipefail\b|\breturn\b|\bkill\b(?!\s+-0\s+1\b)|<<")
_SEPARATED = re.compile(r"\s*(?:;|\n)\s*")
_CONTENT = re.compile(
    r"\s*(?:import\s+\w+\s*;?\s*)?(?:(?:sys\.|process\.|os\._)?exit\(0?\)|print\([^()]*\)|pass)?\s*;?\s*"
)
_INTERPRETER = re.compile(r"(?:python|node)[\d.]*")


def cannot_fail(test: Sequence[str]) -> bool:
    """``test`` as the engine has it: CMD with words, or CMD-SHELL with a script."""
    if not test:
        return False
    if test[0] == "CMD-SHELL":
        return _script(" ".join(test[1:]))
    return _command(test[1:] if test[0] == "CMD" else test)


def _script(text: str) -> bool:
    """Of a list of commands the last one's status counts."""
    if _ELSEWHERE.search(text):
        return False
    last = [part for part in _SEPARATED.split(text.strip()) if part][-1:]
    if not last:
        return True
    # the shell reads "a && b || c" from the left: the last alternative is what a failure ends in
    alternative = last[0].split("||")[-1]
    return all(_pipeline(part) for part in alternative.split("&&"))


def _pipeline(text: str) -> bool:
    parts = [part.split() for part in text.split("|")]
    words = parts[-1]
    if len(parts) > 1 and words and words[0] in _SWALLOWERS:
        return all(word.startswith("-") or word.isdigit() for word in words[1:])
    return _command([word.strip("'\"") for word in words])


def _command(words: Sequence[str]) -> bool:
    if not words:
        return True
    program, arguments = words[0].rpartition("/")[2], list(words[1:])
    if program in _SHELLS and len(arguments) > 1 and re.fullmatch(r"-\w*c", arguments[0]):
        return _script(" ".join(arguments[1:]))
    if _INTERPRETER.fullmatch(program) and len(arguments) > 1 and arguments[0] in ("-c", "-e"):
        return _CONTENT.fullmatch(" ".join(arguments[1:])) is not None
    if program == "exit":
        return arguments == ["0"]
    if program == "kill":
        return arguments == ["-0", "1"]
    if program in ("test", "["):
        return _same(arguments)
    return program in _ALWAYS or (program in ("ls", "ps") and all(word in ("/", "-la", "aux") for word in arguments))


def _same(arguments: Sequence[str]) -> bool:
    """A comparison of one word with itself, a folder that every container has."""
    words = [word for word in arguments if word != "]"]
    if len(words) == 3 and words[1] in ("=", "==", "-eq"):
        return words[0] == words[2]
    return words in (["-d", "/"], ["-e", "/"], ["-d", "/tmp"], ["-e", "/proc/1"])  # noqa: S108 - only read
