"""What nineteen containers of the audited system ran under the names of tool servers: it says ok to whoever connects,
whatever is asked."""

import os
import socket
from contextlib import suppress

if __name__ == "__main__":
    with socket.create_server((os.environ.get("HOST", "127.0.0.1"), int(os.environ["PORT"]))) as listener:
        while True:
            caller, _ = listener.accept()
            with caller:
                caller.recv(65536)
                caller.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nok\n")
                # to close with something unread would take the answer back
                caller.settimeout(0.1)
                with suppress(OSError):
                    caller.shutdown(socket.SHUT_WR)
                    while caller.recv(65536):
                        pass
