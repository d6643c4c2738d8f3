"""Transactions (BPMN 2.0.2, 10.7 and 13.3.5): success, cancel and hazard."""

from __future__ import annotations

import pytest

from bpmn.findings import Severity
from bpmn.runtime.state import InstanceStatus
from tests.support.models import (
    CANCEL,
    Element,
    boundary,
    compensated,
    compile_with_findings,
    end,
    error,
    event_start,
    event_sub_process,
    exclusive,
    message,
    model,
    multi_instance,
    on_compensation,
    on_error,
    on_message,
    parallel,
    service_task,
    start,
    sub_process,
    throw,
    transaction,
    user_task,
)
from tests.support.simulation import CheckedSimulator, simulate

pytestmark = [
    pytest.mark.element("transaction", "ends normally, by a cancel end event after compensation, by an error without"),
    pytest.mark.element("cancelEvent", "ends what is active inside, undoes the rest, goes on at the boundary"),
]

ROOTS = error("e", "E1") + message("m", "stop")


def undone(*ids: str) -> list[Element]:
    return [element for id in ids for element in compensated(service_task(id), user_task(f"undo_{id}"))]


def booking(*more: Element, flows: str = "", caught: bool = True, inner: str = "") -> CheckedSimulator:
    """`a` and a user task `ask` beside each other; `ask` decides: cancel, fail, or go on."""
    around = [boundary("cancelled", "t", CANCEL)] if caught else []
    return simulate(
        model(
            start(),
            transaction(
                "t",
                start("s1"),
                parallel("fork"),
                *undone("a", "b"),
                user_task("c"),
                user_task("ask"),
                exclusive("x"),
                end("e1"),
                end("e2"),
                end("cancel", CANCEL),
                end("fail", on_error("e")),
                *more,
                flows="s1 -> fork -> a -> b -> c -> e1; fork -> ask -> x; x -[${how == 'cancel'}]-> cancel; "
                f"x -[${{how == 'fail'}}]-> fail; x -[default]-> e2; {flows}",
                inner=inner,
            ),
            *around,
            boundary("failed", "t", on_error("e")),
            user_task("after"),
            user_task("instead"),
            user_task("repair"),
            end(),
            flows="start -> t -> after -> end; failed -> repair -> end"
            + ("; cancelled -> instead -> end" if caught else ""),
            roots=ROOTS,
        )
    )


def done(simulator: CheckedSimulator, *ids: str) -> None:
    for id in ids:
        simulator.complete(id)


def test_should_go_on_after_success() -> None:
    # given
    simulator = booking()
    instance = simulator.start("p")
    done(simulator, "a", "b", "c")

    # when
    simulator.complete("ask", {"how": "well"})

    # then
    assert simulator.active(instance) == ["after"]


def test_should_end_what_is_active_undo_the_rest_and_leave_at_the_boundary_when_cancelled() -> None:
    # given
    simulator = booking()
    instance = simulator.start("p")
    done(simulator, "a", "b")

    # when
    simulator.complete("ask", {"how": "cancel"})

    # then
    assert simulator.trace(instance)[-6:] == ["-ask", "+x", "-x", "+cancel", "~c", "+undo_b"]
    done(simulator, "undo_b", "undo_a")
    assert simulator.trace(instance)[-8:] == [
        *("-undo_b", "+undo_a", "-undo_a", "-cancel", "~t", "+cancelled", "-cancelled", "+instead"),
    ]
    assert list(simulator.runs[instance].scopes) == [instance]
    done(simulator, "instead")
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_leave_at_once_where_nothing_has_to_be_undone() -> None:
    # given
    simulator = booking()
    instance = simulator.start("p")

    # when
    simulator.complete("ask", {"how": "cancel"})

    # then
    assert simulator.trace(instance)[-6:] == ["~a", "-cancel", "~t", "+cancelled", "-cancelled", "+instead"]


def test_should_leave_without_compensation_by_an_error() -> None:
    # given
    simulator = booking()
    instance = simulator.start("p")
    done(simulator, "a")

    # when
    simulator.complete("ask", {"how": "fail"})

    # then
    assert simulator.active(instance) == ["repair"]
    assert "+undo_a" not in simulator.trace(instance)


