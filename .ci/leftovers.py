"""Print (and fail for) processes that an audit started and did not end; the arguments after --but are known ones.

What the plugin starts carries a mark in its environment that names the process which started it. A marked process
whose owner is gone was left behind. Standard library only.
"""

import os
import sys
from pathlib import Path

MARK = b"mirakuru_uuid="


def left_behind() -> dict[str, str]:
    """Process id -> command line."""
    found = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            variables = (place / "environ").read_bytes().split(b"\0")
            command = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
        owner = next((each.removeprefix(MARK).partition(b":")[0] for each in variables if each.startswith(MARK)), b"")
        # A zombie has no command line; it is its parent's to collect.
        if owner.isdigit() and command and not Path(f"/proc/{os.fsdecode(owner)}").exists():
            found[place.name] = command
    return found


def main(arguments: list[str]) -> int:
    """Print ids alone (no arguments), or each unknown process and exit 1."""
    found = left_behind()
    if not arguments:
        print(" ".join(found))
        return 0
    known = " ".join(arguments[1:]).split()
    new = {pid: command for pid, command in found.items() if pid not in known}
    for pid, command in new.items():
        print(f"left running: {pid} {command[:150]}")
    if not new:
        print("no process was left running")
    return 1 if new else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
