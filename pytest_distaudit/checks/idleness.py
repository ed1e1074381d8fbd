"""Whether the processes of a container do anything: a loop of nc or sleep runs, and is nothing. Pure.

What is told here is only what the commands themselves show. A shell that runs a script, of which
nothing but ``sleep`` can be seen, may be a job that works now and then: that is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

from pytest_distaudit.ports.containers import COMMAND_LENGTH, ContainerProcess


class Doing(StrEnum):
    """What a process is for."""

    WORKS = "works"
    IDLES = "idles"
    #: starts and keeps others, which speak for themselves
    KEEPS = "keeps"
    UNKNOWN = "unknown"


_KEEPERS = {
    *("tini", "docker-init", "dumb-init", "catatonit", "s6-svscan", "s6-supervise", "runsvdir", "runsv"),
    *("supervisord", "su", "sudo", "runuser", "timeout", "flock", "setpriv", "nohup", "env"),
}
_SHELLS = {"sh", "bash", "dash", "ash", "zsh", "ksh"}
_NETCATS = {"nc", "ncat", "netcat", "nc.openbsd", "nc.traditional"}
_IDLERS = {"sleep", "pause", "true", "yes", "watch", "top", "ping"}
#: what a shell does to pass its time
_PASTIMES = {
    *("echo", "printf", ":", "date", "wait", "read", "trap", "exit", "test", "[", "set", "kill", "mkfifo", "rm"),
    *("touch", "done", "fi", "hostname", "uname", "break", "continue", "cd", "export", "umask", "shift"),
}
#: words that stand before a command
_BEFORE = {"while", "until", "if", "elif", "else", "then", "do", "!", "exec", "command", "builtin", "time"}
_LOOP_HEADS = {"for", "case", "select"}
_BETWEEN = re.compile(r"[;&|\n(){}`]+|\$\(")
_ASSIGNMENT = re.compile(r"\w+=\S*")
_ARITHMETIC = re.compile(r"\$\(\([^()]*\)\)")
_DISCARDS = re.compile(r"\d*>>?\s*(?:/dev/null|&\d)|<\s*/dev/null")
_INTERPRETER = re.compile(r"(?:python|perl|ruby|node|nodejs)[\d.]*")
_LITERAL = {"-c", "-e"}
#: statements that wait: of Python, JavaScript, Perl, Ruby
_WAITING = re.compile(
    r"(?:import|from|use|require)\s[\w\s,.]+|pass|1|(?:while|loop)\s*\(?\s*(?:True|true|1)?\s*\)?\s*[:{]?"
    r"|(?:while\s+(?:True|1)\s*:\s*)?[\w.]*(?:sleep|pause|wait|input)\b[\s\d.e+*(]*\)*(?:\s+while\s+1)?"
    r"|print\([^()]*\)|setInterval\(\s*(?:\(\)\s*=>|function\s*\(\))\s*\{\s*\}\s*,?[\s\d.e*]*\)|\}"
)
_NOWHERE = {"-", "PIPE", "STDIO", "STDIN", "/dev/null"}


def doing(processes: Sequence[ContainerProcess]) -> Doing:
    """What they do together: one that works is enough; keepers alone are kept busy by nothing that shows."""
    kinds = {_doing(process) for process in processes}
    if Doing.WORKS in kinds:
        return Doing.WORKS
    if Doing.UNKNOWN in kinds or Doing.IDLES not in kinds:
        return Doing.UNKNOWN
    return Doing.IDLES


def _doing(process: ContainerProcess) -> Doing:
    words = process.command.split()
    if words and _program(words[0]) == "busybox":
        words = words[1:]
    if not words or len(process.command) >= COMMAND_LENGTH:
        return Doing.WORKS if words else Doing.UNKNOWN
    program = _program(words[0])
    # a program may be given another name to run under; its file's name stays, as does that of a script
    if process.name in (_IDLERS | _NETCATS) and program not in _SHELLS and not _INTERPRETER.fullmatch(program):
        program = process.name
    return _program_does(program, words[1:])


def _program(word: str) -> str:
    name = word.rpartition("/")[2].removeprefix("-")
    return name.removesuffix(":") or name


def _program_does(program: str, arguments: Sequence[str]) -> Doing:
    if program in _SHELLS:
        return _shell(arguments)
    if program in _IDLERS:
        return Doing.IDLES
    if program in _NETCATS:
        return _netcat(arguments)
    if program in ("tail", "cat"):
        return _reader(program, arguments)
    if program == "socat":
        return _socat(arguments)
    if _INTERPRETER.fullmatch(program):
        return _interpreter(arguments)
    return Doing.KEEPS if program in _KEEPERS else Doing.WORKS


def _netcat(arguments: Sequence[str]) -> Doing:
    """It may hand the connection to a program, and that may be a server."""
    hands_on = any(re.fullmatch(r"-\w*[ec]|--exec|--sh-exec|--lua-exec", word) for word in arguments)
    return Doing.UNKNOWN if hands_on else Doing.IDLES


def _socat(arguments: Sequence[str]) -> Doing:
    places = [word for word in arguments if not re.fullmatch(r"-\w+", word)]
    if any(word in _NOWHERE for word in places):
        return Doing.IDLES
    return Doing.UNKNOWN if any(word.startswith(("SYSTEM:", "EXEC:")) for word in places) else Doing.WORKS


def _reader(program: str, arguments: Sequence[str]) -> Doing:
    """Reading nothing is idle; who reads a log may show it to somebody."""
    files = [word for word in arguments if not word.startswith("-") and not word.isdigit()]
    return Doing.IDLES if set(files) <= {"/dev/null", "-"} and (files or program == "cat") else Doing.UNKNOWN


def _interpreter(arguments: Sequence[str]) -> Doing:
    if any(_program(word) in _KEEPERS for word in arguments[:1]):
        return Doing.KEEPS
    text = _after(arguments, _LITERAL)
    if not text:
        return Doing.WORKS if arguments else Doing.IDLES
    statements = [each.strip() for each in re.split(r"[;\n]", text) if each.strip()]
    return Doing.IDLES if all(_WAITING.fullmatch(each) for each in statements) else Doing.WORKS


def _shell(arguments: Sequence[str]) -> Doing:
    """Without a script it waits for input; what a script's file holds is not seen."""
    text = _after(arguments, {"-c"})
    if text:
        return Doing.IDLES if passes_time(text) else Doing.UNKNOWN
    return Doing.UNKNOWN if any(not word.startswith("-") for word in arguments) else Doing.IDLES


