"""Products' own validators of configuration, run on request: nothing of the tree is run, and no network is there.

A validator speaks for its machine as well: hosts that do not resolve here, certificates and modules that lie
elsewhere, keywords of another version. So only what is wrong wherever the file is used counts against it.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.facts import Facts, Origin
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.sources.sandbox import answers, run_apart
from pytest_distaudit.sources.source_text import read_text

_SECONDS = 20.0
_NEVER = re.compile(r"(?!)")


@dataclass(frozen=True, slots=True)
class Validator:
    """``commands``: the first whose program is there is run; FILE and FOLDER stand for the file and where it lies.

    ``wrong``: words by which it says that the file is wrong everywhere. ``runs_code``: directives by which a
    file would have it run code; such files are left alone. ``apart``: it sees a copy of the file and nothing else.
    """

    commands: Sequence[Sequence[str]]
    wrong: re.Pattern[str]
    runs_code: re.Pattern[str] = _NEVER
    apart: bool = True


VALIDATORS: Mapping[str, Validator] = {
    "haproxy": Validator(
        [("haproxy", "-c", "-f", "FILE")],
        re.compile(r"unable to find required (?:default_|use_)?backend"),
        re.compile(r"^\s*(?:lua-\S+|program|external-check|module-load|insecure-\S+)\b", re.MULTILINE),
    ),
    "nginx": Validator(
        [("nginx", "-t", "-q", "-p", "FOLDER", "-e", "stderr", "-g", "pid FOLDER/pid;", "-c", "FILE")],
        re.compile(
            r'unexpected (?:"|end of file)|is not terminated by|invalid number of arguments'
            r"|directive is (?:not allowed here|duplicate)|no servers are inside upstream"
        ),
        re.compile(r"\b(?:load_module|\w*_by_lua\w*|lua_\w+|perl_\w+|js_\w+|passenger\w*)\b"),
    ),
    "prometheus": Validator(
        [("promtool", "check", "config", "FILE")],
        re.compile(r"found multiple scrape configs|not a valid duration|: yaml: line "),
    ),
    "compose": Validator(
        [
            ("docker", "compose", "-f", "FILE", "config", "-q"),
            ("docker-compose", "-f", "FILE", "config", "-q"),
        ],
        re.compile(
            r"depends on (?:undefined service|service '[^']*' which is undefined)|refers to undefined"
            r"|neither an image nor a build context|no declaration was found|^yaml: |yaml\.\w+\.\w+Error",
            re.MULTILINE,
        ),
        apart=False,
    ),
}
_ALWAYS = re.compile(
    r"^\[NOTICE\]|^Checking |^nginx: configuration file|Fatal errors found in conf|Error\(s\) found in conf"
)
_STAMP = re.compile(r"^(?:[0-9/]+ [0-9:]+ )?\[(?:ALERT|WARNING|emerg|warn|alert)\]\s*(?:\([0-9]+\) : |[0-9]+#[0-9]+: )")
_FRAGMENT = re.compile(r"^\s*(?:server|upstream|map|limit_req_zone|proxy_cache_path|log_format)\b", re.MULTILINE)
_WHOLE = re.compile(r"^\s*(?:events|http|stream|mail)\b[^;{]*\{", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Validation:
    """``valid`` None: the tool was not content, for a reason that may lie in this machine. ``said``: its words."""

    valid: bool | None
    said: str
    tool: str


def to_validate(facts: Facts) -> Iterator[tuple[str, str]]:
    """Each file that a validator reads, with the validator's name. Files that only complete others are left out."""
    for config in facts.configs:
        if config.product in VALIDATORS and not config.file.endswith((".template", ".tmpl")):
            yield config.file, config.product
    partial = {one.spot.file for one in facts.components if one.partial}
    composed = {one.spot.file for one in facts.live() if one.origin is Origin.COMPOSE}
    yield from ((file, "compose") for file in sorted(composed - partial))


def validate(root: Path, file: str, name: str) -> Validation:
    """What the validator says of the file below ``root``. Raises Unobservable: not installed, not safe, too slow."""
    validator = VALIDATORS[name]
    if not (root / file).resolve().is_relative_to(root.resolve()):
        raise Unobservable(Reason.NOT_SAFE, f"{file} lies outside the project")
    text = read_text(root / file, file)
    if code := validator.runs_code.search(text):
        raise Unobservable(Reason.NOT_SAFE, f"{file} would have the validator run code ({code[0].strip()})")
    command = _command(name, validator)
    if not validator.apart:
        return _run(command, root / file, validator)
    with TemporaryDirectory(prefix="distaudit-") as folder:
        copy = Path(folder, Path(file).name)
        copy.write_text(_completed(name, text), encoding="utf-8")
        return _run(command, copy, validator)


def _completed(name: str, text: str) -> str:
    """A fragment of nginx's configuration as the whole that it belongs into; its lines keep their numbers."""
    if name == "nginx" and _FRAGMENT.search(text) and not _WHOLE.search(text):
        return f"events {{}} http {{ {text}\n}}"
    return text


def _command(name: str, validator: Validator) -> Sequence[str]:
    for command in validator.commands:
        if shutil.which(command[0]) and (command[1] != "compose" or answers((*command[:2], "version"))):
            return command
    wanted = " or ".join(command[0] for command in validator.commands)
    raise Unobservable(Reason.NOT_INSTALLED, f"{wanted} is not on PATH, so that nothing validates {name} files")


def _run(command: Sequence[str], path: Path, validator: Validator) -> Validation:
    filled = [part.replace("FILE", str(path)).replace("FOLDER", str(path.parent)) for part in command]
    done = run_apart(filled, path.parent, _SECONDS)
    said = _told(f"{done.stderr}\n{done.stdout}", path)
    if done.returncode == 0:
        return Validation(True, "valid", command[0])
    return Validation(False if validator.wrong.search(said) else None, said, command[0])


def _told(output: str, path: Path) -> str:
    """What it says is wrong, without where the copy lay, without times and process ids, without what every run says."""
    lines = [_STAMP.sub("", line).strip() for line in output.replace(f"{path.parent}/", "").splitlines()]
    return "\n".join(line for line in lines if line and not _ALWAYS.search(line))[:2000]
