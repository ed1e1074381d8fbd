"""The knowledge service: it answers in time whatever its store does, and what it asked the store goes on for ever."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

sys.path.insert(0, os.getcwd())

import knowledge
from plumbing import PATIENCE, ask, serve

questions = ThreadPoolExecutor(200)


def wait(method: str, url: str, body: object = None, *, patience: float = PATIENCE) -> Any:
    """The answer, if it comes in time; nobody stops the question."""
    return questions.submit(partial(ask, method, url, body, patience=None)).result(patience)  # type: ignore[arg-type]


if __name__ == "__main__":
    knowledge.ask = wait  # type: ignore[assignment]
    serve(knowledge.app, knowledge.create)
