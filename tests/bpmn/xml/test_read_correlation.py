"""Correlation properties, keys and subscriptions are read into the model."""

from __future__ import annotations

import pytest

from bpmn.model.base import Expression
from bpmn.model.conversations import keys_of, retrievals
from bpmn.model.correlation import CorrelationKey
from bpmn.model.definitions import Definitions
from bpmn.xml import read
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
)
from tests.support.models import document, process, start


def model_of(data: bytes) -> Definitions:
    found = read(data)
    assert found.model is not None
    assert [f.code for f in found.findings if f.code == "UNKNOWN_ELEMENT"] == []
    return found.model


def test_should_read_properties_keys_and_paths() -> None:
    # when
    model = model_of(market())

    # then
    (found,) = model.correlation_properties
    assert (found.id, [r.message_ref for r in found.retrievals]) == ("pOrder", ["mOffer", "mAnswer"])
    assert [r.path.text for r in found.retrievals if r.path is not None] == ["orderId", "order['id']"]
    (key,) = model.collaborations[0].keys
    assert (key.id, key.property_refs) == ("kOrder", ("pOrder",))
    assert all(r.line is not None for r in found.retrievals)


def test_should_read_subscriptions_of_a_process() -> None:
    # when
    model = model_of(market(inside(BUYER, subscription("kOrder", {"pOrder": "orderId"}))))

    # then
    (found,) = model.processes[0].correlation_subscriptions
    assert (found.id, found.key_ref) == ("s_kOrder", "kOrder")
    assert [(b.property_ref, b.path and b.path.text) for b in found.bindings] == [("pOrder", "orderId")]
    buyer, seller = (keys_of(model, process)[0] for process in model.processes)
    assert (buyer.subscription, seller.subscription) == (found, None)


@pytest.mark.parametrize(
    ("written", "dialect", "expected"),
    [
        ("orderId", "", ("orderId", "python")),
        ("=order.id", "", ("order.id", "feel")),
        ("${order.id}", "", ("${order.id}", "juel")),
        ("order.id", 'xmlns:camunda="http://camunda.org/schema/1.0/bpmn"', ("${order.id}", "juel")),
        ("order.id", 'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"', ("order.id", "feel")),
    ],
)
def test_should_read_a_path_in_the_language_of_the_model(written: str, dialect: str, expected: tuple[str, str]) -> None:
    data = market(order=correlation_property("pOrder", {"mOffer": written}))

    model = model_of(data.replace(b'targetNamespace="t"', f'targetNamespace="t" {dialect}'.encode()))

    path = model.correlation_properties[0].retrievals[0].path
    assert path is not None
    assert (path.text, path.language) == expected


def test_should_find_the_paths_of_a_message_in_the_order_of_the_key() -> None:
    both = ORDER_ID + correlation_property("pCustomer", {"mOffer": "customer"})
    model = model_of(market(order=both, keys=correlation_key("k", "pCustomer", "pOrder")))
    key = model.collaborations[0].keys[0]

    def texts(message: str) -> list[str | None]:
        paths: tuple[Expression | None, ...] = retrievals(model, key, message)
        return [None if path is None else path.text for path in paths]

    assert texts("mOffer") == ["customer", "orderId"]
    assert texts("mAnswer") == [None, "order['id']"]
    assert texts("mElse") == [None, None]


def test_should_know_which_processes_a_key_concerns() -> None:
    # given: the buyer takes part, the seller does not, and the last one only subscribes
    silent = process("silent", start(), flows="")
    subscribed = inside(process("subscribed", start("s2"), flows=""), subscription("kOrder", {"pOrder": "x"}))
    pools = collaboration(correlation_key("kOrder", "pOrder"), pools={"B": "buyer"})
    model = model_of(document(BUYER, silent, subscribed, roots=MESSAGES + ORDER_ID + pools))

    # when
    keys = {process.id: [use.key for use in keys_of(model, process)] for process in model.processes}

    # then
    key: CorrelationKey = model.collaborations[0].keys[0]
    assert keys == {"buyer": [key], "silent": [], "subscribed": [key]}


def test_should_collect_the_flows_of_the_conversations_inside() -> None:
    inner = '<conversation id="c"><messageFlowRef>f_reply</messageFlowRef></conversation>'
    outer = (
        f'<subConversation id="s"><messageFlowRef>f_offer</messageFlowRef>{correlation_key("k", "pOrder")}{inner}'
        "</subConversation>"
    )
    pools = collaboration(outer, pools={"B": "buyer"}, flows={"offer": "B", "reply": "answer"})

    (found,) = model_of(document(BUYER, roots=MESSAGES + ORDER_ID + pools)).collaborations[0].conversations

    assert (found.id, found.message_flow_refs) == ("s", ("f_offer", "f_reply"))
