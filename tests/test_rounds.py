"""Rounds of proofs: who may run beside whom, what is counted, and that an ended run goes on."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests import rounds
from tests.rounds import ROOT, TESTS, Job, Rounds, Sum, chosen, following, jobs, summed, table

LINKS = Job(TESTS / "proofs/links/test_redirect_proofs.py", 1)
FLIPS = Job(TESTS / "proofs/flips/test_flips_proofs.py", 1)
LONELY = Job(TESTS / "proofs/performance/test_performance_proofs.py", 1)
FAILED = "assert &lt;Verdict.{}: 'x'&gt; is &lt;Verdict.REFUTED: 'refuted'&gt;"
RESULT = """<testsuites><testsuite name="pytest" tests="4" time="{time}">
<properties><property name="verified" value="1"/><property name="refuted" value="3"/></properties>
<testcase name="a"/>
<testcase name="b"><failure message="{b}">text</failure></testcase>
<testcase name="c"><skipped message="no such server"/></testcase>
<testcase name="d"><error message="no port">text</error></testcase>
</testsuite></testsuites>"""


def test_every_module_of_proofs_is_there() -> None:
    found = chosen([])
    assert {TESTS / "proofs/links/test_retry_proofs.py", TESTS / "test_example.py"} <= set(found)
    assert len(found) == len(set(found)) > 60
    assert all(path.exists() for path in found)
    assert chosen(["links/test_re"]) == [
        TESTS / "proofs/links/test_redirect_proofs.py",
        TESTS / "proofs/links/test_retry_proofs.py",
    ]


def test_each_round_has_all_of_them_in_an_order_of_its_own() -> None:
    modules = chosen([])
    found = jobs(modules, 3)
    parts = [[one.module for one in found if one.number == number] for number in (1, 2, 3)]
    assert [one.module for one in found] == [module for part in parts for module in part]
    assert all(sorted(part) == sorted(modules) for part in parts)
    assert parts[0] != parts[1]
    assert found == jobs(modules, 3)


@pytest.mark.parametrize(
    ("waiting", "running", "lanes", "used", "next_"),
    [
        ([LINKS], [], 1, 100.0, LINKS),
        ([LONELY, LINKS], [], 5, 0.0, LONELY),
        ([], [], 5, 0.0, None),
        ([LINKS], [FLIPS], 5, 10.0, LINKS),
        ([LINKS], [FLIPS], 1, 10.0, None),
        ([LINKS], [FLIPS], 5, 80.0, None),
        ([Job(FLIPS.module, 2), LINKS], [FLIPS], 5, 10.0, LINKS),
        ([LONELY, LINKS], [FLIPS], 5, 10.0, LINKS),
        ([LONELY], [FLIPS], 5, 10.0, None),
        ([LINKS], [LONELY], 5, 10.0, None),
    ],
)
def test_who_may_begin(waiting: list[Job], running: list[Job], lanes: int, used: float, next_: Job | None) -> None:
    assert following(waiting, running, lanes, used) == next_


def test_what_came_of_the_rounds(tmp_path: Path) -> None:
    (tmp_path / "links-test_retry.1.xml").write_text(RESULT.format(time=10, b=FAILED.format("UNVERIFIABLE")))
    (tmp_path / "links-test_retry.2.xml").write_text(RESULT.format(time=20, b=FAILED.format("VERIFIED")))
    (tmp_path / "links-test_retry.3.xml").write_text("<testsuites><testsu")
    found = summed(tmp_path)
    one = found["links-test_retry"]
    assert one == Sum(2, 8, 1, 3, 2, [10.0, 20.0], {"verified": 1, "refuted": 3})
    assert list(table(found))[-1] == "| links-test_retry | 2 | 1, 3, 0 | 8 | 1 | 3 | 2 | 15 |"


def test_an_ended_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = tmp_path / "proofs" / "odd" / "test_odd_proofs.py"
    module.parent.mkdir(parents=True)
    module.write_text("import pytest\n\n@pytest.mark.proof\ndef test_odd():\n    pass\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = proof\n")
    monkeypatch.setattr(rounds, "TESTS", tmp_path)
    monkeypatch.setattr(rounds, "ROOT", tmp_path)
    wanted, into = jobs([module], 2), tmp_path / "into"
    into.mkdir()
    wanted[0].file(into, "xml").write_text(RESULT.format(time=1, b="of before"))
    Rounds(into, 2, 2).run(wanted)
    assert "of before" in wanted[0].file(into, "xml").read_text()
    said = capsys.readouterr().out
    assert said.startswith("2 of 2 odd/test_odd: 1 passed")
    assert summed(into)["odd-test_odd"].rounds == 2


DRIVER = """
import sys
from pathlib import Path
from tests import rounds
rounds.TESTS = rounds.ROOT = Path(sys.argv[1])
rounds._same_code = lambda into: None
sys.exit(rounds.main(["--runs", "1", "--into", sys.argv[2]]))
"""


def test_who_ends_it_ends_its_proofs_and_they_leave_no_result(tmp_path: Path) -> None:
    module, begun, into = tmp_path / "proofs" / "odd" / "test_odd_proofs.py", tmp_path / "begun", tmp_path / "into"
    module.parent.mkdir(parents=True)
    into.mkdir()
    write = f"import os, pathlib\n    pathlib.Path({str(begun)!r}).write_text(str(os.getpid()))"
    module.write_text(f"import pytest, time\n\n@pytest.mark.proof\ndef test_odd():\n    {write}\n    time.sleep(60)\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = proof\n")
    command = [sys.executable, "-c", DRIVER, str(tmp_path), str(into)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as run:
        deadline = time.monotonic() + 30
        while not (begun.exists() and begun.read_text()) and time.monotonic() < deadline:
            time.sleep(0.1)
        run.terminate()
        run.communicate(timeout=30)
    assert run.returncode == 128 + signal.SIGTERM
    assert not psutil.pid_exists(int(begun.read_text()))
    assert not list(into.glob("*.xml"))


def test_rounds_of_other_code_are_refused(tmp_path: Path) -> None:
    (tmp_path / "code").write_text("other")
    command = [sys.executable, "-m", "tests.rounds", "--into", str(tmp_path), "test_retry"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "holds rounds of other, this is" in done.stderr
    command = [sys.executable, "-m", "tests.rounds", "no-such"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "no proofs whose path holds no-such" in done.stderr
