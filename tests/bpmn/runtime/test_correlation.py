"""Correlation keys of the standard's: learnt from messages, or computed of the process' data."""

from __future__ import annotations

import pytest

from bpmn.runtime import commands as c
from bpmn.runtime import events as e
from bpmn.runtime.state import InstanceStatus
from tests.support.conversations import (
    BUYER,
    MESSAGES,
    ORDER_ID,
    collaboration,
    correlation_key,
    correlation_property,
    inside,
    market,
    subscription,
    waiting,
)
from tests.support.models import (
    Element,
    boundary,
    catch,
    compile_document,
    document,
    end,
    event_start,
    event_sub_process,
    message,
    multi_instance,
    on_message,
    parallel,
    process,
    receive_task,
    standard_loop,
    start,
    sub_process,
    throw,
    user_task,
)
from tests.support.simulation import CheckedSimulator, simulate

pytestmark = [
    pytest.mark.element("correlationKey", "learnt from the first message that carries it, compared with later ones"),
    pytest.mark.element("correlationSubscription", "computed of the process' data, again when the data changes"),
    pytest.mark.element("messageFlow", "a message thrown at its source reaches the process of the pool it leads to"),
]


def keys_set(simulator: CheckedSimulator, instance: int) -> list[tuple[str, object]]:
    """(key, values) of every CORRELATION_KEY_SET of the instance."""
    return [(x.key, x.values) for x in simulator.run_of(instance).events if isinstance(x, e.CorrelationKeySet)]


def test_should_bring_each_answer_to_the_instance_that_made_the_offer() -> None:
    # given
    simulator = simulate(market())
    buyers = {n: simulator.start("buyer", {"orderId": n}) for n in (1, 2, 3)}
    simulator.post()

    # when
    for task in reversed(simulator.open_tasks("decide")):
        run = simulator.tasks[task.id].instance_id
        order = simulator.variables(run)["orderId"]
        simulator.complete_task(task.id, {"order": {"id": order, "price": order * 10}})
    assert simulator.post() == []

    # then
    assert {n: simulator.variables(id)["order"]["price"] for n, id in buyers.items()} == {1: 10, 2: 20, 3: 30}
    assert all(simulator.status(id) is InstanceStatus.COMPLETED for id in buyers.values())


def test_should_learn_the_key_from_the_message_it_sends() -> None:
    # given
    simulator = simulate(market())

    # when
    instance = simulator.start("buyer", {"orderId": "A-1"})

    # then
    assert keys_set(simulator, instance) == [("kOrder", ("A-1",))]
    assert not simulator.publish("answer", {"order": {"id": "A-2"}})
    assert not simulator.publish("answer", {"order": {}})
    assert not simulator.publish("answer", {})
    assert simulator.publish("answer", {"order": {"id": "A-1"}})


def test_should_learn_the_key_from_the_message_that_starts_it() -> None:
    # given
    simulator = simulate(market())

    # when
    simulator.start("buyer", {"orderId": 5})
    simulator.post()
    (seller,) = [id for id, run in simulator.runs.items() if run.graph.key == "seller"]

    # then
    assert keys_set(simulator, seller) == [("kOrder", (5,))]


def test_should_learn_the_key_from_the_first_message_it_receives() -> None:
    # given
    simulator = simulate(waiting())
    instance = simulator.start("p")

    # when
    assert simulator.publish("offer", {"orderId": 1})

    # then
    assert keys_set(simulator, instance) == [("kOrder", (1,))]
    assert not simulator.publish("answer", {"order": {"id": 2}})
    assert simulator.publish("answer", {"order": {"id": 1}})


@pytest.mark.parametrize(
    ("own", "other"), [(1, "1"), ("1", 1), (1, True), (True, 1), (False, 0), (1, 2)], ids=lambda v: repr(v)
)
def test_should_compare_values_with_their_types(own: object, other: object) -> None:
    # given
    simulator = simulate(market())
    simulator.start("buyer", {"orderId": own})

    # when / then
    assert not simulator.publish("answer", {"order": {"id": other}})
    assert simulator.publish("answer", {"order": {"id": own}})


def test_should_take_numbers_for_the_same_however_they_are_written() -> None:
    # given
    simulator = simulate(market())
    simulator.start("buyer", {"orderId": 1})

    # when / then
    assert simulator.publish("answer", {"order": {"id": 1.0}})


