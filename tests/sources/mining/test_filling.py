"""A proposal names a check as a claim file would: it exists, with those roles and parameters."""

from __future__ import annotations

import pytest

from pytest_distaudit.wiring import load_checks

from .conftest import Mined

TEXTS = {
    "port.open": "The orders service listens on port 8081.",
    "system.version": "- PostgreSQL 15.2",
    "system.count": "The shop runs 3 RabbitMQ nodes.",
    "queue.count": "The shop has 12 RabbitMQ queues.",
    "queue.exists": "The worker takes its jobs from the RabbitMQ queue `tasks`.",
    "http.responds": "# Basket service\n\n| Method | Path | What |\n|---|---|---|\n| GET | /basket | items |",
    "system.running": "PostgreSQL is used as the main database.",
    "system.healthy": "The basket service has a health check.",
    "database.replicated": "PostgreSQL is replicated to a standby.",
}


@pytest.mark.parametrize("name", TEXTS)
def test_the_check_is_known(name: str, mined: Mined) -> None:
    check = load_checks()[name]
    proposal = next(proposal for proposal in mined(f"{TEXTS[name]}\n") if proposal.check == name)
    required = {role for role, spec in check.roles.items()}
    assert set(proposal.roles) <= required
    assert set(proposal.params) <= set(check.params)


def test_what_no_check_decides_names_none(mined: Mined) -> None:
    assert mined("The orders service runs a saga over payments.\n")[0].check == ""


def test_only_a_broker_has_queues(mined: Mined) -> None:
    text = "A task goes from the front into PostgreSQL and the RabbitMQ queue `tasks`.\n"
    said = {one.component: one.check for one in mined(text) if one.pattern == "messaging"}
    assert said["rabbitmq"] == "queue.exists"
    assert {check for component, check in said.items() if component != "rabbitmq"} <= {""}


def test_a_store_that_stands_beside_a_queue_has_none(mined: Mined) -> None:
    text = "A task goes from the front into PostgreSQL and the queue `tasks`; a worker writes the result.\n"
    assert [one.check for one in mined(text) if one.component == "postgres" and one.pattern == "messaging"] == [""]
