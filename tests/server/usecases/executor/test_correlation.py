"""Pools that speak with each other by correlation keys, through HTTP and store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from server.store.memory.store import MemoryStore
from tests.support.app import App, running_app, wait_until
from tests.support.conversations import (
    BUYER,
    MESSAGES,
    ORDER_ID,
    collaboration,
    correlation_key,
    inside,
    market,
    subscription,
    waiting,
)
from tests.support.models import (
    catch,
    document,
    end,
    on_message,
    parallel,
    process,
    receive_task,
    start,
    throw,
    user_task,
)
from tests.support.stores import Database

MARKET = ("market.bpmn", market())
PAIRS = 50


def keys_of(app: App, instance: str) -> list[Any]:
    return [event["data"] for event in app.history(instance) if event["type"] == "CORRELATION_KEY_SET"]


def sellers(app: App, count: int) -> list[Any]:
    """The tasks of as many sellers, once they are there."""
    wait_until(lambda: len(app.tasks(definitionKey="seller")) == count, what=f"{count} sellers")
    return app.tasks(definitionKey="seller")


def answer(app: App, task: Any) -> None:
    order = app.context(task["instanceId"])["orderId"]
    app.complete(task, {"order": {"id": order, "price": f"price of {order!r}"}})


def test_should_bring_every_answer_to_its_own_instance(app: App) -> None:
    # given: buyers and sellers that differ by nothing but the order, numbers and texts among them
    app.deploy(MARKET)
    orders: list[Any] = [number if number % 2 else str(number - 1) for number in range(PAIRS)]
    buyers = {app.start("buyer", {"orderId": order}): order for order in orders}

    # when: answered from the last to the first
    for task in reversed(sellers(app, PAIRS)):
        answer(app, task)

    # then
    for buyer, order in buyers.items():
        app.ended(buyer)
        assert app.context(buyer)["order"] == {"id": order, "price": f"price of {order!r}"}
    assert app.instances(status="RUNNING") == []


def test_should_bring_a_message_from_outside_to_whoever_waits_for_its_values(app: App) -> None:
    app.deploy(MARKET)
    one, two = app.start("buyer", {"orderId": 1}), app.start("buyer", {"orderId": "1"})

    published = app.publish("answer", {"order": {"id": "1"}})

    assert published == {"result": "CORRELATED", "instanceIds": [two]}
    app.reaches(two, "COMPLETED")
    app.at(one, "answer")


def test_should_take_no_message_with_other_values_or_none(app: App) -> None:
    app.deploy(MARKET)
    buyer = app.start("buyer", {"orderId": 1})

    assert app.publish("answer", {"order": {"id": 2}}, ttlSeconds=0)["result"] == "NONE"
    assert app.publish("answer", {"order": {}}, ttlSeconds=0)["result"] == "NONE"
    assert app.publish("answer", ttlSeconds=0, instanceId=buyer)["result"] == "NONE"
    app.at(buyer, "answer")


def test_should_keep_a_message_until_somebody_waits_for_its_values(app: App) -> None:
    app.deploy(MARKET)
    app.start("buyer", {"orderId": 1})

    assert app.publish("answer", {"order": {"id": 2}}, ttlSeconds=60)["result"] == "BUFFERED"
    other = app.start("buyer", {"orderId": 2})

    app.reaches(other, "COMPLETED")


def test_should_not_choose_among_several_that_know_no_key_yet(app: App) -> None:
    app.deploy(("p.bpmn", waiting()))
    one, other = app.start("p"), app.start("p")

    assert app.publish("offer", {"orderId": 1}, status=409)["errors"][0]["code"] == "MESSAGE_AMBIGUOUS"
    assert app.publish("offer", {"orderId": 1}, instanceId=other)["instanceIds"] == [other]
    app.at(other, "second")
    assert app.publish("offer", {"orderId": 2})["instanceIds"] == [one]
    assert app.publish("answer", {"order": {"id": 1}})["instanceIds"] == [other]
    assert app.publish("answer", {"order": {"id": 2}})["instanceIds"] == [one]


def test_should_prefer_who_waits_for_the_values_to_who_knows_none_and_to_a_start(app: App) -> None:
    # given: a process that begins with an offer and then waits for more of them
    shop = process(
        "shop",
        *(start("begin", on_message("mOffer")), catch("more", on_message("mOffer")), user_task("after"), end()),
        flows="begin -> more -> after -> end",
    )
    key = collaboration(correlation_key("kOrder", "pOrder"), pools={"S": "shop"})
    app.deploy(("shop.bpmn", document(shop, roots=MESSAGES + ORDER_ID + key)))

    # when
    first = app.publish("offer", {"orderId": 1})
    second = app.publish("offer", {"orderId": 2})
    third = app.publish("offer", {"orderId": 1})

    # then
    assert [first["result"], second["result"], third["result"]] == ["STARTED", "STARTED", "CORRELATED"]
    assert third["instanceIds"] == first["instanceIds"]
    (one,), (two,) = first["instanceIds"], second["instanceIds"]
    app.at(one, "after")
    app.at(two, "more")
    assert keys_of(app, one) == [{"key": "kOrder", "values": [1]}]


def test_should_tell_what_waits_already_when_a_key_becomes_known(app: App) -> None:
    # given
    both = process(
        "p",
        *(start(), parallel("fork"), catch("a", on_message("mOffer")), catch("b", on_message("mAnswer"))),
        *(parallel("join"), user_task("after"), end()),
        flows="start -> fork -> a -> join -> after -> end; fork -> b -> join",
    )
    key = collaboration(correlation_key("kOrder", "pOrder"), pools={"P": "p"})
    app.deploy(("p.bpmn", document(both, roots=MESSAGES + ORDER_ID + key)))
    instance = app.start("p")

    # when
    assert app.publish("offer", {"orderId": 1})["instanceIds"] == [instance]
    wait_until(lambda: keys_of(app, instance), what="the key")

    # then: it may be told a moment later; what comes before that is sent back to wait for another
    app.publish("answer", {"order": {"id": 2}}, ttlSeconds=60)
    app.publish("answer", {"order": {"id": 1}}, ttlSeconds=60)
    app.at(instance, "after")
    assert app.context(instance)["order"] == {"id": 1}


def test_should_follow_the_data_of_the_process_while_it_waits(app: App) -> None:
    # given
    bound = inside(
        process("p", start(), receive_task("wait", "mAnswer"), end(), flows="start -> wait -> end"),
        subscription("kOrder", {"pOrder": "current"}),
    )
    key = collaboration(correlation_key("kOrder", "pOrder"), pools={"P": "p"})
    app.deploy(("p.bpmn", document(bound, roots=MESSAGES + ORDER_ID + key)))
    one, two = app.start("p", {"current": 1}), app.start("p")
    assert app.publish("answer", {"order": {"id": 2}}, ttlSeconds=60)["result"] == "BUFFERED"

    # when: the buffered message is for the new value
    app.call("PATCH", f"/instances/{two}/variables", {"current": 2})

    # then
    app.reaches(two, "COMPLETED")
    assert keys_of(app, two) == [{"key": "kOrder", "values": [2]}]
    app.at(one, "wait")

    # when
    app.call("PATCH", f"/instances/{one}/variables", {"current": 3})
    app.publish("answer", {"order": {"id": 1}}, ttlSeconds=60)
    app.publish("answer", {"order": {"id": 3}}, ttlSeconds=60)

    # then
    app.reaches(one, "COMPLETED")
    assert app.context(one)["order"] == {"id": 3}


def test_should_keep_a_message_of_another_conversation_from_being_sent(app: App) -> None:
    buyer = process(
        "buyer",
        *(start(), throw("offer", on_message("mOffer")), user_task("change"), throw("again", on_message("mOffer"))),
        end(),
        flows="start -> offer -> change -> again -> end",
    )
    app.deploy(("market.bpmn", market(buyer)))
    instance = app.start("buyer", {"orderId": 1})

    app.complete(app.task(instance, "change"), {"orderId": 2})

    incident = app.incident(instance)
    assert (incident["kind"], incident["elementId"]) == ("CORRELATION_MISMATCH", "again")
    app.resolve(incident, variables={"orderId": 1})
    app.ended(instance)


def test_should_reach_the_pool_that_the_message_flow_leads_to(app: App) -> None:
    # given: another process waits for the same message, and came first
    listener = process("listener", start(), catch("c", on_message("mOffer")), end(), flows="start -> c -> end")
    app.deploy(("listener.bpmn", document(listener, roots=MESSAGES)), MARKET)
    other = app.start("listener")

    # when
    app.start("buyer", {"orderId": 1})

    # then
    sellers(app, 1)
    app.at(other, "c")


def test_should_go_on_after_a_restart(tmp_path: Path, database: Database) -> None:
    # given
    options: dict[str, Any] = {"store": database.url, "clock": database.clock}
    with running_app(tmp_path, **options) as app:
        if isinstance(app.server.store, MemoryStore):
            return  # it forgets everything
        app.deploy(MARKET)
        buyers = {app.start("buyer", {"orderId": order}): order for order in (1, 2, 3)}
        answer(app, sellers(app, 3)[1])
        assert app.publish("answer", {"order": {"id": 4}}, ttlSeconds=600)["result"] == "BUFFERED"

    # when
    with running_app(tmp_path, **options) as app:
        for task in app.tasks(definitionKey="seller"):
            answer(app, task)
        late = app.start("buyer", {"orderId": 4})

        # then
        for buyer, order in buyers.items():
            app.ended(buyer)
            assert app.context(buyer)["order"]["id"] == order
        assert app.reaches(late, "COMPLETED")["context"]["order"] == {"id": 4}


def test_should_match_by_the_definition_that_waits(app: App) -> None:
    # given: two versions that find the order in different places
    app.deploy(MARKET)
    old = app.start("buyer", {"orderId": 1})
    moved = ORDER_ID.replace("order['id']", "nested['order']")
    app.deploy(("market.bpmn", market(order=moved)))
    new = app.start("buyer", {"orderId": 1})

    # when / then
    assert app.publish("answer", {"nested": {"order": 1}})["instanceIds"] == [new]
    assert app.publish("answer", {"order": {"id": 1}})["instanceIds"] == [old]


def test_should_deliver_to_every_instance_that_waits_for_the_values(app: App) -> None:
    app.deploy(
        (
            "buyer.bpmn",
            document(
                BUYER,
                roots=MESSAGES + ORDER_ID + collaboration(correlation_key("kOrder", "pOrder"), pools={"B": "buyer"}),
            ),
        )
    )
    mine = [app.start("buyer", {"orderId": 1}) for _ in range(3)]
    other = app.start("buyer", {"orderId": 2})

    published = app.publish("answer", {"order": {"id": 1}}, all=True)

    assert sorted(published["instanceIds"]) == sorted(mine)
    for instance in mine:
        app.reaches(instance, "COMPLETED")
    app.at(other, "answer")
