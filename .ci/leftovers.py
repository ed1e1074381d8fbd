"""Print (and fail for) what an audit or a test started and did not end; the arguments after --but are known ones.

What the plugin starts carries a mark in its environment that names the process which started it; a container of the
tests carries a label that does. What is marked and has lost its owner was left behind. So was a container without that
label, if the engine is the lab's own: nobody else uses it. The engine is the lab's to end. Standard library only.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

MARK = b"DISTAUDIT_STARTED_BY="
OWNER = "distaudit.owner"
LAB = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "pytest-distaudit/lab"


def processes() -> dict[str, str]:
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


def containers() -> dict[str, str]:
    """Container id -> name and image; nothing where no engine answers."""
    address = os.environ.get("DOCKER_HOST") or f"unix://{LAB}/docker.sock"
    docker = shutil.which("docker")
    if docker is None:
        return {}
    form = f'{{{{.ID}}}}\t{{{{.Label "{OWNER}"}}}}\t{{{{.Names}}}} ({{{{.Image}}}})'
    command = [docker, "--host", address, "ps", "--all", "--no-trunc", "--format", form]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        return {}
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    own = address == f"unix://{LAB}/docker.sock"
    return {
        identity: f"container {title}"
        for identity, owner, title in rows
        if (not Path(f"/proc/{owner}").exists() if owner else own)
    }


def main(arguments: list[str]) -> int:
    """Print ids alone (no arguments), or each unknown process and container and exit 1."""
    found = processes() | containers()
    if not arguments:
        print(" ".join(found))
        return 0
    known = " ".join(arguments[1:]).split()
    new = {identity: command for identity, command in found.items() if identity not in known}
    for identity, command in new.items():
        print(f"left running: {identity} {command[:150]}")
    if not new:
        print("nothing was left running")
    return 1 if new else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