def test_should_compare_every_property_of_a_key() -> None:
    # given
    both = ORDER_ID + correlation_property("pCustomer", {"mOffer": "customer", "mAnswer": "customer"})
    simulator = simulate(market(order=both, keys=correlation_key("kBoth", "pOrder", "pCustomer")))
    simulator.start("buyer", {"orderId": 1, "customer": "Ann"})

    # when / then
    assert not simulator.publish("answer", {"order": {"id": 1}, "customer": "Bob"})
    assert not simulator.publish("answer", {"order": {"id": 1}})
    assert simulator.publish("answer", {"order": {"id": 1}, "customer": "Ann"})


def test_should_learn_a_second_key_from_a_later_message() -> None:
    # given: the receipt is known by its number alone, which the answer tells
    number = correlation_property("pReceipt", {"mAnswer": "receipt", "mReceipt": "receipt"})
    buyer = process(
        "buyer",
        *(start(), throw("offer", on_message("mOffer")), receive_task("answer", "mAnswer")),
        *(catch("paid", on_message("mReceipt")), end()),
        flows="start -> offer -> answer -> paid -> end",
    )
    keys = correlation_key("kOrder", "pOrder") + correlation_key("kReceipt", "pReceipt")
    data = document(
        buyer,
        roots=MESSAGES + message("mReceipt", "receipt") + ORDER_ID + number + collaboration(keys, pools={"B": "buyer"}),
    )
    simulator = simulate(data)
    instance = simulator.start("buyer", {"orderId": 1})

    # when
    assert simulator.publish("answer", {"order": {"id": 1}, "receipt": "R7"})

    # then
    assert keys_set(simulator, instance) == [("kOrder", (1,)), ("kReceipt", ("R7",))]
    assert not simulator.publish("receipt", {"receipt": "R8"})
    assert simulator.publish("receipt", {"receipt": "R7"})


def test_should_keep_a_message_of_another_conversation_from_being_sent() -> None:
    # given: the second offer is another order's
    buyer = process(
        "buyer",
        *(start(), throw("offer", on_message("mOffer")), user_task("change"), throw("again", on_message("mOffer"))),
        end(),
        flows="start -> offer -> change -> again -> end",
    )
    simulator = simulate(market(buyer))
    instance = simulator.start("buyer", {"orderId": 1})

    # when
    simulator.complete("change", {"orderId": 2})

    # then
    incident = simulator.incident()
    assert (incident.kind, incident.element_id) == ("CORRELATION_MISMATCH", "again")
    assert [message.element_id for message in simulator.thrown] == ["offer"]

    # when
    simulator.resolve(incident.id, {"orderId": 1})

    # then
    assert [message.element_id for message in simulator.thrown] == ["offer", "again"]
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_not_send_a_message_without_any_key() -> None:
    # given
    simulator = simulate(market())

    # when
    simulator.start("buyer", {"order": 1})

    # then
    assert simulator.incident().kind == "CORRELATION_MISMATCH"
    assert "'pOrder'" in simulator.incident().message
    assert simulator.thrown == []


def test_should_tell_what_waits_already_when_the_key_is_learnt() -> None:
    # given: both wait before either message is there
    data = document(
        process(
            "p",
            *(start(), parallel("fork"), catch("a", on_message("mOffer")), catch("b", on_message("mAnswer"))),
            *(parallel("join"), end()),
            flows="start -> fork -> a -> join -> end; fork -> b -> join",
        ),
        roots=MESSAGES + ORDER_ID + collaboration(correlation_key("kOrder", "pOrder"), pools={"P": "p"}),
    )
    simulator = simulate(data)
    instance = simulator.start("p")

    # when
    assert simulator.publish("offer", {"orderId": 1})

    # then
    assert not simulator.publish("answer", {"order": {"id": 2}})
    assert simulator.publish("answer", {"order": {"id": 1}})
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_send_back_a_message_that_no_longer_fits() -> None:
    # given: a delivery that was matched before the key was learnt
    data = document(
        process(
            "p",
            *(start(), parallel("fork"), catch("a", on_message("mOffer")), catch("b", on_message("mAnswer"))),
            *(parallel("join"), end()),
            flows="start -> fork -> a -> join -> end; fork -> b -> join",
        ),
        roots=MESSAGES + ORDER_ID + collaboration(correlation_key("kOrder", "pOrder"), pools={"P": "p"}),
    )
    simulator = simulate(data)
    instance = simulator.start("p")
    late = next(p.effect for p in simulator.subscriptions.values() if p.effect.element_id == "b")
    simulator.publish("offer", {"orderId": 1})

    # when
    simulator.do(
        c.DeliverMessage(
            instance_id=instance,
            scope_id=late.scope_id,
            subscription_id=late.id,
            token_id=late.token_id,
            element_id="b",
            message_id=77,
            message_name="answer",
            variables={"order": {"id": 2}},
        )
    )

    # then
    assert simulator.redelivered == [77]
    assert simulator.waiting() == ["b"]
    assert simulator.publish("answer", {"order": {"id": 1}})


