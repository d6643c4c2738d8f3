"""Messages over HTTP: who gets one, and what becomes of one that nobody waits for."""

from __future__ import annotations

from typing import Any

import pytest

from server.usecases import requests as rq
from tests.support.app import App, wait_until
from tests.support.models import (
    Element,
    boundary,
    camunda_io,
    catch,
    document,
    end,
    message,
    model,
    on_message,
    process,
    receive_task,
    script_task,
    start,
    throw,
    timer,
    user_task,
)

PAID = message("paid")
WAITING = model(start(), catch("wait", on_message("paid")), user_task("after"), end(),
                flows="start -> wait -> after -> end", roots=PAID, key="order")  # fmt: skip
STARTED_BY = model(start("begin", on_message("paid")), user_task("after"), end(),
                   flows="begin -> after -> end", roots=PAID, key="order")  # fmt: skip
KEYED = document(process(
    "order",
    start(),
    receive_task("wait", "paid"),
    user_task("after"),
    end(),
    flows="start -> wait -> after -> end",
), roots=message("paid", key="=orderId"))  # fmt: skip


def test_should_correlate_by_name(app: App) -> None:
    app.deploy(("order.bpmn", WAITING))
    order = app.start("order", {"a": 1})

    published = app.publish("paid", {"amount": 12})

    assert published == {"result": "CORRELATED", "instanceIds": [order]}
    app.at(order, "after")
    assert app.context(order) == {"a": 1, "amount": 12}


def test_should_not_choose_among_several_without_a_key(app: App) -> None:
    app.deploy(("order.bpmn", WAITING))
    one, other = app.start("order"), app.start("order")

    problem = app.publish("paid", status=409)

    assert problem["errors"][0]["code"] == "MESSAGE_AMBIGUOUS"
    assert [app.instance(id)["currentState"] for id in (one, other)] == [["wait"], ["wait"]]
    assert app.publish("paid", instanceId=other) == {"result": "CORRELATED", "instanceIds": [other]}
    app.at(other, "after")
    app.at(one, "wait")
    assert app.publish("paid") == {"result": "CORRELATED", "instanceIds": [one]}


def test_should_correlate_with_the_oldest_of_those_that_a_key_names(app: App) -> None:
    app.deploy(("order.bpmn", WAITING))
    one = app.start("order", {"customer": 7}, businessKey="B")
    two = app.start("order", {"customer": 7}, businessKey="B")
    other = app.start("order", {"customer": "7"}, businessKey="C")

    assert app.publish("paid", correlationKeys={"customer": "7"})["instanceIds"] == [other]
    assert app.publish("paid", correlationKeys={"customer": 7}, businessKey="B")["instanceIds"] == [one]
    assert app.publish("paid", businessKey="B")["instanceIds"] == [two]
    assert app.publish("paid", businessKey="B", ttlSeconds=0) == {"result": "NONE", "instanceIds": []}


def test_should_tell_a_number_from_text_in_a_correlation_key(app: App) -> None:
    app.deploy(("order.bpmn", KEYED))
    number, text = app.start("order", {"orderId": 1}), app.start("order", {"orderId": "1"})

    assert app.publish("paid", correlationKey="1")["instanceIds"] == [text]
    assert app.publish("paid", correlationKey=2, ttlSeconds=0)["result"] == "NONE"
    assert app.publish("paid", ttlSeconds=0)["result"] == "NONE", "a subscription with a key takes no other message"
    assert app.publish("paid", correlationKey=1)["instanceIds"] == [number]


def test_should_send_to_all_who_wait(app: App) -> None:
    app.deploy(("order.bpmn", WAITING))
    orders = [app.start("order") for _ in range(5)]

    published = app.publish("paid", {"x": 1}, all=True)

    assert (published["result"], published["instanceIds"]) == ("CORRELATED", orders)
    for order in orders:
        app.at(order, "after")


def test_should_keep_a_message_for_one_that_comes_later(app: App) -> None:
    app.deploy(("order.bpmn", WAITING))
    assert app.publish("paid", {"n": 1}, ttlSeconds=60) == {"result": "BUFFERED", "instanceIds": []}
    assert app.publish("paid", {"n": 2}, ttlSeconds=60)["result"] == "BUFFERED"

    first, second, third = (app.start("order") for _ in range(3))

    app.at(first, "after")
    app.at(second, "after")
    app.at(third, "wait")
    assert [app.context(order) for order in (first, second)] == [{"n": 1}, {"n": 2}]


def test_should_forget_a_message_after_its_time(app: App) -> None:
    app.deploy(("order.bpmn", WAITING))
    app.publish("paid", {"n": 1}, ttlSeconds=60)
    app.advance(seconds=61)

    order = app.start("order")

    assert app.publish("paid", {"n": 2})["instanceIds"] == [order]
    app.at(order, "after")
    assert app.context(order) == {"n": 2}


def test_should_take_a_message_with_the_same_id_once(app: App) -> None:
    app.deploy(("order.bpmn", WAITING))
    one = app.start("order")
    assert app.publish("paid", messageId="m-1")["instanceIds"] == [one]
    app.start("order")

    again = app.publish("paid", messageId="m-1")

    assert (again["result"], again["instanceIds"]) == ("DUPLICATE", [one])
    assert app.publish("paid", messageId="m-2")["result"] == "CORRELATED"


def test_should_start_an_instance_that_is_there_when_the_publisher_hears_of_it(app: App) -> None:
    app.deploy(("order.bpmn", STARTED_BY))

    published = app.publish("paid", {"amount": 3}, businessKey="B-7")

    assert published["result"] == "STARTED"
    [order] = published["instanceIds"]
    found = app.instance(order)
    assert (found["businessKey"], found["context"], found["currentState"]) == ("B-7", {"amount": 3}, ["after"])


