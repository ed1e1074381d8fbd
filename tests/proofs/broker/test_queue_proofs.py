"""Two-sided proofs of the checks about queues, on a real RabbitMQ."""

from __future__ import annotations

import time

import pytest
from house import activity

from pytest_distaudit.domain.verdict import Reason, Verdict

pytestmark = [pytest.mark.proof, pytest.mark.live]

# --- queue.exists


def test_exists_verifies_a_queue(house):
    vhost = house.vhost()
    house.connect(vhost).queue_declare("tasks", durable=True)
    assert house.judge("queue.exists", queue="tasks", vhost=vhost).verdict is Verdict.VERIFIED
    assert house.judge("queue.exists", queue="tasks", vhost=vhost, durable=True).verdict is Verdict.VERIFIED
    assert house.judge("queue.exists", queue="tasks", vhost=vhost, durable=False).verdict is Verdict.REFUTED


def only_an_exchange(house, vhost):
    house.connect(vhost).exchange_declare("tasks", "direct", durable=True)


def only_in_another_vhost(house, vhost):
    house.connect(house.vhost()).queue_declare("tasks", durable=True)


def declared_and_deleted(house, vhost):
    channel = house.connect(vhost)
    channel.queue_declare("tasks", durable=True)
    channel.queue_delete("tasks")


def declared_and_expired(house, vhost):
    house.connect(vhost).queue_declare("tasks", arguments={"x-expires": 50})
    time.sleep(0.3)


def gone_with_its_connection(house, vhost):
    channel = house.connect(vhost)
    channel.queue_declare("tasks", exclusive=True)
    channel.connection.close()


def gone_with_its_consumer(house, vhost):
    channel = house.connect(vhost)
    channel.queue_declare("tasks", auto_delete=True)
    channel.basic_cancel(channel.basic_consume("tasks", print))


def only_names_like_it(house, vhost):
    channel = house.connect(vhost)
    for name in ("Tasks", "tasks ", "tasks.failed", "/tasks"):
        channel.queue_declare(name)


def only_a_policy_and_a_binding(house, vhost):
    house.api.call("PUT", "policies", vhost, "tasks", body={"pattern": "^tasks$", "definition": {"max-length": 9}})
    house.connect(vhost).exchange_bind("amq.topic", "amq.direct", "tasks")


@pytest.mark.parametrize(
    "lie",
    [
        only_an_exchange,
        only_in_another_vhost,
        declared_and_deleted,
        declared_and_expired,
        gone_with_its_connection,
        gone_with_its_consumer,
        only_names_like_it,
        only_a_policy_and_a_binding,
    ],
)
def test_exists_refutes(house, lie):
    vhost = house.vhost()
    lie(house, vhost)
    assert house.judge("queue.exists", queue="tasks", vhost=vhost).verdict is Verdict.REFUTED


def test_exists_refutes_that_an_exclusive_queue_survives_a_restart(house):
    vhost = house.vhost()
    house.connect(vhost).queue_declare("tasks", durable=True, exclusive=True)
    assert house.judge("queue.exists", queue="tasks", vhost=vhost, durable=True).verdict is Verdict.REFUTED


def test_exists_cannot_tell_without_access_to_the_vhost(house, seen_through):
    vhost = house.vhost()
    house.connect(vhost).queue_declare("tasks")
    house.api.user_with("stranger", "management")
    house.api.permit("stranger", "/")
    for kinds in (("management",), ("amqp",), ("management", "amqp")):
        room = seen_through(*(house.address(kind, "stranger", vhost) for kind in kinds))
        for queue in ("tasks", "none"):
            result = room.judge("queue.exists", system="rabbitmq", queue=queue, vhost=vhost)
            assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, Reason.FORBIDDEN), kinds


def test_exists_cannot_tell_without_the_tag_management(house, seen_through):
    house.api.user_with("untagged", "")
    house.api.permit("untagged", "/")
    room = seen_through(house.address("management", "untagged"))
    result = room.judge("queue.exists", system="rabbitmq", queue="nobody")
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, Reason.FORBIDDEN)


def test_exists_cannot_tell_in_a_vhost_that_is_not_there(house):
    result = house.judge("queue.exists", queue="tasks", vhost="nowhere")
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)


# --- queue.count


def test_count_verifies_two_queues(house):
    vhost = house.vhost()
    channel = house.connect(vhost)
    channel.queue_declare("tasks", durable=True)
    channel.queue_declare("results")
    for two in ("2", ">= 1", "<= 2", "!= 3"):
        assert house.judge("queue.count", count=two, vhost=vhost).verdict is Verdict.VERIFIED
    for other in ("1", "3", ">= 3", "< 2", "0"):
        assert house.judge("queue.count", count=other, vhost=vhost).verdict is Verdict.REFUTED


def one_is_missing(channel, house):
    pass


