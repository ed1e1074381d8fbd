"""Orders: takes them for users that the users' service knows, and lists what was ordered."""

from __future__ import annotations

from collections import Counter
from typing import Any
from urllib.parse import quote

from company import Query, Service, ask

service = Service()
ledger: list[dict[str, str]] = []
prices = {"book": 12, "pen": 2}


@service.get("/order")
def order(query: Query) -> tuple[int, Any]:
    buyer = query.get("nonce", "")
    status, known = ask("USERS", f"/greet?nonce={quote(buyer)}")
    if status != 200:
        return 424, {"detail": f"nobody knows {buyer}"}
    item = query.get("item", "book")
    if item not in prices:
        return 422, {"detail": f"no {item} is sold"}
    ledger.append({"buyer": buyer, "item": item, "greeting": known["greeting"]})
    return 200, ledger[-1]


@service.get("/orders")
def orders(query: Query) -> tuple[int, Any]:
    sold = Counter(entry["item"] for entry in ledger)
    turnover = sum(prices[item] * count for item, count in sold.items())
    return 200, {"asked": query.get("nonce"), "sold": dict(sold), "turnover": turnover}


if __name__ == "__main__":
    service.run()
