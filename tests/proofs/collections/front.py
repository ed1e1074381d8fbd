"""The front of the miniature: ``POST /<way>`` with a text works with a collection of that name, honestly or otherwise.

``STORE_URL`` is the store's; at the start the collections that some ways need are made.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

BASE = os.environ["STORE_URL"] + "/api/v2/tenants/default_tenant/databases/default_database/collections"
IDS: dict[str, str] = {}
COUNTS: dict[str, int] = {}


def ask(path: str, body: object) -> Any:
    request = urllib.request.Request(BASE + path, json.dumps(body).encode(), method="POST")
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def made(name: str) -> str:
    """The id of the collection of that name, made where it is not there yet."""
    if name not in IDS:
        IDS[name] = ask("", {"name": name, "get_or_create": True})["id"]
    return IDS[name]


def vector() -> list[float]:
    return [secrets.randbelow(1000) / 1000 for _ in range(3)]


def store(name: str, text: str | None = None, *, key: str = "", metadata: dict[str, str] | None = None) -> None:
    record = {"ids": [key or secrets.token_hex(8)], "embeddings": [vector()], "documents": [text]}
    ask(f"/{made(name)}/upsert", {**record, "metadatas": [metadata]})


def search(name: str) -> None:
    ask(f"/{made(name)}/query", {"query_embeddings": [vector()], "n_results": 1})


def stores_each(text: str) -> int:
    store("stores_each", text)
    return 200


def stores_and_searches(text: str) -> int:
    store("stores_and_searches", text)
    search("stores_and_searches")
    return 200


def stores_beside_the_text(text: str) -> int:
    store("stores_beside_the_text", "a question", metadata={"asked": text})
    return 200


def stores_in_the_background(text: str) -> int:
    threading.Timer(0.4, store, ("stores_in_the_background", text)).start()
    return 202


def stores_no_text(text: str) -> int:
    store("stores_no_text")
    return 200


def stores_while_others_do(text: str) -> int:
    store("stores_while_others_do", text)
    return 200


def stores_elsewhere(text: str) -> int:
    store("stores_elsewhere-v2", text)
    return 200


def was_created_by_a_script(text: str) -> int:
    return 200


def was_seeded_by_a_script(text: str) -> int:
    return 200


def searches_what_is_empty(text: str) -> int:
    search("searches_what_is_empty")
    return 200


def stores_the_same_again(text: str) -> int:
    record = {"ids": ["one"], "embeddings": [[1.0, 2.0, 3.0]], "documents": ["always this"]}
    ask(f"/{made('stores_the_same_again')}/upsert", record)
    return 200


def leaves_it_to_a_forgetful_store(text: str) -> int:
    with contextlib.suppress(OSError):
        urllib.request.urlopen(os.environ["FORGETFUL_URL"] + "/add", text.encode(), timeout=5).close()
    return 200


def fails(text: str) -> int:
    return 500


def fails_at_last(text: str) -> int:
    store("fails_at_last", text)
    return 500 if counted("fails_at_last") == 7 else 200


def only_searches(text: str) -> int:
    search("only_searches")
    return 200


def stores_now_and_then(text: str) -> int:
    if counted("stores_now_and_then") % 2:
        store("stores_now_and_then", text)
    return 200


def writes_over_one_record(text: str) -> int:
    store("writes_over_one_record", text, key="latest")
    return 200


def leaves_it_to_a_feeder(text: str) -> int:
    return 200


def counted(way: str) -> int:
    COUNTS[way] = COUNTS.get(way, 0) + 1
    return COUNTS[way]


WAYS: dict[str, Callable[[str], int]] = {
    name: way for name, way in list(globals().items()) if (callable(way) and "_" in name) or name == "fails"
}
CREATED = ("was_created_by_a_script", "searches_what_is_empty", "fails", "fails_at_last", "stores_now_and_then")
SEEDED = ("was_seeded_by_a_script", "only_searches", "stores_and_searches", "stores_no_text", "writes_over_one_record")
FED = ("leaves_it_to_a_feeder", "stores_while_others_do")


def prepare() -> None:
    while True:
        try:
            for name in (*CREATED, *SEEDED, *FED):
                made(name)
        except OSError:
            time.sleep(0.1)
        else:
            break
    for name in SEEDED:
        for number in range(5):
            store(name, f"seed {number}", key=f"seed-{number}")
    stores_the_same_again("")
    threading.Thread(target=feed, daemon=True).start()


def feed() -> None:
    while True:
        for name in FED:
            store(name, "fed")
        time.sleep(0.15)


class Front(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.told(200)

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.told(WAYS[self.path.strip("/")](text))

    def told(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


if __name__ == "__main__":
    prepare()
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Front).serve_forever()
