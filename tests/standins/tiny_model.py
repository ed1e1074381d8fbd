"""The smallest language model that a model server loads: random weights, letters for words.

``python tiny_model.py URL NAME...`` gives the Ollama there a model of each name. A name may say what becomes of it:
``NAME=lost`` (listed, its file gone), ``NAME=remote:HOST`` (listed, run elsewhere).
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import struct
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from string import ascii_lowercase, digits

WIDTH, HIDDEN, CONTEXT = 32, 64, 2048
_SPACE = "\u2581"
PIECES = [_SPACE, *(_SPACE + letter for letter in ascii_lowercase), *ascii_lowercase, *digits]
BYTES = [f"<0x{number:02X}>" for number in range(256)]
TOKENS = ["<unk>", "<s>", "</s>", *BYTES, *PIECES]
_NORMAL, _UNKNOWN, _CONTROL, _BYTE = 1, 2, 3, 6
TYPES = [_UNKNOWN, _CONTROL, _CONTROL, *[_BYTE] * len(BYTES), *[_NORMAL] * len(PIECES)]

#: metadata types of GGUF, version 3
_U32, _I32, _F32, _TEXT, _LIST = 4, 5, 6, 8, 9
_ALIGN = 32


def gguf(seed: int = 1) -> bytes:
    """A model of the llama architecture, one block deep, in the file format of llama.cpp."""
    fields, tensors = dict(_fields()), dict(_tensors(random.Random(seed)))
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(fields))
    head += b"".join(_text(name) + value for name, value in fields.items())
    data = b""
    for name, (shape, values) in tensors.items():
        head += _text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 0, len(data))
        data += _padded(struct.pack(f"<{len(values)}f", *values))
    return _padded(head) + data


def _fields() -> Iterator[tuple[str, bytes]]:
    yield "general.architecture", _of(_TEXT, "llama")
    yield "general.name", _of(_TEXT, "tiny")
    yield "general.file_type", _of(_U32, 0)
    sizes = {"block_count": 1, "context_length": CONTEXT, "embedding_length": WIDTH, "feed_forward_length": HIDDEN}
    heads = {"attention.head_count": 2, "attention.head_count_kv": 2, "rope.dimension_count": WIDTH // 2}
    for name, number in {**sizes, **heads, "vocab_size": len(TOKENS)}.items():
        yield f"llama.{name}", _of(_U32, number)
    yield "llama.attention.layer_norm_rms_epsilon", _of(_F32, 1e-5)
    yield "tokenizer.ggml.model", _of(_TEXT, "llama")
    yield "tokenizer.ggml.tokens", _listed(_TEXT, TOKENS)
    yield "tokenizer.ggml.scores", _listed(_F32, [0.0] * len(TOKENS))
    yield "tokenizer.ggml.token_type", _listed(_I32, TYPES)
    for number, name in enumerate(("unknown", "bos", "eos")):
        yield f"tokenizer.ggml.{name}_token_id", _of(_U32, number)


def _tensors(chance: random.Random) -> Iterator[tuple[str, tuple[tuple[int, ...], list[float]]]]:
    """Name -> (shape, values). Only pieces can be said: all other tokens have a logit of zero."""

    def drawn(columns: int, rows: int, scale: float = 0.3) -> tuple[tuple[int, ...], list[float]]:
        return (columns, rows), [chance.gauss(0.0, scale) for _ in range(columns * rows)]

    said = drawn(WIDTH, len(PIECES))[1]
    yield "token_embd.weight", drawn(WIDTH, len(TOKENS), 1.0)
    yield "output.weight", ((WIDTH, len(TOKENS)), [0.0] * WIDTH * (len(TOKENS) - len(PIECES)) + said)
    for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
        yield f"{name}.weight", ((WIDTH,), [1.0] * WIDTH)
    for name in ("q", "k", "v", "output"):
        yield f"blk.0.attn_{name}.weight", drawn(WIDTH, WIDTH)
    for name in ("gate", "up"):
        yield f"blk.0.ffn_{name}.weight", drawn(WIDTH, HIDDEN)
    yield "blk.0.ffn_down.weight", drawn(HIDDEN, WIDTH)


def _of(kind: int, value: object) -> bytes:
    return struct.pack("<I", kind) + _bare(kind, value)


def _listed(kind: int, values: list) -> bytes:
    return struct.pack("<IIQ", _LIST, kind, len(values)) + b"".join(_bare(kind, one) for one in values)


def _bare(kind: int, value: object) -> bytes:
    return _text(str(value)) if kind == _TEXT else struct.pack({_U32: "<I", _I32: "<i", _F32: "<f"}[kind], value)


def _text(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % _ALIGN)


def _asked(where: str, body: bytes) -> None:
    with urllib.request.urlopen(urllib.request.Request(where, body, method="POST"), timeout=30) as answer:
        answer.read()


def give(url: str, name: str, models: Path) -> None:
    """Make the model there, then take from it what its fate takes."""
    name, _, fate = name.partition("=")
    model = gguf(seed=sum(name.encode()) + (fate == "lost"))
    digest = f"sha256:{hashlib.sha256(model).hexdigest()}"
    if fate.startswith("remote:"):
        made = {"model": name, "from": "tiny", "remote_host": fate.partition(":")[2]}
    else:
        _asked(f"{url}/api/blobs/{digest}", model)
        made = {"model": name, "files": {"tiny.gguf": digest}, "template": "{{ .Prompt }}"}
        # several threads wait for one another, which takes long where others work, too
        made["parameters"] = {"num_thread": 1, "num_ctx": 512}
    _asked(f"{url}/api/create", json.dumps({**made, "stream": False}).encode())
    if fate == "lost":
        (models / "blobs" / digest.replace(":", "-")).unlink()


if __name__ == "__main__":
    for each in sys.argv[2:]:
        give(sys.argv[1], each, Path(os.environ.get("OLLAMA_MODELS", "models")))
