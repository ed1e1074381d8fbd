"""The keys of ``distaudit.toml``: names and types from the code, meanings from here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter

from docs.generate.claim_file import kind
from docs.generate.markdown import code, page, table
from pytest_distaudit.sources.target_shape import ProjectEntry
from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.wiring.definitions import load_kinds

#: table -> (its heading, key -> meaning); a key without a meaning here is an error
MEANINGS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "ProjectEntry": (
        "The file",
        {
            "default": "the target that is meant without `--distaudit-target`; one target alone needs none",
            "documents": "files and folders with the documents; default: `README*`, `docs/`, `adr/`, `ARCHITECTURE*`",
            "claims": "the folder of the claim files; default: `claims`",
            "targets": "name of a target: the target",
        },
    ),
    "TargetEntry": (
        "[targets.NAME]",
        {
            "based_on": "another target that it takes over everything from. Tables here are laid over those there, "
            "key by key; a list or a value here replaces the one there",
            "compose": "the compose files of the target; one file's path is enough",
            "lease": "a system that runs already (Consul, etcd, Redis), in which audits on several machines agree "
            "which of them experiments",
            "audit_host": "where callers of the target reach the audit, if a check has them call it",
            "systems": "name of a system: the system",
            "links": "name of a link: which system needs which; where the second is down, the first is not judged",
            "operations": "name of an operation: a request with its outcomes, asked while the audit experiments",
            "activities": "name of an activity: a request that the audit may send. Declaring it is consent",
            "actions": "name of an action: a command with the one that undoes it; used by no check yet",
        },
    ),
    "ComposeEntry": (
        "[targets.NAME.compose]",
        {
            "files": "the files, in the order in which Docker Compose takes them",
            "env": "variables for them; `{secret}` is a password made up for each run",
            "profiles": "profiles that are switched on",
            "start_limit": "seconds until everything must be up",
        },
    ),
    "SystemEntry": (
        "[targets.NAME.systems.SYSTEM]",
        {
            "kind": "what the system is, see the kinds below",
            "url": "its address; short for the first endpoint of its kind",
            "endpoints": "name of an endpoint: address",
            "native": "how the audit starts it as a process of this machine, see the native tables below",
            "probes": "`read`: the audit only reads; `write`: it may write rows of its own and removes them",
            "disposable": "whether it may be disturbed",
            "health": "path of its health endpoint",
            "service": "its service in the compose files; default: the one of its name",
            "container": "how it runs in a container of its own",
            "instances": "how its instances are told apart",
            "inside": "the engine of whose containers one holds it: that of the name `service`, else of its own",
            "systems": "of an engine: which of its containers are systems, and of which kind (`mcp`, over `stdio`)",
            "stand_in": "whether it is a double of its product: claims about it can be refuted, never verified",
        },
    ),
    "ContainerEntry": (
        "[targets.NAME.systems.SYSTEM.container]",
        {
            "image": "the image; default: the official one of the kind",
            "command": "words that replace the image's command",
            "env": "environment variables",
            "ports": "ports of the container that are published on free ports of 127.0.0.1",
            "volumes": "mounts, such as `services:/services:ro`; only from below the project's root",
            "after": "systems that must be up before",
        },
    ),
    "InstancesEntry": (
        "[targets.NAME.systems.SYSTEM.instances]",
        {"identity": "what differs from instance to instance and stays with one: `header:X-Boot`"},
    ),
    "NestedEntry": (
        "[targets.NAME.systems.SYSTEM.systems]",
        {"match": "glob over their names", "kind": "their kind", "transport": "how they are reached"},
    ),
    "LinkEntry": (
        "[targets.NAME.links.LINK]",
        {
            "from": "the system that depends",
            "to": "the system that it depends on",
            "inject": "how the audit may stand between them ({doc}`how </how-to/stand-between-two-systems>`)",
        },
    ),
    "InjectEntry": (
        "[targets.NAME.links.LINK.inject]",
        {
            "env": "the variable by which the caller, if the audit starts it, is told the other's address: of its "
            "`native.env`, where the address is a placeholder, or of its service's `environment`",
            "address": "instead of `env`, the address as the caller has always known it: between containers the "
            "other's name and port, `prices:8000` or a URL; of a caller that is started natively an IP address and "
            "a port, `127.0.0.1:8000`, from which it alone is redirected (root, Linux)",
        },
    ),
    "OperationEntry": (
        "[targets.NAME.operations.OPERATION]",
        {
            "request": "`METHOD http://SYSTEM/path`; `{nonce}` in it, in the body and the headers is replaced by a "
            "mark that is new each time, `{request}` by another one, which is new even where two bear one nonce",
            "ok": "statuses of success",
            "fail": "statuses of a refusal; every other one is indeterminate",
            "degraded": "statuses of the reduced answers that it may give while something that it needs is away",
            "marker": "what only a reduced answer bears: a text in it, or `header:NAME`",
            "clients": "`many`: each request comes from an address of its own, where the system is reached over the "
            "loopback of this machine; default: `one`",
            "json": "the body",
            "headers": "headers",
            "effect": "`GET http://SYSTEM/path/{nonce}`: answers with the nonce once it is done, not before",
            "effect_ok": "statuses by which it says so; default: every 2xx",
            "effect_count": "JSON pointer into its answer, `/rows`, or an empty text for all of it: a list with one "
            "entry that holds the nonce for each time that it was done, or their number; with none it is not done yet",
        },
    ),
    "ActivityEntry": (
        "[targets.NAME.activities.ACTIVITY]",
        {
            "request": "`METHOD http://SYSTEM/path`",
            "json": "the body; `{nonce}` in it is replaced by a mark that is new each time",
            "headers": "headers",
            "cleanup": "a request that removes what was made; `{id}` is the field `id` of the JSON answer",
            "ok": "statuses of success; default: every 2xx",
        },
    ),
    "ActionEntry": (
        "[targets.NAME.actions.ACTION]",
        {"argv": "the command as a list of words", "undo": "the command that undoes it"},
    ),
}


def target_shapes() -> Mapping[str, Mapping[str, Any]]:
    """Table -> its JSON schema, in the order of MEANINGS; what has no words there comes last."""
    schema = TypeAdapter(ProjectEntry).json_schema(by_alias=True)
    shapes = {"ProjectEntry": schema, **schema["$defs"]}
    return {name: shapes[name] for name in [*MEANINGS, *sorted(set(shapes) - set(MEANINGS))]}


def target_file_page() -> str:
    """The reference page. Raises KeyError for a key that has no meaning above."""
    parts = [
        "Where the systems are that the documents speak of. The same tables may stand in `pyproject.toml`, below "
        "`[tool.distaudit]`. `${VARIABLES}` in addresses come from the environment; where one is not set, the claims "
        "about that system are unverifiable and all others are judged.",
    ]
    for name, shape in target_shapes().items():
        heading, meanings = MEANINGS[name]
        parts += [f"## {heading}", _keys(shape, meanings)]
    return page("distaudit.toml", *parts, *_kinds(), *_native())


def _keys(shape: Mapping[str, Any], meanings: Mapping[str, str]) -> str:
    required = shape.get("required", ())
    rows = []
    for key, part in shape["properties"].items():
        needed = " (required)" if key in required else ""
        rows.append([code(key) + needed, _type(part), _default(part), meanings[key]])
    return table(["key", "type", "default", "meaning"], rows)


def _type(part: Mapping[str, Any]) -> str:
    words = kind(part).replace(" or nothing", "")
    return "a table" if "a table" in words and "Entry" not in words and "`" in words else words


def _default(part: Mapping[str, Any]) -> str:
    value = part.get("default")
    return code(str(value).lower() if isinstance(value, bool) else str(value)) if value not in (None, [], {}) else ""


def _kinds() -> Iterator[str]:
    kinds = load_kinds()
    yield "## Kinds"
    yield (
        "`url` means the first endpoint. Every kind may also have the endpoint `pid`, a process of this machine "
        "(`pid:1234` or `pidfile:/run/x.pid`): then the audit sees that it is down."
    )
    rows = []
    for name in kinds:
        endpoints = kinds[name].endpoints.items()
        rows.append(
            [code(name), "; ".join(f"{code(end)}: {', '.join(map(_begin, given))}" for end, given in endpoints)]
        )
    yield table(["kind", "endpoints and what their addresses begin with"], rows)


def _begin(scheme: str) -> str:
    return code(f"{scheme}:" if scheme in ("pid", "pidfile") else f"{scheme}://")


def _native() -> Iterator[str]:
    yield "## Native tables"
    yield (
        "What `native` may hold, by kind. In `argv`, `env`, `then` and `config` the audit fills in `{python}`, "
        "`{port}`, `{root}` and addresses of other systems, such as `{postgres.url}`; a system that is named so is "
        "started first."
    )
    yield (
        "Of `haproxy` and `nginx`: `to` names the systems that everything is handed on to; `config` holds sections of "
        "the product's own configuration (for nginx: what stands inside `http`), `file` names a file that does."
    )
    rows = []
    for name, recipe in sorted(builtin_recipes().items()):
        options = (
            f"{code(key)}{' (required)' if option.required else ''}: {option.wants}"
            for key, option in sorted(recipe.options.items())
        )
        rows.append([code(name), "; ".join(options)])
    yield table(["kind", "keys"], rows)