def test_should_give_each_item_of_a_multi_instance_a_conversation_of_its_own() -> None:
    # given
    buyer = process(
        "buyer",
        start(),
        sub_process(
            "each",
            *(start("s2"), throw("offer", on_message("mOffer")), receive_task("answer", "mAnswer"), end("e2")),
            flows="s2 -> offer -> answer -> e2",
            inner=multi_instance(collection="orders", variable="orderId"),
        ),
        end(),
        flows="start -> each -> end",
    )
    simulator = simulate(market(buyer))
    instance = simulator.start("buyer", {"orders": [1, 2, 3]})

    # when / then
    assert not simulator.publish("answer", {"order": {"id": 4}})
    for order in (3, 1):
        assert simulator.publish("answer", {"order": {"id": order}})
        assert not simulator.publish("answer", {"order": {"id": order}})
    assert simulator.publish("answer", {"order": {"id": 2}})
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_tell_what_waits_already_in_the_item_whose_key_is_learnt() -> None:
    # given: in each item both messages are awaited, the answer in a sub-process of its own
    inner = sub_process("in", start("s3"), catch("b", on_message("mAnswer")), end("e3"), flows="s3 -> b -> e3")
    each = sub_process(
        "each",
        *(start("s2"), parallel("fork"), catch("a", on_message("mOffer")), inner, parallel("join"), end("e2")),
        flows="s2 -> fork -> a -> join -> e2; fork -> in -> join",
        inner=multi_instance(cardinality="2"),
    )
    data = document(
        process("p", start(), each, end(), flows="start -> each -> end"),
        roots=MESSAGES + ORDER_ID + collaboration(correlation_key("kOrder", "pOrder"), pools={"P": "p"}),
    )
    simulator = simulate(data)
    instance = simulator.start("p")

    # when
    assert simulator.publish("offer", {"orderId": 1})
    assert simulator.publish("offer", {"orderId": 2})

    # then: one that comes too early for its receiver to know is sent back, and told apart from then on
    taken = [simulator.publish("answer", {"order": {"id": order}}) for order in (3, 3, 2, 1, 2, 1)]
    assert taken.count(True) >= 2
    assert not [x for x in simulator.run_of(instance).events if isinstance(x, e.VariableSet) and x.value == {"id": 3}]
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_arm_an_event_sub_process_with_the_key_of_the_start() -> None:
    # given
    seller = process(
        "seller",
        start(inner=on_message("mOffer")),
        event_sub_process(
            "es", event_start("changed", on_message("mAnswer"), interrupting=False), end("e2"), flows="changed -> e2"
        ),
        *(user_task("decide"), end()),
        flows="start -> decide -> end",
    )
    simulator = simulate(
        document(
            seller,
            roots=MESSAGES + ORDER_ID + collaboration(correlation_key("kOrder", "pOrder"), pools={"S": "seller"}),
        )
    )

    # when
    simulator.start("seller", {"orderId": 1}, element_id="start")

    # then
    assert not simulator.publish("answer", {"order": {"id": 2}})
    assert simulator.publish("answer", {"order": {"id": 1}})
    assert simulator.publish("answer", {"order": {"id": 1}})


# -- computed of the process' data ------------------------------------------------------------------------------------


def bound(content: str = "", path: str = "current") -> bytes:
    """Waits for `answer` with the key `kOrder` = `path`; a user task beside may change what it reads."""
    waits = process(
        "p",
        *(start(), parallel("fork"), catch("c", on_message("mAnswer")), user_task("u"), parallel("join"), end()),
        flows="start -> fork -> c -> join -> end; fork -> u -> join",
    )
    return document(
        inside(waits, subscription("kOrder", {"pOrder": path}) + content),
        roots=MESSAGES + ORDER_ID + collaboration(correlation_key("kOrder", "pOrder"), pools={"P": "p"}),
    )


