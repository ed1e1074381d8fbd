"""files.valid with the real validators: files that are right, that are wrong everywhere, that lean on more."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pytest_distaudit import Verdict
from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.testing import Room

pytestmark = pytest.mark.proof

HAPROXY = """\
defaults
  mode http
frontend front
  bind :8080
  default_backend pool
backend pool
  server a 127.0.0.1:9
"""
NGINX = "server {\n  listen 8080;\n  location / { proxy_pass http://127.0.0.1:9; }\n}\n"
PROMETHEUS = 'scrape_configs:\n  - job_name: front\n    static_configs: [{targets: ["127.0.0.1:9"]}]\n'
GENUINE = {"haproxy": HAPROXY, "nginx": NGINX, "prometheus": PROMETHEUS}
LIES = {
    "haproxy: a pool that is nowhere": ("haproxy", HAPROXY.replace("default_backend pool", "default_backend gone")),
    "nginx: a brace too few": ("nginx", NGINX.removesuffix("}\n")),
    "nginx: a pool of nobody": ("nginx", f"upstream pool {{ }}\n{NGINX}"),
    "nginx: a line without its end": ("nginx", NGINX.replace("8080;", "8080")),
    "prometheus: one job twice": ("prometheus", f"{PROMETHEUS}  - job_name: front\n"),
    "prometheus: no duration": ("prometheus", f"global: {{scrape_interval: often}}\n{PROMETHEUS}"),
}
OPEN = {
    "haproxy: a host of another network": ("haproxy", HAPROXY.replace("127.0.0.1:9", "pool:9"), Reason.NO_OBSERVABLE),
    "haproxy: a word of another version": ("haproxy", HAPROXY.replace("mode http", "mode quic"), Reason.NO_OBSERVABLE),
    "haproxy: a program of the tree": ("haproxy", f"{HAPROXY}program own\n  command ./own\n", Reason.NOT_SAFE),
    "nginx: a file that lies elsewhere": ("nginx", f"include mime.types;\n{NGINX}", Reason.NO_OBSERVABLE),
    "prometheus: rules that lie elsewhere": ("prometheus", f"rule_files: [r.yml]\n{PROMETHEUS}", Reason.NO_OBSERVABLE),
}
TOOLS = {"prometheus": "promtool"}


def judged(root: Path, validator: str, text: str) -> ClaimResult:
    tool = TOOLS.get(validator, validator)
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    (root / "conf").write_text(text, encoding="utf-8")
    with Room(root, "") as room:
        return room.judge("files.valid", path="conf", validator=validator)


@pytest.mark.parametrize("validator", GENUINE)
def test_what_its_own_product_accepts(tmp_path: Path, validator: str) -> None:
    result = judged(tmp_path, validator, GENUINE[validator])
    assert (result.verdict, result.reason) == (Verdict.VERIFIED, None), result.because


@pytest.mark.parametrize("lie", LIES)
def test_what_is_wrong_everywhere(tmp_path: Path, lie: str) -> None:
    assert judged(tmp_path, *LIES[lie]).verdict is Verdict.REFUTED


@pytest.mark.parametrize("case", OPEN)
def test_what_may_lie_in_this_machine(tmp_path: Path, case: str) -> None:
    validator, text, reason = OPEN[case]
    result = judged(tmp_path, validator, text)
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, reason), result.because
