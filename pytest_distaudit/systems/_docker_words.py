"""Words of commands and images that may be shown: bounded, and without what looks like a secret."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from pytest_distaudit.ports.containers import COMMAND_LENGTH, ImageWord

_MASK = "***"
_MOST = 200
_TELLING = re.compile(r"(?i)pass|pwd|secret|token|api[-_]?key|credential|auth|private[-_]?key")
_OPTION = re.compile(r"--?[\w.-]+")
#: a whole name, so that a word is read once however long it is
_NAME = re.compile(r"(?<![\w.-])[\w.-]++[=:](?=.)", re.DOTALL)
_USER_OPTIONS = {"-u", "--user", "-a"}
_SHORT_PASSWORD = re.compile(r"-p.+")
_ITS_PROGRAMS = ("mysql", "mariadb")
_USERINFO = re.compile(r"://[^\s/@]+@")
_VERSION = re.compile(r"v?\d+(?:\.\d+)*(?:[-+~._][\w.+~-]{0,40})?")
_VARIABLE = re.compile(r"(?P<about>[A-Z][A-Z0-9_]*)_VERSION")
_SHORT_NAMES = {"pg": "postgres", "mongo": "mongodb"}
#: label of a version, labels that say whose
_LABELS = (
    ("org.opencontainers.image.version", ("org.opencontainers.image.title", "org.opencontainers.image.ref.name")),
    ("org.label-schema.version", ("org.label-schema.name",)),
)


def shown(words: Iterable[object]) -> tuple[str, ...]:
    """A command's words as they may be kept."""
    kept, hide, program = [], False, ""
    for word in (str(each) for each in words):
        program = program or word
        kept.append(_MASK if hide else _masked(word, program))
        hide = not hide and (_asks_for_secret(word) or word in _USER_OPTIONS)
    return tuple(word[:COMMAND_LENGTH] for word in kept[:_MOST])


def shown_line(command: str) -> str:
    """The same for a command whose words were joined by spaces."""
    return " ".join(shown(command.split(" ")))[:COMMAND_LENGTH]


def _masked(word: str, program: str) -> str:
    if " " in word:
        return " ".join(shown(word.split(" ")))
    if any(name in program for name in _ITS_PROGRAMS) and _SHORT_PASSWORD.fullmatch(word):
        return f"-p{_MASK}"
    return _USERINFO.sub(f"://{_MASK}@", _without_setting(word))


def _asks_for_secret(word: str) -> bool:
    """Whether the next word is the value of an option that speaks of secrets."""
    return bool(_OPTION.fullmatch(word) and _TELLING.search(word))


def _without_setting(word: str) -> str:
    """``NAME=value`` without the value, and all behind it, of the first name that speaks of secrets."""
    for name in _NAME.finditer(word):
        if _TELLING.search(name[0]):
            return f"{word[: name.end()]}{_MASK}"
    return word


def image_words(labels: Mapping[str, str], environment: Sequence[str]) -> tuple[ImageWord, ...]:
    """The versions that an image states: of its labels, and variables such as ``REDIS_VERSION``."""
    found = []
    for label, names in _LABELS:
        about = next((labels[name] for name in names if labels.get(name)), "")
        if _VERSION.fullmatch(labels.get(label, "")):
            found.append(ImageWord(labels[label], f"label {label}", _bare(about)))
    for variable in environment:
        name, _, value = variable.partition("=")
        match = _VARIABLE.fullmatch(name)
        if match and _VERSION.fullmatch(value):
            about = match["about"].lower()
            found.append(ImageWord(value, f"variable {name}", _SHORT_NAMES.get(about, about)))
    return tuple(found)


def _bare(name: str) -> str:
    """The last part of an image's or a product's name."""
    return name.rpartition("/")[2].partition(":")[0].strip().lower()[:COMMAND_LENGTH]