def test_should_compute_the_key_of_its_data() -> None:
    # given
    simulator = simulate(bound())

    # when
    simulator.start("p", {"current": 7})

    # then
    assert not simulator.publish("answer", {"order": {"id": 8}})
    assert simulator.publish("answer", {"order": {"id": 7}})


def test_should_follow_its_data_while_it_waits() -> None:
    # given
    simulator = simulate(bound())
    instance = simulator.start("p", {"current": 7})

    # when
    simulator.set_variables(instance, current=8)

    # then
    assert keys_set(simulator, instance) == [("kOrder", (7,)), ("kOrder", (8,))]
    assert not simulator.publish("answer", {"order": {"id": 7}})
    assert simulator.publish("answer", {"order": {"id": 8}})


def test_should_take_no_message_until_its_data_is_there() -> None:
    # given
    simulator = simulate(bound())
    instance = simulator.start("p")
    assert not simulator.publish("answer", {"order": {"id": 7}})
    assert not simulator.publish("answer", {})

    # when
    simulator.complete("u", {"current": 7})

    # then
    assert simulator.publish("answer", {"order": {"id": 7}})
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_take_no_message_when_its_data_is_gone() -> None:
    # given
    simulator = simulate(bound(path="current['id']"))
    instance = simulator.start("p", {"current": {"id": 1}})

    # when
    simulator.set_variables(instance, current=None)

    # then
    assert keys_set(simulator, instance) == [("kOrder", (1,)), ("kOrder", None)]
    assert not simulator.publish("answer", {"order": {"id": 1}})


def test_should_not_look_at_the_key_when_other_data_changes() -> None:
    # given
    simulator = simulate(bound())
    instance = simulator.start("p", {"current": 7})

    # when
    simulator.set_variables(instance, other=8)

    # then
    assert keys_set(simulator, instance) == [("kOrder", (7,))]


# -- message flows ----------------------------------------------------------------------------------------------------


def ping_pong(*, flows: dict[str, str] | None) -> bytes:
    """Two pools that say the same message to each other."""
    left = process(
        "left",
        *(start(), throw("say", on_message("m")), catch("hear", on_message("m")), end()),
        flows="start -> say -> hear -> end",
    )
    right = process(
        "right",
        *(start(), catch("listen", on_message("m")), throw("reply", on_message("m")), end()),
        flows="start -> listen -> reply -> end",
    )
    pools = collaboration(pools={"L": "left", "R": "right"}, flows=flows)
    return document(left, right, roots=message("m", "word") + pools)


def test_should_reach_the_pool_that_the_message_flow_leads_to() -> None:
    # given: the sender waits for the same message, and came first
    simulator = simulate(ping_pong(flows={"say": "listen", "reply": "hear"}))
    left = simulator.start("left")
    right = simulator.start("right")

    # when
    assert simulator.post() == []

    # then
    assert simulator.status(left) is InstanceStatus.COMPLETED
    assert simulator.status(right) is InstanceStatus.COMPLETED


def test_should_reach_whoever_waits_where_no_flow_says_more() -> None:
    # given
    simulator = simulate(ping_pong(flows=None))

    # when
    left = simulator.start("left")
    simulator.post()

    # then: it hears itself
    assert simulator.status(left) is InstanceStatus.COMPLETED


@pytest.mark.parametrize(
    "pools", [{"B": "buyer", "S": ""}, {"B": "buyer", "S": "elsewhere"}], ids=["black box", "not drawn"]
)
def test_should_be_for_anybody_where_the_flow_leads_out_of_the_document(pools: dict[str, str]) -> None:
    # given
    drawn = collaboration(pools=pools, flows={"offer": "S"})
    simulator = simulate(document(BUYER, roots=MESSAGES + drawn))

    # when
    simulator.start("buyer")

    # then
    assert [message.receivers for message in simulator.thrown] == [()]


# -- interplay --------------------------------------------------------------------------------------------------------


