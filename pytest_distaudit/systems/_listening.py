"""Who listens on ports of this host, read from the kernel's tables.

psutil decodes every socket there is, and a busy host has thousands that were closed a minute ago; here only rows of
listening sockets are read, and open files only where one has the port.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

_TABLES = ("tcp", "tcp6")
_LISTEN = "0A"


def listening(ports: Collection[int]) -> set[int]:
    """The processes that listen on one of these TCP ports; those whose files may not be seen are left out.

    Of several that share one socket it is the one of the highest number. Raises psutil.Error, where Linux is not.
    """
    if sys.platform != "linux":
        return _told_by_psutil(ports)
    wanted = sockets("/proc/net", ports)
    if not wanted:
        return set()
    owners: dict[str, int] = {}
    for pid in sorted(int(entry) for entry in os.listdir("/proc") if entry.isdecimal()):
        owners.update(dict.fromkeys(wanted.intersection(opened(pid)), pid))
    return set(owners.values())


def sockets(net: str, ports: Collection[int] | None = None) -> set[str]:
    """The listening TCP sockets of a folder such as ``/proc/net``, on one of these ports if any are given, as links to
    them read.
    """
    found = (_rows(Path(net, table)) for table in _TABLES)
    return {f"socket:[{row[9]}]" for rows in found for row in rows if ports is None or _port(row) in ports}


def _rows(table: Path) -> Iterator[list[str]]:
    """The kernel lists those that listen first. A kernel without IPv6 has one table less."""
    with suppress(FileNotFoundError), table.open(encoding="ascii") as rows:
        next(rows, "")
        for row in map(str.split, rows):
            if row[3] != _LISTEN:
                return
            yield row


def _port(row: list[str]) -> int:
    return int(row[1].rpartition(":")[2], 16)


def opened(pid: int) -> Iterator[str]:
    """What the process has open, as links tell it; less where it ends meanwhile or may not be looked into."""
    folder = f"/proc/{pid}/fd"
    with suppress(OSError):
        for entry in os.listdir(folder):
            with suppress(OSError):
                yield os.readlink(f"{folder}/{entry}")


def _told_by_psutil(ports: Collection[int]) -> set[int]:
    import psutil

    table = psutil.net_connections("tcp")
    return {
        one.pid
        for one in table
        if one.status == psutil.CONN_LISTEN and one.pid and getattr(one.laddr, "port", 0) in ports
    }
