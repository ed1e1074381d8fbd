from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import given

from pytest_distaudit.checkers.wellformed import malformed
from pytest_distaudit.ports.history import Operation
from tests.checkers.made import DRAWS, OPEN, Load, op, simulated


def by(process: int, operation: Operation) -> Operation:
    return replace(operation, process=process)


@given(DRAWS)
def test_clients_that_wait_for_answers_are_well_formed(draw: random.Random) -> None:
    operations = simulated(Load(30, clients=4), draw)
    draw.shuffle(operations)
    assert malformed(operations) == []


def test_one_process_has_one_operation_at_a_time() -> None:
    first, second = op("write", 0, 5, 1), op("write", 4, 6, 2)
    (found,) = malformed([second, first])
    assert found.operation == second
    assert "process 0 called it before" in found.trouble
    assert malformed([first, by(1, second)]) == []
    assert malformed([first, op("write", 5, 6, 2)]) == []


def test_a_process_that_got_no_answer_is_retired() -> None:
    first, second = op("write", 0, OPEN, 1), op("write", 9, 10, 2)
    (found,) = malformed([first, second])
    assert found.operation == second
    assert "never answered" in found.trouble
    assert malformed([first, by(1, second)]) == []


def test_another_nodes_answer_is_told() -> None:
    asked = replace(op("read", 0, 1), node="n1")
    (found,) = malformed([replace(asked, answered_by="n2")])
    assert found.trouble == "n1 was asked, n2 answered"
    assert malformed([replace(asked, answered_by="n1"), replace(asked, call_ns=1, answered_by="")]) == []
    assert malformed([replace(asked, node="", answered_by="n2")]) == []
