"""Doubles as programs, for the example: `python -m tests.standins jaeger` answers on HOST and PORT until it ends."""

from __future__ import annotations

import os
import sys
import threading

from tests import standins
from tests.standins import ollama, qdrant, traces

DOUBLES = {
    "jaeger": traces.store,
    "ollama": lambda: ollama.ollama(ollama.fails, pulled=False),
    "qdrant": lambda: qdrant.qdrant(qdrant.State()),
}

if __name__ == "__main__":
    if sys.argv[1] not in DOUBLES:
        sys.exit(f"{sys.argv[1]} has no double: it is down")
    standins.PLACE = os.environ.get("HOST", "127.0.0.1"), int(os.environ["PORT"])
    with DOUBLES[sys.argv[1]]():
        threading.Event().wait()