def test_should_give_each_round_of_a_loop_a_conversation_of_its_own() -> None:
    # given
    buyer = process(
        "buyer",
        start(),
        sub_process(
            "again",
            *(start("s2"), user_task("order"), throw("offer", on_message("mOffer"))),
            *(receive_task("answer", "mAnswer"), end("e2")),
            flows="s2 -> order -> offer -> answer -> e2",
            inner=standard_loop("orderId < 2"),
        ),
        end("done"),
        flows="start -> again -> done",
    )
    simulator = simulate(market(buyer, seller=""))
    instance = simulator.start("buyer", {"orderId": 0})

    # when
    for order in (1, 2):
        simulator.complete("order", {"orderId": order})
        assert not simulator.publish("answer", {"order": {"id": 3}})
        assert simulator.publish("answer", {"order": {"id": order}})

    # then
    assert keys_set(simulator, instance) == [("kOrder", (1,)), ("kOrder", (2,))]
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_keep_a_key_over_migration_and_ask_by_the_paths_of_the_new_version() -> None:
    # given
    simulator = simulate(market(seller=""))
    instance = simulator.start("buyer", {"orderId": 1})
    moved = ORDER_ID.replace("order['id']", "nested['order']")
    simulator.migrate(instance, compile_document(market(seller="", order=moved))["buyer"])

    # when: found by the old path, it is sent back by the new definition
    simulator.publish("answer", {"order": {"id": 1}})

    # then
    assert len(simulator.redelivered) == 1
    assert not simulator.publish("answer", {"order": {"id": 1}})
    assert simulator.publish("answer", {"nested": {"order": 1}})
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_ask_again_at_a_boundary_event_that_goes_on() -> None:
    # given
    seller = process(
        "seller",
        *(start("begin", on_message("mOffer")), user_task("decide"), end("done")),
        *(boundary("changed", "decide", on_message("mAnswer"), interrupting=False), end("noted")),
        flows="begin -> decide -> done; changed -> noted",
    )
    simulator = simulate(market(seller=seller))
    simulator.start("seller", {"orderId": 1}, element_id="begin")

    # when / then
    for _ in range(2):
        assert not simulator.publish("answer", {"order": {"id": 2}})
        assert simulator.publish("answer", {"order": {"id": 1}})


def test_should_wait_for_the_other_messages_of_the_conversation_that_began_it() -> None:
    # given: a process that two messages begin together
    begun = process(
        "p",
        Element("eventBasedGateway", "g", {"instantiate": "true", "eventGatewayType": "Parallel"}),
        *(catch("a", on_message("mOffer")), catch("b", on_message("mAnswer")), parallel("join"), end()),
        flows="g -> a -> join -> end; g -> b -> join",
    )
    data = document(
        begun, roots=MESSAGES + ORDER_ID + collaboration(correlation_key("kOrder", "pOrder"), pools={"P": "p"})
    )
    simulator = simulate(data)

    # when
    instance = simulator.start("p", {"orderId": 1}, element_id="a")

    # then
    assert not simulator.publish("answer", {"order": {"id": 2}})
    assert simulator.publish("answer", {"order": {"id": 1}})
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_compare_a_vendors_key_as_well() -> None:
    # given
    zeebe = message("mOffer", "offer") + message("mAnswer", "answer", key="=customer")
    paths = ORDER_ID.replace("order['id']", "order.id")
    key = collaboration(correlation_key("kOrder", "pOrder"), pools={"B": "buyer"})
    simulator = simulate(document(BUYER, roots=zeebe + paths + key))
    simulator.start("buyer", {"orderId": 1, "customer": "Ann"})

    # when / then
    assert not simulator.publish("answer", {"order": {"id": 1}})
    assert not simulator.publish("answer", {"order": {"id": 1}}, key="Bob")
    assert not simulator.publish("answer", {"order": {"id": 2}}, key="Ann")
    assert simulator.publish("answer", {"order": {"id": 1}}, key="Ann")


@pytest.mark.parametrize("path", ["order['id']", "=order.id", "${order.id}"])
def test_should_find_no_value_where_a_path_fails(path: str) -> None:
    # given
    paths = correlation_property("pOrder", {"mOffer": "orderId", "mAnswer": path})
    simulator = simulate(market(order=paths))
    simulator.start("buyer", {"orderId": 1})

    # when / then
    others: list[object] = [None, 5, {}, {"id": None}, {"id": [1]}, {"id": {"a": 1}}, "text", []]
    for order in others:
        assert not simulator.publish("answer", {"order": order})
    assert simulator.publish("answer", {"order": {"id": 1}})
