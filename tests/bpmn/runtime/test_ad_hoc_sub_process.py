"""Ad-hoc sub-process: activities without a start event (BPMN 2.0.2, 13.3.5)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bpmn.runtime.state import InstanceStatus
from bpmn.runtime.work import Limits
from tests.support.models import (
    Element,
    ad_hoc,
    boundary,
    camunda_io,
    end,
    event_start,
    event_sub_process,
    extension,
    message,
    model,
    multi_instance,
    on_error,
    on_message,
    script_task,
    service_task,
    start,
    task,
    timer,
    user_task,
)
from tests.support.simulation import simulate

pytestmark = pytest.mark.element(
    "adHocSubProcess",
    "starts what has no incoming flow, or activeElementsCollection, at once or one by one; completion condition",
)


def around(element: Element, *more: Element, flows: str = "", roots: str = "") -> bytes:
    return model(start(), element, *more, end(), flows=f"start -> {element.id} -> end; {flows}", roots=roots)


def active_elements(expression: str) -> str:
    return extension(f'<zeebe:adHoc activeElementsCollection="{expression}"/>')


def test_should_start_everything_without_incoming_flows() -> None:
    # given
    simulator = simulate(around(ad_hoc("sub", user_task("a"), user_task("b"), user_task("c"), flows="b -> c")))

    # when
    instance = simulator.start("p")

    # then
    assert simulator.active(instance) == ["a", "b", "sub"]

    # when
    simulator.complete("b")
    simulator.complete("c")
    simulator.complete("a")

    # then
    assert simulator.trace(instance)[2:] == [
        *("+sub", "+a", "+b", "-b", "+c", "-c", "-a", "-sub"),
        *("+end", "-end"),
    ]
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_start_one_after_the_other_in_document_order() -> None:
    # given
    simulator = simulate(
        around(ad_hoc("sub", user_task("a"), user_task("b"), user_task("c"), flows="a -> c", sequential=True))
    )
    instance = simulator.start("p")

    # when
    for element in ("a", "c", "b"):
        assert simulator.waiting() == [element]
        simulator.complete(element)

    # then
    assert simulator.trace(instance)[2:] == [
        *("+sub", "+a", "-a", "+c", "-c", "+b", "-b", "-sub"),
        *("+end", "-end"),
    ]


@pytest.mark.parametrize("sequential", [False, True])
def test_should_complete_when_its_condition_is_true(sequential: bool) -> None:
    # given
    inside = ad_hoc("sub", user_task("a"), user_task("b"), user_task("c"), sequential=sequential, until="enough")
    simulator = simulate(around(inside))
    instance = simulator.start("p", {"enough": False})

    # when
    simulator.complete("a")

    # then
    assert "sub" in simulator.active(instance)

    # when
    simulator.complete("b", {"enough": True})

    # then
    last = "-b" if sequential else "~c"
    assert simulator.trace(instance)[-4:] == [last, "-sub", "+end", "-end"]
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_wait_for_what_is_active_where_it_does_not_cancel() -> None:
    # given
    inside = ad_hoc("sub", user_task("a"), user_task("b"), user_task("c"), flows="b -> c", until="enough", cancel=False)
    simulator = simulate(around(inside))
    instance = simulator.start("p", {"enough": False})

    # when
    simulator.complete("a", {"enough": True})

    # then
    assert simulator.active(instance) == ["b", "sub"]

    # when
    simulator.set_variables(instance, enough=False)
    simulator.complete("b")

    # then nothing new starts although the condition is false again
    assert simulator.trace(instance)[-4:] == ["-b", "-sub", "+end", "-end"]


def test_should_start_nothing_more_in_sequence_where_it_does_not_cancel() -> None:
    # given
    inside = ad_hoc("sub", script_task("a", "enough = True"), task("b"), sequential=True, until="enough", cancel=False)
    simulator = simulate(around(inside))

    # when
    instance = simulator.start("p", {"enough": False})

    # then
    assert simulator.trace(instance)[2:] == ["+sub", "+a", "-a", "-sub", "+end", "-end"]


def test_should_start_the_elements_of_its_collection() -> None:
    # given
    elements = [Element("userTask", id, {}, extension("<zeebe:userTask/>")) for id in ("a", "b", "c")]
    simulator = simulate(around(ad_hoc("sub", *elements, inner=active_elements("=chosen"))))

    # when
    instance = simulator.start("p", {"chosen": ["c", "a"]})

    # then
    assert simulator.trace(instance)[2:] == ["+sub", "+c", "+a"]


@pytest.mark.parametrize("chosen", [["ghost"], "a", [1], ["start"], None])
def test_should_raise_an_incident_where_the_collection_is_none(chosen: object) -> None:
    # given
    simulator = simulate(around(ad_hoc("sub", Element("task", "a"), inner=active_elements("=chosen"))))
    instance = simulator.start("p", {"chosen": chosen})
    assert simulator.incident().kind == "EXPRESSION_ERROR"

    # when
    simulator.resolve(simulator.incident().id, {"chosen": ["a"]})

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_pass_where_nothing_is_chosen() -> None:
    # given
    simulator = simulate(around(ad_hoc("sub", Element("task", "a"), inner=active_elements("=chosen"))))

    # when
    instance = simulator.start("p", {"chosen": []})

    # then
    assert simulator.trace(instance)[2:] == ["+sub", "-sub", "+end", "-end"]


def test_should_start_many_in_bounded_steps() -> None:
    # given
    limits = Limits(transitions_per_step=10)
    inside = ad_hoc("sub", Element("task", "a"), inner=active_elements("=chosen"))
    simulator = simulate(around(inside), limits=limits)

    # when
    instance = simulator.start("p", {"chosen": ["a"] * 95})

    # then
    assert simulator.trace(instance).count("-a") == 95
    assert simulator.most_transitions <= 12
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_go_on_in_bounded_steps_one_after_the_other() -> None:
    # given
    limits = Limits(transitions_per_step=10)
    tasks = [task(f"t{number}") for number in range(35)]
    simulator = simulate(around(ad_hoc("sub", *tasks, sequential=True)), limits=limits)

    # when
    instance = simulator.start("p")

    # then
    assert simulator.trace(instance, "+")[2:-1] == [f"+t{number}" for number in range(35)]
    assert simulator.most_transitions <= 12
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_go_on_after_a_failing_condition() -> None:
    # given
    simulator = simulate(around(ad_hoc("sub", user_task("a"), user_task("b"), until="enough")))
    instance = simulator.start("p")
    simulator.complete("a")
    assert simulator.incident().kind == "EXPRESSION_ERROR"

    # when
    simulator.resolve(simulator.incident().id, {"enough": True})

    # then
    assert simulator.trace(instance)[-5:] == ["-a", "~b", "-sub", "+end", "-end"]


def test_should_have_variables_of_its_own() -> None:
    # given
    inner = camunda_io(inputs={"mine": "${1}"}, outputs={"total": "${mine}"})
    simulator = simulate(
        around(ad_hoc("sub", script_task("a", "mine = mine + 1"), script_task("b", "mine = mine + 1"), inner=inner))
    )

    # when
    instance = simulator.start("p")

    # then
    assert simulator.variables(instance) == {"total": 3}


def test_should_be_interrupted_as_a_whole() -> None:
    # given
    simulator = simulate(
        around(
            ad_hoc("sub", user_task("a"), user_task("b"), sequential=True),
            boundary("late", "sub", timer(duration="PT1H")),
            flows="late -> end",
        )
    )
    instance = simulator.start("p")

    # when
    simulator.advance(timedelta(hours=1))

    # then
    assert simulator.trace(instance)[3:] == ["+a", "~a", "~sub", "+late", "-late", "+end", "-end"]
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_pass_errors_outward() -> None:
    # given
    simulator = simulate(
        around(
            ad_hoc("sub", service_task("a"), user_task("b")),
            boundary("caught", "sub", on_error()),
            flows="caught -> end",
        )
    )
    instance = simulator.start("p")

    # when
    simulator.raise_error("a", "E")

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert "~b" in simulator.trace(instance)


def test_should_follow_boundary_events_and_multi_instances_inside() -> None:
    # given
    inside = ad_hoc(
        "sub",
        *(user_task("a", multi_instance(cardinality="2")), boundary("late", "a", timer(duration="PT1H"))),
        *(user_task("remind"), user_task("b")),
        flows="late -> remind",
        until="done",
    )
    simulator = simulate(around(inside))
    instance = simulator.start("p", {"done": False})
    simulator.complete("a", {"done": True})
    assert "sub" in simulator.active(instance), "one instance of a multi-instance is not the activity"

    # when
    simulator.set_variables(instance, done=False)
    simulator.advance(timedelta(hours=1))

    # then
    assert simulator.active(instance) == ["b", "remind", "sub"]


def test_should_not_start_event_sub_processes() -> None:
    # given
    inside = ad_hoc(
        "sub",
        user_task("a"),
        event_sub_process("esp", event_start("es", on_message("m"), interrupting=False), end("ee"), flows="es -> ee"),
    )
    simulator = simulate(around(inside, roots=message("m")))
    instance = simulator.start("p")
    assert simulator.active(instance) == ["a", "sub"]

    # when
    simulator.publish("m")
    simulator.complete("a")

    # then
    assert "+es" in simulator.trace(instance)
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_repeat_as_a_multi_instance() -> None:
    # given
    loop = multi_instance(cardinality="2", sequential=True)
    inside = ad_hoc("sub", task("a"), task("b"), sequential=True, inner=loop)
    simulator = simulate(around(inside))

    # when
    instance = simulator.start("p")

    # then
    once = ["+sub", "+a", "-a", "+b", "-b", "-sub"]
    assert simulator.trace(instance)[2:] == ["+sub", *once, *once, "-sub", "+end", "-end"]