def test_should_prefer_an_instance_that_waits_to_starting_one(app: App) -> None:
    waits = process("late", start("s"), catch("wait", on_message("paid")), end("e"), flows="s -> wait -> e")
    starts = process("early", start("begin", on_message("paid")), end(), flows="begin -> end")
    app.deploy(("both.bpmn", document(waits, starts, roots=PAID)))
    late = app.start("late")

    assert app.publish("paid") == {"result": "CORRELATED", "instanceIds": [late]}
    app.ended(late)
    assert app.publish("paid")["result"] == "STARTED"


def test_should_deliver_what_a_process_throws_to_another(app: App) -> None:
    throws = process(
        "sender",
        start(),
        script_task("s", "amount = 4 * 2"),
        throw("send", on_message("paid")),
        end(),
        flows="start -> s -> send -> end",
    )
    waits = process("receiver", start(), catch("wait", on_message("paid")), end(), flows="start -> wait -> end")
    app.deploy(("both.bpmn", document(throws, waits, roots=PAID)))

    sender = app.start("sender")
    app.ended(sender)
    receiver = app.start("receiver")

    app.ended(receiver)


def test_should_take_every_message_at_a_boundary_that_does_not_interrupt(app: App) -> None:
    app.deploy(("order.bpmn", model(
        start(), user_task("work"), boundary("note", "work", on_message("paid"), interrupting=False),
        user_task("read"), end(), end("end2"),
        flows="start -> work -> end; note -> read -> end2", roots=PAID, key="order")))  # fmt: skip
    order = app.start("order")

    for number in range(3):
        app.publish("paid", {"n": number}, ttlSeconds=60)
    wait_until(lambda: len(app.tasks(order, elementId="read")) == 3, what="three notes")

    app.complete(app.task(order, "work"))
    for task in app.tasks(order):
        app.complete(task)
    app.ended(order)


def test_should_match_a_message_again_whose_receiver_went_away(app: App) -> None:
    """Published and timed out in one moment: the delivery finds nobody and the message waits for the next one."""
    app.deploy(("order.bpmn", model(
        start(), receive_task("wait", "paid"), boundary("late", "wait", timer(duration="PT10S")),
        user_task("after"), end(), end("gone"),
        flows="start -> wait -> after -> end; late -> gone", roots=PAID, key="order")))  # fmt: skip
    results = []
    for _ in range(8):
        order = app.start("order")
        app.advance(seconds=10)
        results.append(app.publish("paid", {"for": order}, ttlSeconds=3600)["result"])
        found = wait_until(lambda: f if (f := app.instance(order))["currentState"] != ["wait"] else None)  # noqa: B023
        if found["status"] == "COMPLETED":
            follower = app.start("order")
            app.at(follower, "after")
            assert app.context(follower)["for"] == order
    assert set(results) <= {"CORRELATED", "BUFFERED"}


@pytest.mark.parametrize("value", [None, {}, []])
def test_should_raise_an_incident_for_a_key_that_is_none(app: App, value: Any) -> None:
    app.deploy(("order.bpmn", KEYED))
    order = app.start("order", {"orderId": value})

    incident = app.incident(order)

    assert (incident["kind"], incident["elementId"]) == ("MESSAGE_INVALID", "wait")
    app.resolve(incident, variables={"orderId": "K"})
    assert app.publish("paid", correlationKey="K")["instanceIds"] == [order]


def test_should_give_each_of_many_waiting_instances_one_buffered_message(app: App) -> None:
    """The matches of one transaction see each other's decisions."""
    app.deploy(("order.bpmn", WAITING))
    for number in range(20):
        app.publish("paid", {"n": number}, ttlSeconds=600)

    starts = [rq.StartRequest(tenant_id="default", definition_key="order") for _ in range(20)]
    orders = [str(future.result(30).row.id) for future in app.server.executor.submit_all(starts)]

    for order in orders:
        app.at(order, "after")
    assert sorted(app.context(order)["n"] for order in orders) == list(range(20))


def test_should_tell_all_of_more_receivers_than_one_match_takes(app: App) -> None:
    waits = camunda_io({"n": "${n}"})
    app.deploy(("many.bpmn", model(
        start(), catch("wait", waits + on_message("paid")), end(), flows="start -> wait -> end", roots=PAID, key="many")
    ))  # fmt: skip
    starts = [rq.StartRequest(tenant_id="default", definition_key="many", variables={"n": n}) for n in range(230)]
    many = [str(future.result(30).row.id) for future in app.server.executor.submit_all(starts)]

    published = app.publish("paid", all=True)

    assert sorted(published["instanceIds"]) == sorted(many)
    wait_until(lambda: not app.instances(status="RUNNING"), what="all ended")


def test_should_begin_when_all_messages_of_a_parallel_start_event_have_come(app: App) -> None:
    # given
    begin = Element("startEvent", "begin", {"parallelMultiple": "true"}, on_message("paid") + on_message("packed"))
    roots = PAID + message("packed")
    drawn = model(begin, user_task("ship"), end(), flows="begin -> ship -> end", roots=roots, key="order")
    app.deploy(("order.bpmn", drawn))

    # when
    first = app.publish("packed", {"weight": 3})
    second = app.publish("paid", {"amount": 12})

    # then
    assert first["result"] == "STARTED"
    [order] = first["instanceIds"]
    assert second == {"result": "CORRELATED", "instanceIds": [order]}
    assert app.task(order, "ship")
    assert app.get(f"/instances/{order}")["context"] == {"weight": 3, "amount": 12}
