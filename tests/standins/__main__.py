"""Doubles as programs, for the example: `python -m tests.standins jaeger` answers on HOST and PORT until it ends.

Kong's has its Admin API at the port of ADMIN_URL.
"""

from __future__ import annotations

import os
import sys
import threading
from urllib.parse import urlsplit

from tests import standins
from tests.standins import kong, ollama, qdrant, traces

DOUBLES = {
    "jaeger": traces.store,
    "kong": lambda: kong.unrouted(*standins.PLACE, urlsplit(os.environ["ADMIN_URL"]).port or 0),
    "ollama": lambda: ollama.ollama(ollama.fails, pulled=False),
    "qdrant": lambda: qdrant.qdrant(qdrant.State()),
}

if __name__ == "__main__":
    if sys.argv[1] not in DOUBLES:
        sys.exit(f"{sys.argv[1]} has no double: it is down")
    standins.PLACE = os.environ.get("HOST", "127.0.0.1"), int(os.environ["PORT"])
    with DOUBLES[sys.argv[1]]():
        threading.Event().wait()
