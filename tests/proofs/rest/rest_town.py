"""One shop with an OpenAPI document, honest and otherwise, each on a port of its own.

``rest_town.py`` prints name -> port as JSON and serves until it is killed.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Reply = tuple[int, object]
Service = Callable[[str], Reply]

ORDER = {"id": 1, "total": 9.5, "note": None}
DOCUMENT = {
    "openapi": "3.0.3",
    "info": {"title": "shop", "version": "1"},
    "paths": {
        "/orders": {
            "get": {
                "responses": {
                    "200": {
                        "content": {
                            "application/json": {
                                "schema": {"type": "array", "items": {"$ref": "#/components/schemas/Order"}}
                            }
                        }
                    }
                }
            },
            "post": {"responses": {"201": {}}},
        },
        "/orders/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "example": 1}],
            "get": {
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}},
                    "404": {},
                }
            },
        },
    },
    "components": {
        "schemas": {
            "Order": {
                "type": "object",
                "required": ["id", "total", "note"],
                "properties": {
                    "id": {"type": "integer"},
                    "total": {"type": "number", "minimum": 0, "exclusiveMinimum": True},
                    "note": {"type": "string", "nullable": True},
                },
            }
        }
    },
}
WILD = json.loads(json.dumps(DOCUMENT).replace('"$ref": "#/components/schemas/Order"', '"type": "object"'))
#: the published schema lost a field; the code still gives it
NOTELESS = json.loads(json.dumps(DOCUMENT).replace('"note"', '"remark"').replace(', "remark"]', "]"))
NOT_FOUND: Reply = (404, {"detail": "Not Found"})
PAGE = "<html>Our shop</html>"


def call(path: str, status: int, body: object, method: str = "GET") -> dict[str, object]:
    return {"request": {"method": method, "path": path}, "response": {"status": status, "body": body}}


ONE_ORDER = call("/orders/1", 200, {"id": 7, "note": "x"})
#: files of consumers: what they call and what they read of it
CONSUMERS = {
    "honest-consumer": [ONE_ORDER, call("/orders", 200, [{"total": 1}])],
    "writing-consumer": [{"request": {"method": "POST", "path": "/orders"}, "response": {"status": 201}}],
    "invoice-consumer": [ONE_ORDER, call("/invoices", 200, [])],
    "customer-consumer": [call("/orders/1", 200, {"customer": "x"})],
    "text-id-consumer": [call("/orders/1", 200, {"id": "one"})],
    "created-consumer": [call("/orders", 202, [])],
    "deleting-consumer": [ONE_ORDER, call("/orders/1", 200, {}, "DELETE")],
    "next-order-consumer": [call("/orders/2", 200, {"id": 2})],
    "silent-consumer": [],
}


def shop(orders: Reply = (200, [ORDER]), order: Reply = (200, ORDER), otherwise: Reply = NOT_FOUND) -> Service:
    answers = {"/openapi.json": (200, DOCUMENT), "/orders": orders, "/orders/1": order}
    return lambda path: answers.get(path, otherwise)


def everywhere(reply: Reply, document: object = DOCUMENT) -> Service:
    return lambda path: (200, document) if path == "/openapi.json" else reply


SERVICES: dict[str, Service] = {
    "honest": shop(),
    "empty": shop(orders=(200, [])),
    "paper-only": everywhere(NOT_FOUND),
    "ok-to-everything": everywhere((200, {"status": "ok"})),
    "list-for-everything": everywhere((200, [])),
    "not-implemented": shop(orders=(501, {"detail": "later"})),
    "page-instead": shop(orders=(200, PAGE)),
    "another-shape": shop(order=(200, {"id": "one", "total": 9.5, "note": None})),
    "free-of-charge": shop(order=(200, {**ORDER, "total": 0})),
    "list-of-strangers": shop(orders=(200, [ORDER, {"name": "x"}])),
    "created-instead": shop(orders=(202, [ORDER])),
    "crashes": shop(orders=(500, "Traceback")),
    "wild-catch-all": everywhere((200, {}), {**WILD, "paths": {"/orders/{id}": WILD["paths"]["/orders/{id}"]}}),
    "guarded": shop(orders=(401, {"detail": "who are you"})),
    "sold-out": shop(order=(404, {"detail": "no such order"})),
    "lost-its-note": shop(order=(200, {"id": 1, "total": 9.5})),
    "drops-orders": lambda path: NOT_FOUND if path == "/orders" else shop()(path),
    "wild": lambda path: (200, WILD) if path == "/openapi.json" else shop()(path),
    "note-taken-back": lambda path: (200, NOTELESS) if path == "/openapi.json" else shop()(path),
    "no-document": lambda path: NOT_FOUND,
    "no-openapi": everywhere((200, {}), {"hello": "world"}),
}


def served(service: Service) -> int:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = service(self.path)
            text = body if isinstance(body, str) else json.dumps(body)
            self.send_response(status)
            self.send_header("Content-Type", "text/html" if isinstance(body, str) else "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


if __name__ == "__main__":
    sys.stdout.write(json.dumps({name: served(service) for name, service in SERVICES.items()}) + "\n")
    sys.stdout.flush()
    threading.Event().wait()
