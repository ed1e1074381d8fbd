"""An Ollama without a model, from its published API: what a team might put behind its address.

Its manner decides how it makes an answer up; the better ones know what a real server tells of its work.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import Any

from tests.standins import Speaker, served

CANNED = "I am a helpful assistant. How can I help you today?"
_TICK = count(1)


def _words(told: Mapping[str, Any], text: str) -> str:
    """So many words as there may be tokens."""
    return " ".join(text.split()[: told["options"]["num_predict"]])


def _answer(text: str, tokens: int, took_s: float = 0.02) -> dict[str, Any]:
    """An answer with an account of work that adds up."""
    total = int(took_s * 1e9) + next(_TICK)
    work = {"load_duration": total // 10, "prompt_eval_duration": total // 10, "eval_duration": total // 2}
    return {"response": text, "done": True, "eval_count": tokens, "total_duration": total, **work}


def canned(told: Mapping[str, Any]) -> dict[str, Any]:
    text = _words(told, CANNED)
    return _answer(text, len(text.split()))


def echoes(told: Mapping[str, Any]) -> dict[str, Any]:
    return _answer(told["prompt"], 3)


def fills_a_template(told: Mapping[str, Any]) -> dict[str, Any]:
    text = f"Good question! About {told['prompt']} there is much to say."
    return _answer(_words(told, text), 3)


def says_all_it_has(told: Mapping[str, Any]) -> dict[str, Any]:
    return _answer(f"{CANNED} {next(_TICK)}", 12)


def invents_its_time(told: Mapping[str, Any]) -> dict[str, Any]:
    return _answer(f"Answer {next(_TICK)}", 3, took_s=5.0)


def plays_a_recording(told: Mapping[str, Any]) -> dict[str, Any]:
    return {**_answer(f"Answer {next(_TICK)}", 3), "total_duration": 20_000_000}


def loads_nothing(told: Mapping[str, Any]) -> dict[str, Any]:
    return _answer(f"Answer {next(_TICK)}", 3)


def says_nothing(told: Mapping[str, Any]) -> dict[str, Any]:
    return _answer("", 1)


def fails(told: Mapping[str, Any]) -> dict[str, Any]:
    return {"error": "model requires more system memory (5.6 GiB) than is available (1.1 GiB)"}


def fails_once(told: Mapping[str, Any]) -> dict[str, Any]:
    return fails(told) if told["options"]["num_predict"] == 3 else loads_nothing(told)


def tells_no_work(told: Mapping[str, Any]) -> dict[str, Any]:
    """As servers do that speak this API for another one."""
    return {"response": f"Answer {next(_TICK)}", "done": True}


Manner = Callable[[Mapping[str, Any]], dict[str, Any]]


def routes(manner: Manner, loaded: bool, pulled: bool) -> Mapping[str, Callable[[Mapping[str, Any]], Any]]:
    """Path -> what it answers to a JSON body."""
    model = {"name": "llama3:latest", "model": "llama3:latest", "size": 4_000_000_000, "digest": "a" * 64}
    return {
        "/": lambda told: "Ollama is running",
        "/api/version": lambda told: {"version": "0.17.4"},
        "/api/tags": lambda told: {"models": [model] if pulled else []},
        "/api/ps": lambda told: {"models": [model] if loaded else []},
        "/api/show": lambda told: {"model_info": {"llama.context_length": 8192}},
        "/api/generate": manner,
    }


@contextmanager
def ollama(manner: Manner, loaded: bool = True, pulled: bool = True) -> Iterator[str]:
    """One of it, by its address; ``pulled``: whether it lists a model."""
    answers = routes(manner, loaded, pulled)

    class Handler(Speaker):
        def do_GET(self) -> None:
            told = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
            found = answers.get(self.path)
            answer = found(told) if found else {"error": "not found"}
            time.sleep(0.02)
            failed = isinstance(answer, dict) and "error" in answer
            self.told(500 if failed and found else 404 if failed else 200, answer)

        do_POST = do_GET

    with served(Handler) as url:
        yield url
