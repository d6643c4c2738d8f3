"""Correlation as it is drawn: what cannot work is told at upload."""

# A table reads best with one row on one line.
# ruff: noqa: E501

from __future__ import annotations

import pytest

from bpmn.findings import Severity
from tests.support.conversations import (
    BUYER,
    MESSAGES,
    ORDER_ID,
    SELLER,
    collaboration,
    correlation_key,
    correlation_property,
    inside,
    market,
    subscription,
)
from tests.support.models import (
    compile_with_findings,
    document,
    end,
    message,
    on_message,
    process,
    receive_task,
    send_task,
    start,
    throw,
)

CUSTOMER = correlation_property("pCustomer", {"mOffer": "customer"})
PARTIAL = {"order": ORDER_ID + CUSTOMER, "keys": correlation_key("kBoth", "pOrder", "pCustomer")}


def told(data: bytes) -> list[str]:
    """`SEVERITY CODE element` of the findings about correlation and message flows, and of all errors."""
    _, findings = compile_with_findings(data)
    return [
        f"{found.severity} {found.code} {found.element_id}"
        for found in findings
        if found.severity is Severity.ERROR
        or "CORRELA" in found.code
        or found.code.startswith(("MESSAGE_FLOW", "SUBSCR"))
    ]


def bound(bindings: dict[str, str], key: str = "kOrder") -> bytes:
    return market(inside(BUYER, subscription(key, bindings)))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (market(), []),
        (market(order=ORDER_ID, keys=correlation_key("k", "pOrder", "pLost")), ["ERROR CORRELATION_PROPERTY_MISSING k"]),
        (market(keys=correlation_key("k")), ["WARNING CORRELATION_KEY_EMPTY k"]),
        (market(**PARTIAL), ["ERROR CORRELATION_PATH_MISSING answer", "ERROR CORRELATION_PATH_MISSING reply"]),
        (market(order=ORDER_ID + CUSTOMER, keys=correlation_key("kOrder", "pOrder") + correlation_key("kBoth", "pOrder", "pCustomer")), []),
        (market(order=correlation_property("pOrder", {"mOffer": "orderId"})), ["WARNING MESSAGE_NOT_CORRELATED answer", "WARNING MESSAGE_NOT_CORRELATED reply"]),
        (market(order=ORDER_ID.replace('messageRef="mAnswer"', 'messageRef="mLost"')), ["WARNING CORRELATION_MESSAGE_MISSING pOrder", "WARNING MESSAGE_NOT_CORRELATED answer", "WARNING MESSAGE_NOT_CORRELATED reply"]),
        (market(order=ORDER_ID.replace("<messagePath>order['id']</messagePath>", "")), ["WARNING MESSAGE_NOT_CORRELATED answer", "WARNING MESSAGE_NOT_CORRELATED reply"]),
        (bound({"pOrder": "orderId"}), []),
        (bound({"pOrder": ""}), ["ERROR CORRELATION_BINDING_MISSING s_kOrder"]),
        (bound({"pOrder": "orderId", "pElse": "x"}), ["WARNING CORRELATION_BINDING_UNUSED s_kOrder"]),
        (bound({"pOrder": "getDataObject('order')"}), ["ERROR CORRELATION_PATH_XPATH s_kOrder"]),
        (bound({"pOrder": "orderId"}, key="kLost"), ["ERROR SUBSCRIPTION_KEY_MISSING s_kLost"]),
    ],
)  # fmt: skip
def test_should_tell_what_cannot_be_correlated(data: bytes, expected: list[str]) -> None:
    found = told(data)

    assert [line for line in found if not any(line.startswith(start) for start in expected)] == []
    assert [start for start in expected if not any(line.startswith(start) for line in found)] == []


@pytest.mark.parametrize(
    ("path", "language", "code"),
    [
        ("@orderId", "", "EXPRESSION_SYNTAX"),
        ("/order/id", "http://www.w3.org/1999/XPath", "LANGUAGE_UNSUPPORTED"),
        ("getDataInput('order')/id", "", "CORRELATION_PATH_XPATH"),
        ("order/id", "", "CORRELATION_PATH_XPATH"),
        ("order[", "", "EXPRESSION_SYNTAX"),
    ],
)
def test_should_refuse_a_path_that_cannot_be_evaluated(path: str, language: str, code: str) -> None:
    paths = correlation_property("pOrder", {"mOffer": path, "mAnswer": path}, language=language)

    errors = [line for line in told(market(order=paths)) if line.startswith("ERROR")]

    assert {line.split()[1] for line in errors} == {code}
    assert {line.split()[2] for line in errors} == {"offer", "answer", "begin", "reply"}


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("order.id", "feel"),
        ("= order.id", ""),
        ("${order.id}", ""),
        ("order['id']", "python"),
        ("order.id", "javascript"),
    ],
)
def test_should_take_a_path_in_any_language_that_runs(path: str, language: str) -> None:
    paths = correlation_property("pOrder", {"mOffer": path, "mAnswer": path}, language=language)

    assert told(market(order=paths)) == []