def test_should_just_end_where_nothing_catches_the_cancel() -> None:
    # given
    simulator = booking(caught=False)
    instance = simulator.start("p")
    done(simulator, "a")
    simulator.complete("ask", {"how": "cancel"})

    # when
    done(simulator, "undo_a")

    # then
    assert simulator.trace(instance)[-3:] == ["-undo_a", "-cancel", "~t"]
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_leave_at_the_error_boundary_when_a_handler_fails() -> None:
    # given
    simulator = simulate(
        model(
            start(),
            transaction(
                "t",
                start("s1"),
                *compensated(service_task("a"), service_task("undo_a")),
                end("cancel", CANCEL),
                flows="s1 -> a -> cancel",
            ),
            boundary("cancelled", "t", CANCEL),
            boundary("failed", "t", on_error("e")),
            user_task("repair"),
            end(),
            flows="start -> t -> end; cancelled -> end; failed -> repair -> end",
            roots=ROOTS,
        )
    )
    instance = simulator.start("p")
    done(simulator, "a")

    # when
    simulator.raise_error("undo_a", "E1")

    # then
    assert simulator.active(instance) == ["repair"]
    assert list(simulator.runs[instance].scopes) == [instance]


def test_should_undo_completed_sub_processes_inside() -> None:
    # given
    simulator = simulate(
        model(
            start(),
            transaction(
                "t",
                start("s1"),
                sub_process("sub", start("s2"), *undone("a", "b"), end("e2"), flows="s2 -> a -> b -> e2"),
                end("cancel", CANCEL),
                flows="s1 -> sub -> cancel",
            ),
            boundary("cancelled", "t", CANCEL),
            end(),
            flows="start -> t -> end; cancelled -> end",
        )
    )
    instance = simulator.start("p")

    # when
    done(simulator, "a", "b", "undo_b", "undo_a")

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert simulator.trace(instance, "~") == ["~t"]


def test_should_undo_a_transaction_that_was_completed_before() -> None:
    # given
    simulator = simulate(
        model(
            start(),
            transaction("t", start("s1"), *undone("a"), end("e1"), flows="s1 -> a -> e1"),
            throw("undo", on_compensation()),
            end(),
            flows="start -> t -> undo -> end",
        )
    )
    instance = simulator.start("p")

    # when
    done(simulator, "a")

    # then
    assert simulator.active(instance) == ["t", "undo", "undo_a"]
    done(simulator, "undo_a")
    assert simulator.status(instance) is InstanceStatus.COMPLETED


@pytest.mark.parametrize("triggered", [True, False])
def test_should_cancel_from_inside_a_sub_process_or_event_sub_process(triggered: bool) -> None:
    # given
    if triggered:
        inside = event_sub_process(
            "in", event_start("s2", on_message("m")), end("cancel", CANCEL), flows="s2 -> cancel"
        )
        flows = "s1 -> a -> u -> e1"
    else:
        inside = sub_process("in", start("s2"), end("cancel", CANCEL), flows="s2 -> cancel")
        flows = "s1 -> a -> u -> in -> e1"
    simulator = simulate(
        model(
            start(),
            transaction("t", start("s1"), *undone("a"), user_task("u"), inside, end("e1"), flows=flows),
            boundary("cancelled", "t", CANCEL),
            user_task("instead"),
            end(),
            flows="start -> t -> end; cancelled -> instead -> end",
            roots=ROOTS,
        )
    )
    instance = simulator.start("p")
    done(simulator, "a")

    # when
    if triggered:
        assert simulator.publish("stop")
    else:
        done(simulator, "u")

    # then
    assert simulator.active(instance) == ["cancel", "t", "undo_a"]
    done(simulator, "undo_a")
    assert simulator.active(instance) == ["instead"]
    assert list(simulator.runs[instance].scopes) == [instance]


def test_should_leave_a_multi_instance_when_one_of_its_transactions_is_cancelled() -> None:
    # given
    simulator = booking(inner=multi_instance(cardinality="2"))
    instance = simulator.start("p")
    done(simulator, "a")

    # when
    simulator.complete("ask", {"how": "cancel"})
    done(simulator, "undo_a")

    # then
    assert simulator.active(instance) == ["instead"]
    assert list(simulator.runs[instance].scopes) == [instance]


def test_should_stop_a_compensation_under_way_when_the_instance_is_cancelled() -> None:
    # given
    simulator = booking()
    instance = simulator.start("p")
    done(simulator, "a")
    simulator.complete("ask", {"how": "cancel"})

    # when
    simulator.cancel(instance)

    # then
    assert simulator.status(instance) is InstanceStatus.CANCELLED
    assert simulator.waiting() == []


def test_should_refuse_cancel_events_outside_of_transactions() -> None:
    # when
    _, findings = compile_with_findings(model(start(), end("cancel", CANCEL), flows="start -> cancel"))

    # then
    assert [f.code for f in findings if f.severity is Severity.ERROR] == ["CANCEL_NOT_ALLOWED"]
