"""Work is withdrawn: patterns 19, 20, 25, 26 and 27."""

from __future__ import annotations

from tests.conformance.patterns.case import Case
from tests.support.models import (
    boundary,
    end,
    event_start,
    event_sub_process,
    exclusive,
    message,
    multi_instance,
    on_message,
    parallel,
    start,
    sub_process,
    user_task,
)

CANCEL = message("m", "cancel")


def test_wcp19_should_withdraw_a_task() -> None:
    # given
    case = Case(
        *(start(), user_task("a"), user_task("b"), end()),
        *(boundary("cancel", "a", on_message("m")), user_task("instead"), end("done")),
        flows="start -> a -> b -> end; cancel -> instead -> done",
        roots=CANCEL,
    )

    # when
    assert case.publish("cancel")

    # then
    assert case.waiting == ["instead"]
    assert case.withdrawn == ["a"]


def test_wcp20_should_withdraw_the_whole_case() -> None:
    # given
    case = Case(
        *(start(), parallel("split"), user_task("a"), user_task("b"), end()),
        event_sub_process("stop", event_start("cancel", on_message("m")), end("done"), flows="cancel -> done"),
        flows="start -> split -> a -> end; split -> b -> end",
        roots=CANCEL,
    )

    # when
    assert case.publish("cancel")

    # then
    assert case.waiting == []
    assert case.withdrawn == ["a", "b"]
    assert case.is_completed


def test_wcp25_should_withdraw_a_region() -> None:
    # given
    region = sub_process(
        "region",
        *(start("begin"), parallel("fork"), user_task("a"), user_task("b"), end("done")),
        flows="begin -> fork -> a -> done; fork -> b -> done",
    )
    case = Case(
        *(start(), parallel("split"), region, user_task("other"), parallel("join"), exclusive("merge"), end()),
        *(boundary("cancel", "region", on_message("m")), user_task("instead")),
        flows=("start -> split -> region -> merge -> join -> end; split -> other -> join; cancel -> instead -> merge"),
        roots=CANCEL,
    )

    # when
    case.complete("a")
    assert case.publish("cancel")

    # then
    assert case.waiting == ["instead", "other"]
    assert case.withdrawn == ["b", "region"]
    case.complete("instead", "other")
    assert case.is_completed


def test_wcp26_should_withdraw_all_instances_of_an_activity() -> None:
    # given
    case = Case(
        *(start(), user_task("a", multi_instance(cardinality="3")), user_task("b"), end()),
        *(boundary("cancel", "a", on_message("m")), user_task("instead"), end("done")),
        flows="start -> a -> b -> end; cancel -> instead -> done",
        roots=CANCEL,
    )
    case.complete("a")

    # when
    assert case.publish("cancel")

    # then
    assert case.waiting == ["instead"]
    assert case.done["a"] == 1


def test_wcp27_should_withdraw_the_instances_left_and_go_on_as_if_they_were_done() -> None:
    # given
    case = Case(
        *(start(), user_task("a", multi_instance(cardinality="3")), exclusive("merge"), user_task("b"), end()),
        boundary("enough", "a", on_message("m")),
        flows="start -> a -> merge -> b -> end; enough -> merge",
        roots=CANCEL,
    )
    case.complete("a")

    # when
    assert case.publish("cancel")

    # then
    assert case.waiting == ["b"]
    case.complete("b")
    assert case.is_completed
