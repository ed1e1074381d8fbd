"""Values of manifests: variables and their defaults, addresses, ports; what may be kept and what never."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from pytest_distaudit.domain.facts import Port, Reference, Setting
from pytest_distaudit.domain.finding import Spot

#: Nested defaults, ``${A:-${B:-c}}``, are followed this far.
_DEEPEST = 8
_LONGEST = 4000
_MOST_PORTS = 64
_VARIABLE = re.compile(r"\$(?:\$|\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-?+])([^{}]{0,500}))?\}|([A-Za-z_][A-Za-z0-9_]*))")
_SECRET = re.compile(r"pass|pwd|secret|token|key|cred|auth|salt|cert|private|pin|signature", re.IGNORECASE)
_PLAIN = re.compile(r"[0-9]{1,5}|true|false|on|off|yes|no|enabled|disabled", re.IGNORECASE)
_URL = re.compile(r"(?<![A-Za-z0-9+])([A-Za-z][A-Za-z0-9+.-]{0,30})://([^\s'\"<>,;]{1,300})")
_HOST_PORT = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,252}):([0-9]{2,5})(?:/.*)?")
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}")
_ENV_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]*)\s*[=:]\s*(.*)")


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Compose's interpolation. A variable without a value stays as it is written."""
    for _ in range(_DEEPEST):
        if "$" not in text or len(text) > _LONGEST:
            break
        before = text
        text = _VARIABLE.sub(lambda match: _replaced(match, variables), text)
        if text == before:
            break
    return text


def _replaced(match: re.Match[str], variables: Mapping[str, str]) -> str:
    name = match[1] or match[4]
    if not name:
        return "$$"
    value, operator, other = variables.get(name), match[2] or "", match[3] or ""
    if operator.endswith("+"):
        return other if value or (value is not None and operator == "+") else ""
    if value is None or (not value and operator.startswith(":")):
        return other if operator.endswith("-") else match[0] if value is None else ""
    return value


def resolved(text: str) -> bool:
    """Whether nothing of a value is still a variable."""
    return "${" not in text and not re.search(r"\$[A-Za-z_]", text)


def env_lines(text: str) -> Iterator[tuple[str, str, int]]:
    """Names, values and lines of a ``.env`` file."""
    for number, line in enumerate(text.split("\n"), 1):
        match = _ENV_LINE.fullmatch(line.strip())
        if match and not line.lstrip().startswith("#"):
            yield match[1], _unquoted(match[2].strip()), number


def _unquoted(value: str) -> str:
    if value[:1] in ("'", '"') and value.endswith(value[0]) and len(value) > 1:
        return value[1:-1]
    return value.split(" #", 1)[0].rstrip()


def setting(name: str, value: str, spot: Spot) -> Setting | None:
    """The variable, if its value is a number or a switch and its name speaks of no secret."""
    if _SECRET.search(name) or not _PLAIN.fullmatch(value.strip()):
        return None
    return Setting(name, value.strip(), spot)


def references(name: str, value: str, spot: Spot) -> Iterator[Reference]:
    """The hosts and ports of the addresses in a value; user names, passwords and paths are dropped."""
    value = value[:_LONGEST]
    urls = list(_URL.finditer(value))
    for match in urls:
        yield from _of_url(name, match[1], match[2], spot)
    if urls:
        return
    for part in re.split(r"[,;\s]+", value):
        pair = _HOST_PORT.fullmatch(part)
        if pair and re.search(r"[A-Za-z]", pair[1]) and int(pair[2]) < 65536:
            yield Reference(name, pair[1], int(pair[2]), spot)
    if re.search(r"host(?:name)?$|server$|_addr(?:ess)?$|broker", name, re.IGNORECASE) and _HOST.fullmatch(value):
        yield Reference(name, value, None, spot)


def _of_url(name: str, scheme: str, rest: str, spot: Spot) -> Iterator[Reference]:
    scheme = scheme.rsplit(":", 1)[-1].lower()
    for part in rest.split("/", 1)[0].split(","):
        try:
            url = urlsplit(f"//{part.rsplit('@', 1)[-1]}")
            host, port = url.hostname or "", url.port
        except ValueError:
            continue
        if _HOST.fullmatch(host):
            yield Reference(name, host, port, spot, scheme)


def ports_of(written: str, spot: Spot, *, published: bool) -> Iterator[Port]:
    """The ports of compose's short syntax: ``8080``, ``80:4000``, ``127.0.0.1:8001:8001/tcp``, ``3000-3005``."""
    text = written.partition("/")[0]
    parts = text.rsplit(":", 2) if not text.startswith("[") else text.rpartition("]:")[2].split(":")
    inside = list(_range(parts[-1]))
    outside = list(_range(parts[-2])) if len(parts) > 1 else []
    for index, port in enumerate(inside[:_MOST_PORTS]):
        host = outside[index] if len(outside) == len(inside) else None
        yield Port(port, spot, host, published)


def _range(text: str) -> Iterator[int]:
    match = re.fullmatch(r"\s*([0-9]{1,5})(?:-([0-9]{1,5}))?\s*", text)
    if match:
        first, last = int(match[1]), int(match[2] or match[1])
        yield from (port for port in range(first, min(last, first + _MOST_PORTS) + 1) if 0 < port < 65536)


def image_parts(image: str) -> tuple[str, str]:
    """Repository and tag of an image; the tag is "" without one and where it is still a variable."""
    name = image.partition("@")[0]
    repository, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        return name, ""
    return repository, tag if resolved(tag) else ""