def test_should_not_refuse_what_nobody_runs() -> None:
    drawn = market(keys=correlation_key("k", "pLost")).replace(b'isExecutable="true"', b'isExecutable="false"')

    assert [line for line in told(drawn) if line.startswith("ERROR")] == []


def test_should_tell_that_a_job_teaches_no_key() -> None:
    buyer = process(
        "buyer",
        *(start(), send_task("offer", type="external", topic="mail", messageRef="mOffer")),
        *(receive_task("answer", "mAnswer"), end()),
        flows="start -> offer -> answer -> end",
    )  # fmt: skip

    assert told(market(buyer)) == ["WARNING CORRELATION_BY_A_JOB offer"]


def test_should_tell_that_the_ends_of_a_message_flow_differ() -> None:
    data = document(
        BUYER,
        SELLER,
        roots=MESSAGES
        + collaboration(pools={"B": "buyer", "S": "seller"}, flows={"offer": "begin", "reply": "answer"}),
    )
    crossed = document(
        BUYER, SELLER, roots=MESSAGES + collaboration(pools={"B": "buyer", "S": "seller"}, flows={"reply": "begin"})
    )

    assert told(data) == []
    assert told(crossed) == ["WARNING MESSAGE_FLOW_MISMATCH f_reply", "WARNING MESSAGE_FLOW_WITHIN_POOL f_reply"]


def test_should_need_no_key_of_camunda_8_where_the_standard_has_one() -> None:
    zeebe = '<message id="z" name="z"><extensionElements><zeebe:subscription correlationKey="=k"/></extensionElements></message>'
    waits = process("p", start(), receive_task("r", "mAnswer"), end(), flows="start -> r -> end")
    standard = ORDER_ID.replace("order['id']", "order.id") + collaboration(
        correlation_key("k", "pOrder"), pools={"P": "p"}
    )

    assert told(document(waits, roots=MESSAGES + zeebe)) == ["WARNING CORRELATION_KEY_MISSING r"]
    assert told(document(waits, roots=MESSAGES + zeebe + standard)) == []


def test_should_look_only_at_the_messages_of_a_conversation_with_a_key() -> None:
    # the key is that of a conversation about the offer; the answer is none of its messages
    key = correlation_key("kBoth", "pOrder", "pCustomer")
    conversation = f'<conversation id="c"><messageFlowRef>f_offer</messageFlowRef>{key}</conversation>'
    pools = {"B": "buyer", "S": "seller"}
    data = document(
        BUYER, SELLER,
        roots=MESSAGES + ORDER_ID + CUSTOMER + collaboration(conversation, pools=pools, flows={"offer": "S", "reply": "answer"}),
    )  # fmt: skip

    assert told(data) == []
    graphs, _ = compile_with_findings(data)
    assert [use.key for use in graphs["buyer"].nodes["offer"].spec.keys] == ["kBoth"]
    assert graphs["buyer"].nodes["answer"].spec.keys == ()


@pytest.mark.parametrize(
    "holder",
    [
        '<choreography id="ch">{}</choreography>',
        '<globalConversation id="g">{}</globalConversation>',
        '<choreography id="ch"><choreographyTask id="t">{}</choreographyTask></choreography>',
        '<collaboration id="x"><subConversation id="s"><conversation id="c">{}</conversation></subConversation></collaboration>',
    ],
)
def test_should_find_a_key_wherever_the_standard_allows_one(holder: str) -> None:
    data = document(
        process("buyer", start(), throw("offer", on_message("mOffer")), end(), flows="start -> offer -> end"),
        roots=message("mOffer") + ORDER_ID + holder.format(correlation_key("k", "pOrder")),
    )

    assert [line for line in told(data) if "ERROR" in line] == []
    graphs, _ = compile_with_findings(data)
    assert [use.key for use in graphs["buyer"].nodes["offer"].spec.keys] == ["k"]
