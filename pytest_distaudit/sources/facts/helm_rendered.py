"""What helm makes of a tree's charts, where it is installed: without a network, with the charts' own values."""

from __future__ import annotations

import os
import posixpath
import re
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.sources.facts.reading import Reading
from pytest_distaudit.sources.sandbox import run_apart

#: for one chart, and for all of them
_CHART_S, _MOST_S = 10.0, 30.0
_SOURCE = re.compile(r"^---\n# Source: ", re.MULTILINE)


def rendered(reading: Reading) -> Mapping[str, Sequence[str]]:
    """Template -> what helm makes of it with the chart's own values, a document a line; empty without helm.

    A chart that cannot be rendered is noted, and its templates are left to :func:`read_template`.
    """
    helm = shutil.which("helm")
    charts = sorted(posixpath.dirname(file) for file in reading.tree.files if posixpath.basename(file) == "Chart.yaml")
    found: dict[str, list[str]] = {}
    until = time.monotonic() + _MOST_S
    for chart in charts if helm else ():
        # a chart inside a chart is rendered with it
        if chart.rpartition("/charts/")[0] in charts:
            continue
        within = f"{chart}/" if chart else ""
        if any(link.startswith(within) for link in reading.tree.files & reading.tree.opaque):
            reading.skip(f"{within}Chart.yaml", "not rendered: helm would follow the links in it")
            continue
        if time.monotonic() > until:
            reading.skip(f"{within}Chart.yaml", f"not rendered: charts took more than {_MOST_S:g} s")
            continue
        try:
            documents = list(_documents(_rendered(str(helm), reading.root / chart), within))
        except (Unobservable, yaml.YAMLError) as error:
            why = error.detail if isinstance(error, Unobservable) else "helm made no YAML of it"
            reading.skip(f"{within}Chart.yaml", f"not rendered: {why}")
            continue
        # a template may come to nothing
        found |= {file: [] for file in reading.tree.files if file.startswith(within) and "/templates/" in f"/{file}"}
        for file, document in documents:
            found.setdefault(file, []).append(document)
    return found


def _rendered(helm: str, chart: Path) -> str:
    with TemporaryDirectory(prefix="distaudit-") as home:
        # nothing of the user's is read: no plugins, no repositories, no cluster
        environ = {"PATH": os.environ.get("PATH", ""), "HOME": home, "KUBECONFIG": os.devnull}
        command = [helm, "template", chart.name.lower() or "release", str(chart), "--skip-tests"]
        done = run_apart(command, Path(home), _CHART_S, environ)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("Error:")]
        told = " ".join(said) or done.stderr.strip() or "helm says nothing"
        raise Unobservable(Reason.NO_OBSERVABLE, told.replace(f"{chart}", chart.name)[:300])
    return done.stdout


def _documents(output: str, within: str) -> Iterator[tuple[str, str]]:
    """Template and document, each on one line, so that its place is its template: lines of the output are nowhere."""
    for part in _SOURCE.split(output)[1:]:
        name, _, text = part.partition("\n")
        for value in yaml.load_all(text, Loader=yaml.CSafeLoader):
            if isinstance(value, dict):
                line = yaml.dump(value, default_flow_style=True, width=float("inf"))
                yield within + name.strip().partition("/")[2], line