def padded_with_one_that_the_broker_named(channel, house):
    channel.queue_declare("")


def padded_with_one_of_a_connection(channel, house):
    channel.queue_declare("results", exclusive=True)


def padded_with_the_audits_own(channel, house):
    channel.queue_declare("distaudit-probe")


def padded_in_another_vhost(channel, house):
    house.connect(house.vhost()).queue_declare("results")


def padded_with_exchanges(channel, house):
    for name in ("results", "events", "alerts"):
        channel.exchange_declare(name, "fanout")


def padded_with_one_that_expired(channel, house):
    channel.queue_declare("results", arguments={"x-expires": 50})
    time.sleep(0.3)


@pytest.mark.parametrize(
    "lie",
    [
        one_is_missing,
        padded_with_one_that_the_broker_named,
        padded_with_one_of_a_connection,
        padded_with_the_audits_own,
        padded_in_another_vhost,
        padded_with_exchanges,
        padded_with_one_that_expired,
    ],
)
def test_count_refutes(house, lie):
    vhost = house.vhost()
    channel = house.connect(vhost)
    channel.queue_declare("tasks", durable=True)
    lie(channel, house)
    result = house.judge("queue.count", count=">= 2", vhost=vhost)
    assert (result.verdict, result.actual) == (Verdict.REFUTED, "1 queue")


def test_count_cannot_tell_for_a_user_who_may_see_no_queue(house, seen_through):
    vhost = house.vhost()
    house.connect(vhost).queue_declare("tasks")
    house.api.user_with("blind", "management")
    house.api.permit("blind", "/")
    room = seen_through(house.address("management", "blind"))
    for count in ("0", ">= 1"):
        result = room.judge("queue.count", system="rabbitmq", count=count, vhost=vhost)
        assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, Reason.FORBIDDEN)


def test_count_cannot_tell_over_amqp_alone(house, seen_through):
    result = seen_through(house.address("amqp")).judge("queue.count", system="rabbitmq", count="0")
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)


# --- queue.has-consumers


def has_consumers(house, vhost, **more):
    # a moment for the broker's lists, here a second at most (the check's own is for five)
    return house.judge("queue.has-consumers", queue="tasks", vhost=vhost, within="3s", **more)


def test_has_consumers_verifies_a_consumer(house):
    vhost = house.vhost()
    channel = house.connect(vhost)
    channel.queue_declare("tasks")
    channel.basic_consume("tasks", print)
    assert has_consumers(house, vhost).verdict is Verdict.VERIFIED
    assert has_consumers(house, vhost, consumers=1).verdict is Verdict.VERIFIED
    assert has_consumers(house, vhost, consumers=">= 2").verdict is Verdict.REFUTED


def none_at_all(house, vhost, channel):
    pass


def one_of_another_queue(house, vhost, channel):
    channel.queue_declare("other")
    channel.basic_consume("other", print)


def one_in_another_vhost(house, vhost, channel):
    there = house.connect(house.vhost())
    there.queue_declare("tasks")
    there.basic_consume("tasks", print)


def the_audits_own(house, vhost, channel):
    house.connect(vhost, "distaudit-watcher").basic_consume("tasks", print)
    time.sleep(2)  # the broker lists a consumer before it lists the name of its connection


def one_that_exited(house, vhost, channel):
    there = house.connect(vhost)
    there.basic_consume("tasks", print)
    time.sleep(1.2)  # the broker has listed it
    there.connection.close()


def one_that_cancelled(house, vhost, channel):
    tag = channel.basic_consume("tasks", print)
    time.sleep(1.2)
    channel.basic_cancel(tag)


def a_connection_that_only_publishes(house, vhost, channel):
    house.connect(vhost, "worker-1").basic_publish("", "tasks", b"")


def a_connection_that_only_polls(house, vhost, channel):
    house.connect(vhost, "worker-1").basic_get("tasks")


@pytest.mark.parametrize(
    "lie",
    [
        none_at_all,
        one_of_another_queue,
        one_in_another_vhost,
        the_audits_own,
        one_that_exited,
        one_that_cancelled,
        a_connection_that_only_publishes,
        a_connection_that_only_polls,
    ],
)
def test_has_consumers_refutes(house, lie):
    vhost = house.vhost()
    channel = house.connect(vhost)
    channel.queue_declare("tasks")
    lie(house, vhost, channel)
    result = has_consumers(house, vhost)
    assert (result.verdict, result.actual) == (Verdict.REFUTED, "0 consumers")


def test_has_consumers_refutes_two_of_which_one_only_stands_by(house):
    vhost = house.vhost()
    channel = house.connect(vhost)
    channel.queue_declare("tasks", arguments={"x-single-active-consumer": True})
    channel.basic_consume("tasks", print)
    house.connect(vhost).basic_consume("tasks", print)
    assert has_consumers(house, vhost, consumers=">= 2").verdict is Verdict.REFUTED
    assert has_consumers(house, vhost, consumers=1).verdict is Verdict.VERIFIED


