"""The knowledge service: keeps in ChromaDB what tasks said, and finds there what is most like a text."""

import os
import time
import zlib
from typing import Any
from urllib.error import HTTPError

from fastapi.responses import JSONResponse
from plumbing import UNREACHABLE, ask, health_report, log, reason, serve, web_app
from pydantic import BaseModel

PATIENCE = 1  # seconds that the store may take
LENGTH = 64  # of every vector
COLLECTION = "texts"
DATABASE = f"{os.environ['CHROMADB_URL']}/api/v2/tenants/default_tenant/databases/default_database"


class Text(BaseModel):
    """What somebody said."""

    text: str


def vector(text: str) -> list[float]:
    """How often words fall into each of so many bins: texts that share words are near, and no model is needed."""
    bins = [0.0] * LENGTH
    for word in text.lower().split():
        bins[zlib.crc32(word.encode()) % LENGTH] += 1.0
    return bins


class Collection:
    """The one collection; it is made where there is none yet."""

    def __init__(self) -> None:
        self._address = ""

    def ask(self, what: str, **body: object) -> Any:
        """One request about the collection's records. A store that has forgotten the collection gets it anew."""
        try:
            return ask("POST", f"{self.found()}/{what}", body, patience=PATIENCE)
        except HTTPError:
            self._address = ""
            raise

    def found(self) -> str:
        """Where the store has it."""
        if not self._address:
            made = ask("POST", f"{DATABASE}/collections", {"name": COLLECTION, "get_or_create": True})
            self._address = f"{DATABASE}/collections/{made['id']}"
        return self._address


texts = Collection()
app = web_app("SutazAI knowledge")


@app.put("/texts/{identifier}", status_code=204)
def keep(identifier: str, said: Text) -> None:
    """Keep the text."""
    texts.ask("upsert", ids=[identifier], documents=[said.text], embeddings=[vector(said.text)])


@app.post("/nearest")
def nearest(said: Text) -> dict[str, str | None]:
    """The text that is most like this one."""
    found = texts.ask("query", query_embeddings=[vector(said.text)], n_results=1, include=[])["ids"][0]
    return {"id": found[0] if found else None}


@app.delete("/texts/{identifier}", status_code=204)
def forget(identifier: str) -> None:
    """Keep the text no longer."""
    texts.ask("delete", ids=[identifier])


@app.get("/health")
def health() -> JSONResponse:
    """Healthy means: the store has the collection and answers."""
    try:
        ask("GET", f"{texts.found()}/count")
    except UNREACHABLE as error:
        return health_report({"chromadb": reason(error)})
    return health_report({"chromadb": "ok"})


def create() -> None:
    """Make the collection as soon as the store is there."""
    while True:
        try:
            texts.found()
            return
        except UNREACHABLE as error:
            log.info("waiting: %s", reason(error))
        time.sleep(0.3)


if __name__ == "__main__":
    serve(app, create)
