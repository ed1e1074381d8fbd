"""Looks after one service: starts it again when it ends. ``python supervisor.py TIMES PAUSE [HANGS] COMMAND...``

``TIMES``: how often it does that; ``PAUSE`` in seconds before it does; with ``--hangs`` it asks ``/live`` and kills
what does not answer.
"""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import time

times, pause, *command = sys.argv[1:]
watches = command[0] == "--hangs"
command = command[1:] if watches else command


def hangs() -> bool:
    asking = http.client.HTTPConnection("127.0.0.1", int(os.environ["PORT"]), timeout=0.5)
    try:
        asking.request("GET", "/live")
        return asking.getresponse().status != 200
    except OSError:
        return True
    finally:
        asking.close()


def look_after(child: subprocess.Popen[bytes]) -> None:
    """Return when it has ended."""
    missed = 0
    while child.poll() is None:
        time.sleep(0.1)
        missed = missed + 1 if watches and hangs() else 0
        if missed > 2:
            child.kill()
            child.wait()


for _ in range(int(times) + 1):
    look_after(subprocess.Popen(command))
    time.sleep(float(pause))
while True:  # it is still there, and has given up
    time.sleep(1)