def test_has_consumers_refutes_two_of_which_one_is_the_audits(house):
    vhost = house.vhost()
    channel = house.connect(vhost)
    channel.queue_declare("tasks")
    channel.basic_consume("tasks", print)
    house.connect(vhost, "distaudit").basic_consume("tasks", print)
    time.sleep(2)
    assert has_consumers(house, vhost, consumers=">= 2").verdict is Verdict.REFUTED
    assert has_consumers(house, vhost).verdict is Verdict.VERIFIED


def test_has_consumers_refutes_a_queue_that_is_gone(house):
    assert has_consumers(house, house.vhost()).verdict is Verdict.REFUTED


def test_has_consumers_cannot_tell_without_access_to_the_vhost(house, seen_through):
    vhost = house.vhost()
    house.connect(vhost).queue_declare("tasks")
    house.api.user_with("outsider", "management")
    house.api.permit("outsider", "/")
    room = seen_through(house.address("management", "outsider"), house.address("amqp", "outsider"))
    result = room.judge("queue.has-consumers", system="rabbitmq", queue="tasks", vhost=vhost, within="0.5s")
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, Reason.FORBIDDEN)


# --- queue.consumed: what the front does (front.py), and who is at work on the queue (workers.py)


@pytest.mark.parametrize(
    ("way", "queue", "messages"),
    [
        ("publishes", "acknowledged", 7),
        ("publishes", "acknowledged-by-transport", 7),
        ("publishes_three", "acknowledged-three", 21),
    ],
)
def test_consumed_verifies(house, way, queue, messages):
    result = house.consumed(way, queue)
    assert (result.verdict, result.actual) == (Verdict.VERIFIED, f"{messages} of {messages} messages consumed")


@pytest.mark.parametrize(
    ("way", "queue", "actual"),
    [
        ("publishes", "never-acknowledged", "messages never acknowledged"),
        ("publishes", "half-acknowledged", "messages never acknowledged"),
        ("publishes", "frozen", "messages never acknowledged"),
        ("publishes", "handed-back", "messages handed back"),
        ("publishes", "crashing", "messages handed back"),
        ("publishes", "rejected", "messages rejected"),
        ("publishes", "dead-lettered", "messages rejected"),
        ("publishes_unrouted", "unrouted", "0 of 7 messages arrived"),
        ("publishes_misrouted", "misrouted", "0 of 7 messages arrived"),
        ("publishes_beside", "beside", "0 of 7 messages arrived"),
        ("publishes_elsewhere", "homonym", "0 of 7 messages arrived"),
        ("publishes", "homonym-consumed", "nobody takes the messages"),
        ("publishes", "neighbour", "nobody takes the messages"),
        ("publishes", "nobody", "nobody takes the messages"),
        ("publishes", "expiring", "nobody takes the messages"),
        ("publishes", "expiring-frozen", "messages never acknowledged"),
        ("publishes", "dropping", "nobody takes the messages"),
        ("publishes", "refusing", "nobody takes the messages"),
        ("publishes", "purged", "nobody takes the messages"),
        ("does_nothing", "waiting", "0 of 7 messages arrived"),
        ("publishes_the_first_only", "first-only", "1 of 7 messages arrived"),
        ("publishes", "undeclared", "no queue undeclared"),
    ],
)
def test_consumed_refutes(house, way, queue, actual):
    result = house.consumed(way, queue)
    assert (result.verdict, result.actual) == (Verdict.REFUTED, actual), result.because


@pytest.mark.parametrize(
    ("way", "queue"),
    [
        ("does_nothing", "busy"),
        ("does_nothing", "busy-in-bursts"),
        ("does_nothing", "ever-busier"),
        ("publishes", "copied-back"),
        ("publishes_and_fetches_back", "fetched-back"),
    ],
)
def test_consumed_never_verifies(house, way, queue):
    result = house.consumed(way, queue)
    may = {Reason.INCONCLUSIVE_STATISTICS, Reason.NO_OBSERVABLE, None}
    assert result.verdict is not Verdict.VERIFIED
    assert result.reason in may, result.because


@pytest.mark.parametrize(("way", "queue"), [("fails", "failing"), ("publishes_and_fails_at_last", "failing-at-last")])
def test_consumed_cannot_tell_when_the_activity_fails(house, way, queue):
    result = house.consumed(way, queue)
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, Reason.BASELINE), result.because


def test_consumed_cannot_tell_without_the_brokers_counters(house, seen_through):
    # a queue of its own: the others are judged at the same time
    queue = "acknowledged-uncounted"
    room = seen_through(house.address("amqp"), activities=activity("publishes", queue, target="attached"))
    result = room.judge("queue.consumed", system="rabbitmq", queue=queue, activity=f"publishes-{queue}")
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
