"""Several instances of one activity: patterns 12 to 15 and 34 to 36."""

from __future__ import annotations

from tests.conformance.patterns.case import Case
from tests.support.models import (
    boundary,
    end,
    escalation,
    event_start,
    event_sub_process,
    exclusive,
    message,
    multi_instance,
    on_condition,
    on_escalation,
    on_message,
    parallel,
    script_task,
    start,
    sub_process,
    user_task,
)


def test_wcp12_should_make_instances_that_nobody_waits_for() -> None:
    # when
    case = Case(
        *(start(), exclusive("more"), script_task("count", "made = made + 1"), parallel("split"), exclusive("enough")),
        *(user_task("work"), end("done"), user_task("next"), end()),
        flows=(
            "start -> more -> count -> split -> work -> done;"
            "split -> enough -[made < 3]-> more; enough -[default]-> next -> end"
        ),
        made=0,
    )

    # then
    assert case.waiting == ["next", "work", "work", "work"]
    case.complete("work", "next", "work", "work")
    assert case.is_completed


def test_wcp13_should_make_as_many_instances_as_the_model_says() -> None:
    # given
    case = Case(
        *(start(), user_task("work", multi_instance(cardinality="3")), user_task("next"), end()),
        flows="start -> work -> next -> end",
    )

    # when
    case.complete("work", "work")
    assert case.waiting == ["work"]
    case.complete("work")

    # then
    assert case.waiting == ["next"]


def test_wcp14_should_make_as_many_instances_as_there_are_items_when_it_begins() -> None:
    # given
    each = multi_instance(collection="${orders}", variable="order")
    case = Case(
        *(start(), user_task("prepare"), user_task("work", each), user_task("next"), end()),
        flows="start -> prepare -> work -> next -> end",
    )

    # when
    case.complete("prepare", orders=["x", "y", "z", "w"])

    # then
    assert case.waiting == ["work"] * 4
    case.complete(*["work"] * 4)
    assert case.waiting == ["next"]


def test_wcp15_should_make_more_instances_while_others_run() -> None:
    # given
    add = event_sub_process(
        "add",
        *(event_start("asked", on_message("m"), interrupting=False), user_task("more"), end("added")),
        flows="asked -> more -> added",
    )
    group = sub_process("group", start("begin"), user_task("work"), end("done"), add, flows="begin -> work -> done")
    case = Case(
        *(start(), group, user_task("next"), end()),
        flows="start -> group -> next -> end",
        roots=message("m", "one more"),
    )

    # when
    assert case.publish("one more")
    case.complete("work")
    assert case.publish("one more")

    # then
    assert case.waiting == ["more", "more"]
    case.complete("more", "more")
    assert case.waiting == ["next"]
    assert not case.publish("one more")


def test_wcp34_should_go_on_when_enough_instances_are_done_and_let_the_others_come() -> None:
    # given
    work = user_task(
        "work",
        '<multiInstanceLoopCharacteristics behavior="Complex"><loopCardinality>3</loopCardinality>'
        '<complexBehaviorDefinition><condition xsi:type="tFormalExpression">numberOfCompletedInstances == 2</condition>'
        '<event><escalationEventDefinition escalationRef="esc"/></event></complexBehaviorDefinition>'
        "</multiInstanceLoopCharacteristics>",
    )
    case = Case(
        *(start(), work, boundary("go", "work", on_escalation("esc"), interrupting=False)),
        *(user_task("next"), end(), end("closed")),
        flows="start -> work -> closed; go -> next -> end",
        roots=escalation("esc", "ENOUGH"),
    )

    # when
    case.complete("work")
    assert case.waiting == ["work", "work"]
    case.complete("work")

    # then
    assert case.waiting == ["next", "work"]
    case.complete("next", "work")
    assert case.is_completed
    assert case.done["next"] == 1


def test_wcp35_should_go_on_when_enough_instances_are_done_and_cancel_the_others() -> None:
    # given
    enough = multi_instance(cardinality="3", until="${nrOfCompletedInstances >= 2}")
    case = Case(*(start(), user_task("work", enough), user_task("next"), end()), flows="start -> work -> next -> end")

    # when
    case.complete("work")
    assert case.waiting == ["work", "work"]
    case.complete("work")

    # then
    assert case.waiting == ["next"]
    assert "work" in case.withdrawn


def test_wcp36_should_make_more_instances_until_enough_are_done() -> None:
    # given
    count = "done = done + 1"
    add = event_sub_process(
        "add",
        *(event_start("asked", on_message("m"), interrupting=False), user_task("more"), script_task("count2", count)),
        end("added"),
        flows="asked -> more -> count2 -> added",
    )
    enough = event_sub_process(
        "enough", event_start("three", on_condition("${done >= 3}")), end("stop"), flows="three -> stop"
    )
    group = sub_process(
        "group",
        *(start("begin"), parallel("split"), user_task("a"), user_task("b"), exclusive("merge")),
        *(script_task("count1", count), end("last"), add, enough),
        flows="begin -> split -> a -> merge -> count1 -> last; split -> b -> merge",
    )
    case = Case(
        *(start(), group, user_task("next"), end()),
        flows="start -> group -> next -> end",
        roots=message("m", "one more"),
        done=0,
    )

    # when
    assert case.publish("one more")
    assert case.publish("one more")
    case.complete("a", "more")
    assert case.waiting == ["b", "more"]
    case.complete("more")

    # then
    assert case.waiting == ["next"]
    assert "b" in case.withdrawn
