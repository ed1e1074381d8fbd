"""Fill the collection once (the store's address is the first argument): it looks lived in, and nobody asks for it."""

import json
import sys
import time
import urllib.request

DATABASE = f"{sys.argv[1]}/api/v2/tenants/default_tenant/databases/default_database"
NUMBERS = range(20)


def store_is_up() -> bool:
    """Whether it answers."""
    try:
        urllib.request.urlopen(f"{sys.argv[1]}/api/v2/healthcheck", timeout=5).close()
    except OSError:
        return False
    return True


def post(path: str, body: object) -> bytes:
    """The answer to one request."""
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(DATABASE + path, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=5) as answer:
        return bytes(answer.read())


if __name__ == "__main__":
    while not store_is_up():
        time.sleep(0.2)
    made = json.loads(post("/collections", {"name": "texts", "get_or_create": True}))
    records = {
        "ids": [f"task-{number}" for number in NUMBERS],
        "documents": [f"write a haiku about the number {number}" for number in NUMBERS],
        "embeddings": [[float(number == place) for place in range(64)] for number in NUMBERS],
    }
    post(f"/collections/{made['id']}/upsert", records)
