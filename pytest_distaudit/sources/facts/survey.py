"""One walk over the tree; each file goes to the reader that knows its kind, and a broken one stops nothing."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_distaudit.domain.facts import (
    Component,
    ConfigFile,
    Dependency,
    Dockerfile,
    Facts,
    Later,
    NotRead,
    Pool,
    Queue,
    Route,
    ScrapeTarget,
    Setting,
    Toolchain,
)
from pytest_distaudit.domain.finding import Spot
from pytest_distaudit.domain.inventory import products_of
from pytest_distaudit.domain.products import BY_NAME, mentioned_products
from pytest_distaudit.sources.facts import (
    compose,
    dockerfile,
    github_actions,
    haproxy,
    helm,
    kong,
    kubernetes,
    nginx,
    openapi,
    packages_dotnet,
    packages_go,
    packages_jvm,
    packages_node,
    packages_other,
    packages_python,
    packages_rust,
    prometheus,
    rabbitmq,
)
from pytest_distaudit.sources.facts.code import read_code
from pytest_distaudit.sources.facts.documents import read_documents as read_texts
from pytest_distaudit.sources.facts.git_history import read_removed
from pytest_distaudit.sources.facts.helm_rendered import rendered
from pytest_distaudit.sources.facts.reading import Reading
from pytest_distaudit.sources.facts.tree import read_tree
from pytest_distaudit.sources.facts.yaml_nodes import Node, Unreadable, read_documents

#: Manifests after these are noted, not read.
MOST_FILES = 5_000
_PACKAGES: dict[str, Callable[[str, str], Iterable[Dependency | Toolchain]]] = {
    "pyproject.toml": packages_python.read_pyproject,
    "package.json": packages_node.read_package_json,
    "pom.xml": packages_jvm.read_pom,
    "build.gradle": packages_jvm.read_gradle,
    "build.gradle.kts": packages_jvm.read_gradle,
    "go.mod": packages_go.read_go_mod,
    "Cargo.toml": packages_rust.read_cargo,
    **dict.fromkeys(packages_other.NAMES, packages_other.read_other),
}
_PROJECT_ENDINGS = (".csproj", ".fsproj", "Directory.Packages.props", "Directory.Build.props")
_INFRASTRUCTURE = (".tf", ".bicep", ".nomad", ".hcl", "tye.yaml", "Procfile", "Vagrantfile", "AppHost/Program.cs")
_SCRIPTS = (".sh", "Makefile", ".ps1", "Taskfile.yml", "justfile")
_STARTS = re.compile(
    r"^.*\b(?:docker|podman)\s+run\b.*$|^.*\bhelm\s+(?:install|upgrade)\b.*$|^.*\bbrew\s+install\b.*$", re.MULTILINE
)


def read_facts(root: Path) -> Facts:
    """Everything that the tree's files say. Never fails: what could not be read is listed in ``not_read``.

    Manifests are read at once; documents, source code and history when they are first asked for.
    """
    root = root.absolute()
    tree, notes = read_tree(root)
    survey = _Survey(Reading(root, tree, list(notes)))
    survey.run()
    return survey.facts()


def _hidden(components: Iterable[Component]) -> Iterable[str]:
    """The products of commented-out declarations, which documents may still name."""
    named = (name for component in components if component.commented for name in products_of(component))
    return (name for name in named if BY_NAME[name].standalone)


class _Survey:
    """What was found so far, by kind."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self._found: dict[type, list[Any]] = {
            kind: []
            for kind in (
                Component,
                ConfigFile,
                Dependency,
                Dockerfile,
                Pool,
                Queue,
                Route,
                ScrapeTarget,
                Setting,
                Toolchain,
            )
        }
        self._elsewhere: dict[str, Spot] = {}
        self._rendered: Mapping[str, Sequence[str]] = {}

    def run(self) -> None:
        taken = 0
        self._rendered = rendered(self.reading)
        for file in sorted(self.reading.tree.files - self.reading.tree.opaque):
            reader = self._reader(file)
            if reader is None:
                continue
            taken += 1
            if taken > MOST_FILES:
                self.reading.skip(file, f"more than {MOST_FILES} manifests; the rest was not read")
                return
            try:
                reader(file)
            except Unreadable as error:
                self.reading.skip(file, error.why, error.line)
            except (RecursionError, ValueError, ArithmeticError, LookupError) as error:
                self.reading.skip(file, f"could not be made sense of ({type(error).__name__})")

    def facts(self) -> Facts:
        reading, late = self.reading, list[NotRead]()
        later = Reading(reading.root, reading.tree, late)
        hidden = sorted(set(_hidden(self._found[Component])))
        found = {kind: tuple(items) for kind, items in self._found.items()}
        return Facts(
            tree=reading.tree,
            components=found[Component],
            scrapes=found[ScrapeTarget],
            pools=found[Pool],
            routes=found[Route],
            queues=found[Queue],
            configs=found[ConfigFile],
            dependencies=found[Dependency],
            toolchains=found[Toolchain],
            dockerfiles=found[Dockerfile],
            settings=found[Setting],
            elsewhere=self._elsewhere,
            skipped=tuple(sorted(set(reading.notes))),
            documents_later=Later(lambda: tuple(read_texts(later, hidden))),
            code_later=Later(lambda: read_code(later)),
            removed_later=Later(lambda: read_removed(reading.root)),
            late=late,
        )

    def _reader(self, file: str) -> Callable[[str], None] | None:
        """The reader for a file by its name; None for what is no manifest."""
        base = posixpath.basename(file)
        if base in _PACKAGES or file.endswith(_PROJECT_ENDINGS) or packages_python.REQUIREMENTS.search(file):
            return self._package
        if dockerfile.NAMED.search(file):
            return self._dockerfile
        if base == ".env" or base.startswith(".env.") or base.endswith(".env"):
            return self._env
        if file.endswith(_INFRASTRUCTURE) or file.endswith(_SCRIPTS):
            return self._infrastructure
        if file.endswith((".yaml", ".yml")):
            return self._yaml
        if file.endswith(".json"):
            return self._json
        return self._proxy if file.endswith((".cfg", ".conf", ".conf.template", ".conf.tmpl")) else None

    def _add(self, *facts: object) -> None:
        for fact in facts:
            self._found[type(fact)].append(fact)

    def _package(self, file: str) -> None:
        text = self.reading.text(file)
        if text is None:
            return
        reader = _PACKAGES.get(posixpath.basename(file))
        if reader is None:
            reader = (
                packages_dotnet.read_csproj if file.endswith(_PROJECT_ENDINGS) else packages_python.read_requirements
            )
        self._add(*reader(file, text))

    def _dockerfile(self, file: str) -> None:
        read = dockerfile.read_dockerfile(self.reading, file)
        if read:
            self._add(read[0], *read[1])

    def _env(self, file: str) -> None:
        self._add(*compose.read_env(self.reading, file))

    def _infrastructure(self, file: str) -> None:
        text = self.reading.text(file) or ""
        if file.endswith(_SCRIPTS):
            text = "\n".join(match[0] for match in _STARTS.finditer(text))
        kept = "\n".join(line for line in text.split("\n") if not line.lstrip().startswith(("#", "//")))
        for product in mentioned_products(kept):
            self._elsewhere.setdefault(product.name, Spot(file))

    def _proxy(self, file: str) -> None:
        text = self.reading.text(file) or ""
        if haproxy.SIGN.search(text) and not nginx.SIGN.search(text):
            self._add(ConfigFile(file, "haproxy"), *haproxy.read_haproxy(file, text))
        elif nginx.SIGN.search(text):
            self._add(ConfigFile(file, "nginx"), *nginx.read_nginx(file, text))

    def _json(self, file: str) -> None:
        text = self.reading.text(file) or ""
        if rabbitmq.SIGN.search(text) or openapi.SIGN.search(text):
            # JSON is YAML; read as such, its values have lines.
            for node in read_documents(text.replace("\t", " ")):
                if rabbitmq.looks_like(node):
                    self._add(ConfigFile(file, "rabbitmq"), *rabbitmq.read_rabbitmq(file, node))
                self._add(*openapi.read_openapi(file, node))

    def _yaml(self, file: str) -> None:
        if helm.is_template(file, self.reading.tree.files):
            self._template(file)
            return
        self._add(*helm.read_values_name(file))
        text = self.reading.text(file) or ""
        if github_actions.NAMED.search(file):
            self._add(*github_actions.read_workflow(file, text))
            return
        base = posixpath.basename(file)
        signs = (compose.SIGN, kubernetes.SIGN, prometheus.SIGN, kong.SIGN, openapi.SIGN)
        if base.startswith("kustomization.") or base == "Chart.yaml" or any(sign.search(text) for sign in signs):
            if "{{" in text and re.search(r"^[ \t]*\{\{|:\s*\{\{", text, re.MULTILINE):
                self.reading.skip(file, "a template; what fills it is not known")
                return
            for node in read_documents(text):
                self._document(file, base, node)

    def _template(self, file: str) -> None:
        """As helm renders it; else what it shows without that."""
        if file not in self._rendered:
            self._add(*helm.read_template(self.reading, file))
            return
        for text in self._rendered[file]:
            for node in read_documents(text):
                if kubernetes.looks_like(node):
                    self._add(*kubernetes.read_kubernetes(self.reading, file, node))

    def _document(self, file: str, base: str, node: Node) -> None:
        if base == "Chart.yaml":
            self._add(*helm.read_chart(file, node))
        elif base.startswith("kustomization."):
            kubernetes.read_kustomization(self.reading, file, node)
        elif kubernetes.looks_like(node):
            self._add(*kubernetes.read_kubernetes(self.reading, file, node))
        elif "_format_version" in node.pairs:
            self._add(ConfigFile(file, "kong"), *kong.read_kong(file, node))
        elif node.at("scrape_configs"):
            self._add(ConfigFile(file, "prometheus"), *prometheus.read_prometheus(file, node))
        elif compose.looks_like(file, node):
            self._add(*compose.read_compose(self.reading, file, node))
        elif node.at("paths"):
            self._add(*openapi.read_openapi(file, node))
