"""All sockets of one network of this host, with their owners and what went over them: what ``ss`` (iproute2) tells.

Of the kernel's own tables only its netlink interface counts what a connection carried.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason

_MOST_BYTES = 16 * 1024 * 1024
_LIMIT_S = 5.0
_OWNER = re.compile(r'\("([^"]*)",pid=(\d+),fd=\d+\)')
_OWNERS = re.compile(r"users:\(\((.*?)\)\)(?:\s|$)")
_INET = re.compile(r"(tcp|udp)\s+(\S+)\s+\d+\s+\d+\s+(\S+)\s+(\S+)\s*(.*)")
_UNIX = re.compile(r"(?:u_str|u_seq)\s+(\S+)\s+\d+\s+\d+\s+(.*?)\s+(\d+)\s+\S+\s+(\d+)\s*((?:users:.*)?)$")
#: what has an owner: connections that are over and only waited out are told by none
_WANTED = ("state", "established", "state", "listening", "state", "unconnected")
_SENT, _RECEIVED = re.compile(r"\bdata_segs_out:(\d+)"), re.compile(r"\bdata_segs_in:(\d+)")
_MAPPED = "::ffff:"


@dataclass(frozen=True, slots=True)
class Row:
    """One socket. ``sort`` is "tcp", "udp" or "unix"; ends are ``address:port`` or ``unix:NUMBER``, "" where there is
    none. ``owners``: pid -> program, as far as they may be seen. ``sent``, ``received``: packets with data. ``path``:
    where a socket in the file system was bound; one that was accepted there has it, too."""

    sort: str
    state: str
    local: str
    remote: str
    owners: dict[int, str]
    sent: int | None = None
    received: int | None = None
    path: str = ""


_reading: dict[str, tuple[threading.Lock, list[tuple[float, list[Row]]]]] = {}


def rows(network: str = "", within: int | None = None) -> list[Row]:
    """The sockets of the audit's own network, or of another one, which process ``within`` is in.

    Whoever asks while somebody reads waits, and shares with the others what is read next. Raises Unobservable.
    """
    asked = time.monotonic()
    lock, last = _reading.setdefault(network, (threading.Lock(), []))
    with lock:
        if not last or last[0][0] < asked:
            began = time.monotonic()
            last[:] = [(began, _read(within))]
        return last[0][1]


def _read(within: int | None) -> list[Row]:
    argv = ["ss", "-H", "-O", "-n", "-t", "-u", "-x", "-i", "-p", *_WANTED]
    if within is not None:
        argv = ["nsenter", f"--net=/proc/{within}/ns/net", *argv]
    if shutil.which(argv[0]) is None or shutil.which("ss") is None:
        raise Unobservable(Reason.NOT_INSTALLED, "what connections carry is told by ss (iproute2), which is not here")
    try:
        done = subprocess.run(argv, capture_output=True, timeout=_LIMIT_S, check=False)  # noqa: S603 - its own words
    except subprocess.TimeoutExpired:
        raise Unobservable(Reason.TIMED_OUT, f"ss did not tell all sockets in {_LIMIT_S:g} s") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()[:200]
        raise Unobservable(_why(said), f"{argv[0]}: {said}")
    if len(done.stdout) > _MOST_BYTES:
        raise Unobservable(Reason.TOO_LARGE, f"this host has more sockets than {_MOST_BYTES} bytes tell")
    return list(parsed(done.stdout.decode("utf-8", "replace")))


def _why(said: str) -> Reason:
    if "option" in said:
        return Reason.UNSUPPORTED_VERSION  # older ones do not print a socket in one line
    return Reason.FORBIDDEN if "not permitted" in said or "denied" in said else Reason.PROTOCOL_ERROR


def parsed(text: str) -> Iterator[Row]:
    """The sockets that ``ss`` printed, one a line. Other sorts are left out."""
    for line in text.splitlines():
        if inet := _INET.match(line):
            sort, state, local, remote, rest = inet.groups()
            yield _counted(Row(sort, state, place(local), place(remote), _owners(rest)), rest)
        elif unix := _UNIX.match(line):
            state, path, number, peer, rest = unix.groups()
            remote = f"unix:{peer}" if peer != "0" else ""
            yield Row("unix", state, f"unix:{number}", remote, _owners(rest), path=path.removeprefix("*"))


def _counted(row: Row, rest: str) -> Row:
    """With what it carried, where that is told: what is zero is left out there."""
    if row.sort != "tcp" or "cwnd:" not in rest:
        return row
    sent, received = (int(found[1]) if (found := field.search(rest)) else 0 for field in (_SENT, _RECEIVED))
    return replace(row, sent=sent, received=received)


def _owners(rest: str) -> dict[int, str]:
    found = _OWNERS.search(rest)
    return {int(pid): name for name, pid in _OWNER.findall(f"({found[1]})")} if found else {}


def place(text: str) -> str:
    """``[::ffff:127.0.0.1]:80`` and ``127.0.0.1%lo:80`` are 127.0.0.1:80; "" for an end that is none."""
    host, _, port = text.rpartition(":")
    host = host.strip("[]").partition("%")[0].removeprefix("[").rstrip("]")
    return "" if port in ("*", "0", "") else f"{host.removeprefix(_MAPPED)}:{port}"
