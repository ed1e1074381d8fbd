"""A service before a Redis: ``/say?word=...`` keeps the word there and reads it back, ``/echo`` says it back itself.

``WAY`` is how it starts while its store is away; "" answers ``/echo`` at once, and ``/say`` as soon as it can.
"""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

BOOT, BEGAN = secrets.token_hex(8), time.monotonic()
WAY = os.environ.get("WAY", "")
STORE = urlsplit(os.environ["STORE"])
PORT = int(os.environ["PORT"])


def kept(word: str) -> str:
    """The word, as the store says it back."""
    with socket.create_connection((STORE.hostname, STORE.port), 0.7) as store:
        store.sendall(f"AUTH {STORE.password}\r\nSET {word} {word} EX 90\r\nGET {word}\r\nQUIT\r\n".encode())
        said = b"".join(iter(lambda: store.recv(4096), b""))
    return said.split(b"\r\n")[3].decode()


def there() -> bool:
    try:
        socket.create_connection((STORE.hostname, STORE.port), 0.7).close()
    except OSError:
        return False
    return True


def wait_for_it() -> None:
    while not there():
        time.sleep(0.1)


class Service(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        word = parse_qs(parts.query).get("word", [""])[0]
        if parts.path == "/live":
            self._answer(200, "up")
        elif parts.path == "/echo":
            if WAY == "holds" and without and time.monotonic() > BEGAN + 1.0:
                wait_for_it()
            self._answer(200, "welcome" if WAY == "canned" and not there() else word)
        elif WAY == "needless":
            self._answer(200, word)
        elif WAY == "never" and without:
            self._answer(503, "no store")
        else:
            self._say(word)

    def _say(self, word: str) -> None:
        try:
            self._answer(200, kept(word))
        except (OSError, IndexError):
            self._answer(503, "no store")

    def _answer(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("X-Boot", BOOT)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


def started_anew() -> None:
    """When the store appears, become another one."""
    wait_for_it()
    if WAY == "replaces":
        os.execv(sys.executable, [sys.executable, *sys.argv])
    os._exit(1)


def lost() -> None:
    """End as soon as the store does."""
    with socket.create_connection((STORE.hostname, STORE.port)) as store:
        store.recv(1)
    os._exit(1)


def gives_up() -> None:
    """Answer for a moment only."""
    time.sleep(1.5)
    os._exit(1)


def pass_on() -> None:
    """Pass bytes from the port to whoever answers behind it."""

    def pump(source: socket.socket, to: socket.socket) -> None:
        while data := source.recv(4096):
            to.sendall(data)
        to.shutdown(socket.SHUT_WR)

    with socket.create_server(("127.0.0.1", PORT), backlog=128) as door:
        while True:
            caller, _ = door.accept()
            behind = socket.create_connection(("127.0.0.1", int(os.environ["BEHIND"])))
            threading.Thread(target=pump, args=(caller, behind), daemon=True).start()
            threading.Thread(target=pump, args=(behind, caller), daemon=True).start()


def survive() -> None:
    """Have one answer on another port, and somebody listen who may be killed: he is started again."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        behind = str(free.getsockname()[1])
    subprocess.Popen([sys.executable, __file__], env={**os.environ, "WAY": "", "PORT": behind})
    while True:
        subprocess.run(
            [sys.executable, __file__], env={**os.environ, "WAY": "passes-on", "BEHIND": behind}, check=False
        )
        time.sleep(0.2)


without = not there()
match WAY:
    case "survives":
        survive()
    case "passes-on":
        pass_on()
    case "exits" | "loops" if without:
        sys.exit("no store")
    case "loops":
        threading.Thread(target=lost, daemon=True).start()
    case "waits":
        wait_for_it()
    case "slowly" if without:
        threading.Thread(target=gives_up, daemon=True).start()
    case "again" | "replaces" if without:
        threading.Thread(target=started_anew, daemon=True).start()
ThreadingHTTPServer.request_queue_size = 128
ThreadingHTTPServer(("127.0.0.1", PORT), Service).serve_forever()
