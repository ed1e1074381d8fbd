"""Two-sided proofs of ``wiring.used``, each with a real Redis of its own and one front for all."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.testing import Room

MISSING = builtin_recipes()["redis"].missing()
pytestmark = [pytest.mark.proof, pytest.mark.live, pytest.mark.skipif(MISSING is not None, reason=str(MISSING))]

HERE = Path(__file__).parent

HONEST = (
    "writes_and_reads",
    "reads_beside_a_poller",
    "writes_beside_a_poller",
    "works_in_the_background",
    "reads_and_ignores",
)
LIES = ("never_asks", "pings", "is_polled", "is_polled_in_the_rhythm", "has_a_replica")
CANNOT_TELL = {
    "reacts_to_the_load": Reason.INCONCLUSIVE_STATISTICS,
    "asks_at_the_start_only": Reason.INCONCLUSIVE_STATISTICS,
    "works_much_later": Reason.INCONCLUSIVE_STATISTICS,
    "is_reset_in_between": Reason.INCONCLUSIVE_STATISTICS,
    "fails_at_last": Reason.BASELINE,
}
#: their noise may be too much for a verdict; what must not be is a wrong one
NEVER_VERIFIED = ("is_polled_at_random", "is_polled_in_bursts")
WAYS = (*HONEST, *LIES, *CANNOT_TELL, *NEVER_VERIFIED)

STORE = """
[targets.miniature.systems.{way}]
kind = "redis"
native = {{}}
[targets.miniature.activities.{way}]
request = "GET http://front/{way}/{{nonce}}"
"""
REST = f"""
[targets.miniature.systems.replica]
kind = "redis"
native.replicate_from = "has_a_replica"
[targets.miniature.systems.front]
kind = "http"
native.argv = ["{{python}}", "{HERE}/front.py"]
native.env.PORT = "{{port}}"
native.env.STORES = "{" ".join(f"{way}={{{way}.url}}" for way in WAYS)}"
"""

Judged = Callable[[str], ClaimResult]


@contextmanager
def sentinel(url: str, root: Path) -> Iterator[None]:
    """Somebody who watches over the store."""
    parts = urlsplit(url)
    (root / "sentinel.conf").write_text(
        f"port 0\nunixsocket {root}/sentinel.sock\nsentinel monitor store {parts.hostname} {parts.port} 1\n"
        f"sentinel auth-pass store {parts.password}\n"
    )
    argv = ["redis-server", f"{root}/sentinel.conf", "--sentinel"]
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL) as process:
        yield
        process.kill()


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judged]:
    """All ways at once: they share nothing but the processor."""
    stores, root = "".join(STORE.format(way=way) for way in WAYS), tmp_path_factory.mktemp("used")
    with (
        Room(root, stores + REST) as room,
        sentinel(room.located["has_a_replica"].endpoints["url"], root),
        ThreadPoolExecutor(len(WAYS)) as pool,
    ):
        results = {way: pool.submit(room.judge, "wiring.used", system=way, activity=way) for way in WAYS}
        yield lambda way: results[way].result()


@pytest.mark.parametrize("way", HONEST)
def test_used_verifies(judged: Judged, way: str) -> None:
    result = judged(way)
    assert result.verdict is Verdict.VERIFIED, (result.actual, result.because)


@pytest.mark.parametrize("way", LIES)
def test_used_refutes(judged: Judged, way: str) -> None:
    result = judged(way)
    assert result.verdict is Verdict.REFUTED, (result.actual, result.because)
    assert result.actual == "running (unused)"


@pytest.mark.parametrize("way", NEVER_VERIFIED)
def test_used_does_not_verify(judged: Judged, way: str) -> None:
    result = judged(way)
    assert result.verdict is Verdict.REFUTED or result.reason is Reason.INCONCLUSIVE_STATISTICS, result.actual


@pytest.mark.parametrize(("way", "reason"), CANNOT_TELL.items())
def test_used_cannot_tell(judged: Judged, way: str, reason: Reason) -> None:
    result = judged(way)
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, reason), (result.actual, result.because)
