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

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LISTEN = "0A"


def listening(ports: Collection[int]) -> set[int]:
    """The processes that listen on one of these TCP ports; those whose files may not be seen are left out.

    Of several that share one socket it is the one of the highest number. Raises psutil.Error, where Linux is not.
    """
    if sys.platform != "linux":
        return _told_by_psutil(ports)
    wanted = {f"socket:[{inode}]" for table in _TABLES for inode in _inodes(table, ports)}
    if not wanted:
        return set()
    owners: dict[str, int] = {}
    for pid in sorted(int(entry) for entry in os.listdir("/proc") if entry.isdecimal()):
        owners.update(dict.fromkeys(wanted.intersection(_open(pid)), pid))
    return set(owners.values())


def _inodes(table: Path, ports: Collection[int]) -> Iterator[str]:
    if table.name.endswith("6") and not table.exists():
        return  # a kernel without IPv6
    with table.open(encoding="ascii") as rows:
        for row in rows:
            if f" {_LISTEN} " in row:
                cells = row.split()
                if cells[3] == _LISTEN and int(cells[1].rpartition(":")[2], 16) in ports:
                    yield cells[9]


def _open(pid: int) -> Iterator[str]:
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