def _after(arguments: Sequence[str], options: set[str]) -> str:
    """The words behind the first of these options, which may stand in a bundle (-ec), quotes left out."""
    letters = {option[1] for option in options}
    for at, word in enumerate(arguments):
        if not word.startswith("-"):
            return ""
        if re.fullmatch(r"-\w+", word) and word[-1] in letters:
            return " ".join(arguments[at + 1 :]).strip("'\"")
    return ""


def passes_time(script: str) -> bool:
    """Whether no command of a shell's script does anything but wait, print, or listen for nobody."""
    script = _DISCARDS.sub("", script)
    if ">" in script:
        return False
    commands = [_command(part.split()) for part in _BETWEEN.split(_ARITHMETIC.sub("1", script))]
    return all(_is_pastime(words) for words in commands if words)


def _command(words: Sequence[str]) -> Sequence[str]:
    """The command of a part, without what stands before it; a loop's head has none."""
    for at, word in enumerate(words):
        if word in _LOOP_HEADS:
            after = words.index("do") if "do" in words else len(words)
            return _command(words[after:])
        if word not in _BEFORE and not _ASSIGNMENT.fullmatch(word):
            return words[at:]
    return ()


def _is_pastime(words: Sequence[str]) -> bool:
    program = _program(words[0].strip("'\""))
    if program == "busybox":
        return _is_pastime(words[1:]) if words[1:] else True
    return program in _PASTIMES or _program_does(program, words[1:]) is Doing.IDLES
