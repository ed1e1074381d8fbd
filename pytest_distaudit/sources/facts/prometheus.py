"""Prometheus configuration: jobs and the addresses that they ask."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_distaudit.domain.facts import ScrapeTarget
from pytest_distaudit.domain.finding import Spot
from pytest_distaudit.sources.facts.yaml_nodes import Node

SIGN = re.compile(r"^scrape_configs:", re.MULTILINE)


def read_prometheus(file: str, node: Node) -> Iterator[ScrapeTarget]:
    """Static targets; what is discovered at run time has none."""
    for job in node.at("scrape_configs").items:
        # A job with relabelling may ask another address than the one it lists.
        relabelled = any(item.word("target_label") == "__address__" for item in job.at("relabel_configs").items)
        for config in job.at("static_configs").items:
            for target in config.at("targets").items:
                if target.text and not relabelled:
                    yield _target(job.word("job_name"), target.text, Spot(file, target.line))


def _target(job: str, text: str, spot: Spot) -> ScrapeTarget:
    address = text.partition("://")[2] or text
    host, _, port = address.partition("/")[0].rpartition(":")
    if not host or not port.isdigit() or len(port) > 5:
        return ScrapeTarget(job, address.partition("/")[0], None, spot)
    return ScrapeTarget(job, host, int(port), spot)
