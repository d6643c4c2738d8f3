"""Compensation (BPMN 2.0.2, 10.7 and 13.5.5): what is undone, in which order, with which variables, and how often."""

from __future__ import annotations

import pytest

from bpmn.runtime.commands import Instruction, InstructionType, ModifyInstance
from bpmn.runtime.state import InstanceStatus
from bpmn.runtime.work import Limits
from tests.support.models import (
    TERMINATE,
    Element,
    boundary,
    call_activity,
    camunda_io,
    compensated,
    document,
    end,
    error,
    event_start,
    event_sub_process,
    exclusive,
    inclusive,
    message,
    model,
    multi_instance,
    on_compensation,
    on_error,
    on_message,
    parallel,
    process,
    script_task,
    service_task,
    start,
    sub_process,
    throw,
    user_task,
)
from tests.support.simulation import CheckedSimulator, simulate

pytestmark = [
    pytest.mark.element(
        "compensateEvent",
        "throw and end event: of one activity or of the scope, waiting or not; start event of an event sub-process",
    ),
    pytest.mark.element(
        "compensation",
        "handlers by association, one after the other, last completed first; completed sub-processes and instances of "
        "multi-instances with their variables",
    ),
]

ROOTS = error("e", "E1") + message("m", "stop")


def undone(*ids: str) -> list[Element]:
    """Service tasks with a user task `undo_ID` as handler each."""
    return [element for id in ids for element in compensated(service_task(id), user_task(f"undo_{id}"))]


def books(thrower: Element, *more: Element, flows: str = "") -> CheckedSimulator:
    """`a`, then `b`, then the thrower, then `next`."""
    return simulate(
        model(
            start(),
            *undone("a", "b"),
            thrower,
            user_task("next"),
            end(),
            *more,
            flows=f"start -> a -> b -> {thrower.id} -> next -> end; {flows}",
            roots=ROOTS,
        )
    )


def done(simulator: CheckedSimulator, *ids: str) -> None:
    for id in ids:
        simulator.complete(id)


def test_should_undo_what_was_completed_last_first_and_one_after_the_other() -> None:
    # given
    simulator = books(throw("undo", on_compensation()))
    instance = simulator.start("p")

    # when
    done(simulator, "a", "b")

    # then
    assert simulator.trace(instance) == [
        *("+start", "-start", "+a", "-a", "+b", "-b", "+undo", "+undo_b"),
    ]
    done(simulator, "undo_b")
    assert simulator.trace(instance)[-2:] == ["-undo_b", "+undo_a"]
    done(simulator, "undo_a")
    assert simulator.trace(instance)[-3:] == ["-undo_a", "-undo", "+next"]
    done(simulator, "next")
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_undo_only_the_activity_that_is_named() -> None:
    # given
    simulator = books(throw("undo", on_compensation("a")))
    instance = simulator.start("p")

    # when
    done(simulator, "a", "b", "undo_a")

    # then
    assert "+undo_b" not in simulator.trace(instance)
    assert simulator.active(instance) == ["next"]


def test_should_go_on_at_once_without_waiting_for_completion() -> None:
    # given
    simulator = books(throw("undo", on_compensation(wait=False)))
    instance = simulator.start("p")

    # when
    done(simulator, "a", "b")

    # then
    assert simulator.trace(instance)[-4:] == ["+undo", "-undo", "+undo_b", "+next"]
    done(simulator, "next")
    assert simulator.status(instance) is InstanceStatus.RUNNING
    done(simulator, "undo_b", "undo_a")
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_pass_where_there_is_nothing_to_undo() -> None:
    # given
    simulator = simulate(
        model(
            start(),
            throw("again", on_compensation()),
            *undone("a"),
            end(),
            flows="start -> again -> a -> end",
        )
    )

    # when
    instance = simulator.start("p")

    # then
    assert simulator.active(instance) == ["a"]
    done(simulator, "a")
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_not_undo_what_is_not_completed() -> None:
    # given
    simulator = simulate(
        model(
            start(),
            parallel("fork"),
            *undone("a", "b"),
            throw("undo", on_compensation()),
            end("e1"),
            end("e2"),
            flows="start -> fork -> a -> undo -> e1; fork -> b -> e2",
        )
    )
    instance = simulator.start("p")

    # when
    done(simulator, "a")

    # then
    assert simulator.active(instance) == ["b", "undo", "undo_a"]


def test_should_not_undo_what_is_completed_after_the_throw() -> None:
    # given
    simulator = simulate(
        model(
            start(),
            parallel("fork"),
            *undone("a", "b"),
            throw("undo", on_compensation()),
            end("e1"),
            end("e2"),
            flows="start -> fork -> a -> undo -> e1; fork -> b -> e2",
        )
    )
    instance = simulator.start("p")
    done(simulator, "a")

    # when
    done(simulator, "b", "undo_a")

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert "+undo_b" not in simulator.trace(instance)


def test_should_undo_each_completion_once() -> None:
    # given
    simulator = simulate(
        model(
            start(),
            *undone("a"),
            throw("first", on_compensation()),
            throw("second", on_compensation()),
            end(),
            flows="start -> a -> first -> second -> end",
        )
    )
    instance = simulator.start("p")

    # when
    done(simulator, "a", "undo_a")

    # then
    assert simulator.trace(instance).count("+undo_a") == 1
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_share_between_two_that_throw_at_the_same_time() -> None:
    # given
    simulator = simulate(
        model(
            start(),
            *undone("a", "b"),
            parallel("fork"),
            throw("one", on_compensation("a")),
            throw("all", on_compensation()),
            end("e1"),
            end("e2"),
            flows="start -> a -> b -> fork; fork -> one -> e1; fork -> all -> e2",
        )
    )
    instance = simulator.start("p")

    # when
    done(simulator, "a", "b")

    # then
    assert simulator.active(instance) == ["all", "one", "undo_a", "undo_b"]
    done(simulator, "undo_a", "undo_b")
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_undo_as_often_as_it_was_done() -> None:
    # given
    simulator = simulate(
        model(
            start(),
            *undone("a", "b"),
            exclusive("merge"),
            exclusive("again"),
            throw("undo", on_compensation()),
            end(),
            flows="start -> merge -> a -> b -> again; again -[${n > 0}]-> merge; again -[default]-> undo -> end",
        )
    )
    instance = simulator.start("p", {"n": 1})
    done(simulator, "a", "b", "a")
    simulator.complete("b", {"n": 0})
    assert simulator.active(instance) == ["undo", "undo_b"]

    # when
    done(simulator, "undo_b", "undo_a", "undo_b", "undo_a")

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_count_a_loop_of_one_activity_instead_of_listing_it() -> None:
    # given
    simulator = simulate(
        model(
            start(),
            *compensated(script_task("a", "n = n - 1"), script_task("undo_a", "m = m + 1")),
            exclusive("merge"),
            exclusive("again"),
            user_task("look"),
            throw("undo", on_compensation()),
            end(),
            flows="start -> merge -> a -> again; again -[n > 0]-> merge; again -[default]-> look -> undo -> end",
        ),
        oath=False,
    )

    # when
    instance = simulator.start("p", {"n": 5_000, "m": 0})

    # then
    (entry,) = simulator.runs[instance].scopes[instance].compensations
    assert entry.times == 5_000
    done(simulator, "look")
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert simulator.variables(instance)["m"] == 5_000
    assert simulator.most_transitions <= Limits().transitions_per_step + 1


def test_should_end_when_the_end_event_has_undone_everything() -> None:
    # given
    simulator = simulate(model(start(), *undone("a"), end("undo", on_compensation()), flows="start -> a -> undo"))
    instance = simulator.start("p")

    # when
    done(simulator, "a", "undo_a")

    # then
    assert simulator.trace(instance)[-3:] == ["+undo_a", "-undo_a", "-undo"]
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_see_the_data_of_its_scope_in_a_handler() -> None:
    # given
    simulator = simulate(
        model(
            start(),
            *compensated(service_task("a"), script_task("undo_a", "seen = x")),
            script_task("change", "x = 2"),
            throw("undo", on_compensation()),
            end(),
            flows="start -> a -> change -> undo -> end",
        )
    )
    instance = simulator.start("p", {"x": 1})

    # when
    done(simulator, "a")

    # then
    assert simulator.variables(instance)["seen"] == 2


# -- sub-processes ---------------------------------------------------------------------------------------------------


def nested(*more: Element, thrower: Element | None = None) -> CheckedSimulator:
    """A sub-process with `a`, `b` and a variable of its own, then `c`, then the compensation."""
    inside = sub_process(
        "sub",
        start("s1"),
        *undone("a", "b"),
        end("e1"),
        *more,
        flows="s1 -> a -> b -> e1",
        inner=camunda_io({"room": "${number}"}),
    )
    return simulate(
        model(
            start(),
            inside,
            *undone("c"),
            thrower or throw("undo", on_compensation()),
            user_task("next"),
            end(),
            flows="start -> sub -> c -> undo -> next -> end",
            roots=ROOTS,
        )
    )


def test_should_undo_what_a_completed_sub_process_did_in_reverse_order() -> None:
    # given
    simulator = nested()
    instance = simulator.start("p", {"number": 7})
    done(simulator, "a", "b", "c")

    # when
    done(simulator, "undo_c", "undo_b", "undo_a")

    # then
    assert simulator.trace(instance)[-9:] == [
        *("+undo", "+undo_c", "-undo_c", "+undo_b", "-undo_b", "+undo_a", "-undo_a", "-undo", "+next"),
    ]
    assert list(simulator.runs[instance].scopes) == [instance]


def test_should_keep_the_variables_a_sub_process_had_when_it_was_completed() -> None:
    # given
    simulator = nested()
    instance = simulator.start("p", {"number": 7})
    done(simulator, "a", "b")
    simulator.set_variables(instance, number=8)
    done(simulator, "c", "undo_c")

    # when
    (task,) = simulator.open_tasks("undo_b")

    # then
    assert simulator.runs[instance].variables[task.scope_id] == {"room": 7}


def test_should_close_what_was_kept_when_the_instance_is_done() -> None:
    # given
    simulator = simulate(
        model(
            start(),
            sub_process("sub", start("s1"), *undone("a"), end("e1"), flows="s1 -> a -> e1"),
            user_task("u"),
            exclusive("x"),
            throw("undo", on_compensation()),
            end(),
            end("e2"),
            flows="start -> sub -> u -> x; x -[${bad}]-> undo -> end; x -[default]-> e2",
        )
    )
    instance = simulator.start("p", {"bad": False})
    done(simulator, "a")
    assert len(simulator.runs[instance].scopes) == 2

    # when
    done(simulator, "u")

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert list(simulator.runs[instance].scopes) == [instance]


def test_should_close_what_was_kept_when_the_instance_is_cancelled() -> None:
    # given
    simulator = nested()
    instance = simulator.start("p", {"number": 7})
    done(simulator, "a", "b", "c", "undo_c")

    # when
    simulator.cancel(instance)

    # then
    assert simulator.status(instance) is InstanceStatus.CANCELLED
    assert list(simulator.runs[instance].scopes) == [instance]


def test_should_keep_nothing_where_nobody_can_ask_for_compensation() -> None:
    # given
    simulator = simulate(
        model(
            start(),
            sub_process("sub", start("s1"), *undone("a"), end("e1"), flows="s1 -> a -> e1"),
            user_task("next"),
            end(),
            flows="start -> sub -> next -> end",
        )
    )
    instance = simulator.start("p")

    # when
    done(simulator, "a")

    # then
    assert list(simulator.runs[instance].scopes) == [instance]
    assert simulator.runs[instance].scopes[instance].compensations == ()


def test_should_not_undo_inside_a_sub_process_that_is_not_completed() -> None:
    # given
    simulator = simulate(
        model(
            start(),
            parallel("fork"),
            sub_process("sub", start("s1"), *undone("a", "b"), end("e1"), flows="s1 -> a -> b -> e1"),
            user_task("u"),
            throw("undo", on_compensation()),
            end("e2"),
            end("e3"),
            flows="start -> fork; fork -> sub -> e2; fork -> u -> undo -> e3",
        )
    )
    instance = simulator.start("p")
    done(simulator, "a")

    # when
    done(simulator, "u")

    # then
    assert simulator.active(instance) == ["b", "sub"]


def test_should_use_the_handler_of_a_sub_process_instead_of_those_inside() -> None:
    # given
    inside = sub_process("sub", start("s1"), *undone("a"), end("e1"), flows="s1 -> a -> e1")
    simulator = simulate(
        model(
            start(),
            *compensated(inside, user_task("undo_sub")),
            throw("undo", on_compensation()),
            end(),
            flows="start -> sub -> undo -> end",
        )
    )
    instance = simulator.start("p")

    # when
    done(simulator, "a")

    # then
    assert simulator.active(instance) == ["undo", "undo_sub"]
    assert list(simulator.runs[instance].scopes) == [instance]
    done(simulator, "undo_sub")
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_undo_only_its_own_scope_when_thrown_inside() -> None:
    # given
    simulator = simulate(
        model(
            start(),
            *undone("a"),
            sub_process(
                "sub",
                start("s1"),
                *undone("b"),
                throw("undo", on_compensation()),
                end("e1"),
                flows="s1 -> b -> undo -> e1",
            ),
            user_task("next"),
            end(),
            flows="start -> a -> sub -> next -> end",
        )
    )
    instance = simulator.start("p")

    # when
    done(simulator, "a", "b", "undo_b")

    # then
    assert simulator.active(instance) == ["next"]
    assert "+undo_a" not in simulator.trace(instance)


def test_should_undo_nested_to_any_depth_without_recursion() -> None:
    # given
    depth = 150
    element = sub_process("s0", start("x0"), *undone("a"), end("y0"), flows="x0 -> a -> y0")
    for level in range(1, depth):
        element = sub_process(
            f"s{level}",
            start(f"x{level}"),
            element,
            end(f"y{level}"),
            flows=f"x{level} -> s{level - 1} -> y{level}",
        )
    top = f"s{depth - 1}"
    simulator = simulate(
        model(start(), element, throw("undo", on_compensation()), end(), flows=f"start -> {top} -> undo -> end"),
        oath=False,
    )
    instance = simulator.start("p")

    # when
    done(simulator, "a", "undo_a")

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert list(simulator.runs[instance].scopes) == [instance]
    simulator.check()


# -- compensation event sub-processes --------------------------------------------------------------------------------


def compensation_handler(*elements: Element, flows: str) -> Element:
    return event_sub_process("handler", event_start("called", on_compensation()), *elements, flows=flows)


def test_should_run_the_compensation_event_sub_process_instead_of_the_handlers_inside() -> None:
    # given
    simulator = nested(compensation_handler(user_task("repair"), end("repaired"), flows="called -> repair -> repaired"))
    instance = simulator.start("p", {"number": 7})
    done(simulator, "a", "b", "c")

    # when
    done(simulator, "undo_c")

    # then
    assert simulator.trace(instance)[-4:] == ["+handler", "+called", "-called", "+repair"]
    (task,) = simulator.open_tasks("repair")
    kept = simulator.runs[instance].scopes[task.scope_id].parent
    assert kept is not None
    assert simulator.runs[instance].variables[kept] == {"room": 7}
    done(simulator, "repair")
    assert simulator.trace(instance)[-5:] == ["+repaired", "-repaired", "-handler", "-undo", "+next"]
    assert list(simulator.runs[instance].scopes) == [instance]


def test_should_undo_its_sub_process_from_the_compensation_event_sub_process() -> None:
    # given
    simulator = nested(
        compensation_handler(
            throw("inner", on_compensation("a")),
            user_task("repair"),
            end("repaired"),
            flows="called -> inner -> repair -> repaired",
        )
    )
    instance = simulator.start("p", {"number": 7})
    done(simulator, "a", "b", "c", "undo_c")
    assert simulator.active(instance) == ["handler", "inner", "sub", "undo", "undo_a"]

    # when
    done(simulator, "undo_a", "repair")

    # then
    assert simulator.active(instance) == ["next"]
    assert "+undo_b" not in simulator.trace(instance)


def test_should_undo_the_scope_around_an_event_sub_process() -> None:
    # given
    simulator = simulate(
        model(
            start(),
            *undone("a"),
            user_task("u"),
            end(),
            event_sub_process(
                "stop",
                event_start("stopped", on_message("m")),
                throw("undo", on_compensation()),
                end("e1"),
                flows="stopped -> undo -> e1",
            ),
            flows="start -> a -> u -> end",
            roots=ROOTS,
        )
    )
    instance = simulator.start("p")
    done(simulator, "a")

    # when
    assert simulator.publish("stop")

    # then
    assert simulator.active(instance) == ["stop", "undo", "undo_a"]
    done(simulator, "undo_a")
    assert simulator.trace(instance)[-5:] == ["-undo_a", "-undo", "+e1", "-e1", "-stop"]
    assert simulator.status(instance) is InstanceStatus.COMPLETED


# -- multi-instance and calls ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("sequential", [True, False])
def test_should_undo_each_instance_of_a_multi_instance_with_its_own_variables(sequential: bool) -> None:
    # given
    loop = multi_instance(collection="items", variable="item", sequential=sequential)
    simulator = simulate(
        model(
            start(),
            *compensated(user_task("a", loop), script_task("undo_a", "order = order + [item]")),
            throw("undo", on_compensation()),
            end(),
            flows="start -> a -> undo -> end",
        )
    )
    instance = simulator.start("p", {"items": [1, 2, 3], "order": []})

    # when
    order = [1, 2, 3] if sequential else [2, 3, 1]
    for number in order:
        task = next(
            task
            for task in simulator.open_tasks("a")
            if simulator.runs[instance].variables[task.scope_id]["item"] == number
        )
        simulator.complete_task(task.id)

    # then
    assert simulator.variables(instance)["order"] == order[::-1]
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert list(simulator.runs[instance].scopes) == [instance]


def test_should_undo_each_instance_of_a_multi_instance_sub_process() -> None:
    # given
    inside = sub_process(
        "sub",
        start("s1"),
        *compensated(script_task("a", "x = 1"), user_task("undo_a")),
        end("e1"),
        flows="s1 -> a -> e1",
        inner=multi_instance(cardinality="3"),
    )
    simulator = simulate(
        model(
            start(),
            inside,
            throw("undo", on_compensation("sub")),
            end(),
            flows="start -> sub -> undo -> end",
        )
    )
    instance = simulator.start("p")
    numbers = []

    # when
    for _ in range(3):
        (task,) = simulator.open_tasks("undo_a")
        item = simulator.runs[instance].scopes[task.scope_id].parent
        assert item is not None
        numbers.append(simulator.runs[instance].variables[item]["loopCounter"])
        simulator.complete_task(task.id)

    # then
    assert numbers == [2, 1, 0]
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_not_undo_instances_that_the_completion_condition_ended() -> None:
    # given
    loop = multi_instance(cardinality="4", until="${nrOfCompletedInstances >= 2}")
    simulator = simulate(
        model(
            start(),
            *compensated(user_task("a", loop), user_task("undo_a")),
            throw("undo", on_compensation()),
            end(),
            flows="start -> a -> undo -> end",
        )
    )
    instance = simulator.start("p")

    # when
    done(simulator, "a", "a", "undo_a", "undo_a")

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert simulator.trace(instance).count("+undo_a") == 2


@pytest.mark.parametrize("undo", [True, False])
def test_should_keep_a_wide_multi_instance_in_small_documents_and_bounded_steps(undo: bool) -> None:
    # given
    inside = sub_process(
        "sub",
        start("s1"),
        *compensated(script_task("a", "n = 1"), script_task("undo_a", "m = m + 1")),
        end("e1"),
        flows="s1 -> a -> e1",
        inner=multi_instance(cardinality="500"),
    )
    simulator = simulate(
        model(
            start(),
            inside,
            user_task("u"),
            exclusive("x"),
            throw("undo", on_compensation()),
            end("e2"),
            end("e3"),
            flows="start -> sub -> u -> x; x -[undo]-> undo -> e2; x -[default]-> e3",
        ),
        oath=False,
    )
    instance = simulator.start("p", {"m": 0, "undo": undo})
    assert len(simulator.runs[instance].scopes) == 1002

    # when
    done(simulator, "u")

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert simulator.variables(instance)["m"] == (500 if undo else 0)
    assert simulator.most_loaded <= 700
    simulator.check()


def test_should_undo_a_completed_call_by_its_handler() -> None:
    # given
    simulator = simulate(
        document(
            process(
                "p",
                start(),
                *compensated(call_activity("call", "q"), user_task("undo_call")),
                throw("undo", on_compensation()),
                end(),
                flows="start -> call -> undo -> end",
            ),
            process("q", start("s2"), user_task("work"), end("e2"), flows="s2 -> work -> e2"),
        )
    )
    instance = simulator.start("p")

    # when
    done(simulator, "work")

    # then
    assert simulator.active(instance) == ["undo", "undo_call"]


# -- handlers --------------------------------------------------------------------------------------------------------


def test_should_run_a_sub_process_as_handler() -> None:
    # given
    handler = sub_process("undo_a", start("s1"), user_task("u"), end("e1"), flows="s1 -> u -> e1")
    simulator = simulate(
        model(
            start(),
            *compensated(service_task("a"), handler),
            throw("undo", on_compensation()),
            end(),
            flows="start -> a -> undo -> end",
        )
    )
    instance = simulator.start("p")

    # when
    done(simulator, "a", "u")

    # then
    assert simulator.trace(instance)[-6:] == ["+e1", "-e1", "-undo_a", "-undo", "+end", "-end"]
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_run_a_multi_instance_as_handler() -> None:
    # given
    simulator = simulate(
        model(
            start(),
            *compensated(service_task("a"), user_task("undo_a", multi_instance(cardinality="2"))),
            throw("undo", on_compensation()),
            end(),
            flows="start -> a -> undo -> end",
        )
    )
    instance = simulator.start("p")
    done(simulator, "a")
    assert len(simulator.open_tasks("undo_a")) == 2

    # when
    done(simulator, "undo_a", "undo_a")

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def failing(*more: Element, flows: str = "", inside: bool = True) -> CheckedSimulator:
    """`a` whose handler is the job `undo_a`, in a sub-process with an error boundary event."""
    content = sub_process(
        "sub",
        start("s1"),
        *compensated(service_task("a"), service_task("undo_a")),
        throw("undo", on_compensation()),
        end("e1"),
        *more,
        flows=f"s1 -> a -> undo -> e1; {flows}",
    )
    return simulate(
        model(
            start(),
            content,
            user_task("around"),
            end(),
            boundary("b", "sub", on_error("e")),
            flows="start -> sub -> end; b -> around -> end",
            roots=ROOTS,
        )
    )


def test_should_throw_the_error_of_a_handler_where_the_compensation_was_thrown() -> None:
    # given
    simulator = failing()
    instance = simulator.start("p")
    done(simulator, "a")

    # when
    simulator.raise_error("undo_a", "E1")

    # then
    assert simulator.active(instance) == ["around"]
    assert list(simulator.runs[instance].scopes) == [instance]


def test_should_catch_the_error_of_a_handler_at_its_own_boundary_and_go_on() -> None:
    # given
    simulator = failing(
        user_task("repair"), boundary("c", "undo_a", on_error("e")), end("e9"), flows="c -> repair -> e9"
    )
    instance = simulator.start("p")
    done(simulator, "a")

    # when
    simulator.raise_error("undo_a", "E1")

    # then
    assert simulator.active(instance) == ["repair", "sub"]
    done(simulator, "repair")
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_raise_an_incident_for_an_uncaught_error_and_go_on_when_it_is_resolved() -> None:
    # given
    simulator = failing()
    instance = simulator.start("p")
    done(simulator, "a")
    simulator.raise_error("undo_a", "OTHER")
    assert simulator.incident().kind == "UNHANDLED_ERROR"

    # when
    simulator.resolve(simulator.incident().id)
    done(simulator, "undo_a")

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_not_catch_errors_at_the_boundary_of_the_sub_process_that_is_being_undone() -> None:
    # given
    simulator = simulate(
        model(
            start(),
            sub_process(
                "sub",
                start("s1"),
                *compensated(service_task("a"), service_task("undo_a")),
                end("e1"),
                flows="s1 -> a -> e1",
            ),
            user_task("wrong"),
            boundary("b", "sub", on_error("e")),
            throw("undo", on_compensation()),
            user_task("right"),
            end("e2"),
            end("e3"),
            event_sub_process(
                "handler",
                event_start("caught", on_error("e")),
                user_task("repair"),
                end("repaired"),
                flows="caught -> repair -> repaired",
            ),
            flows="start -> sub -> undo -> right -> e2; b -> wrong -> e3",
            roots=ROOTS,
        )
    )
    instance = simulator.start("p")
    done(simulator, "a")

    # when
    simulator.raise_error("undo_a", "E1")

    # then
    assert simulator.active(instance) == ["handler", "repair"]
    done(simulator, "repair")
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_end_the_handler_with_the_event_that_has_thrown() -> None:
    # given
    simulator = simulate(
        model(
            start(),
            parallel("fork"),
            *undone("a"),
            throw("undo", on_compensation()),
            user_task("u"),
            end("e1"),
            end("e2", TERMINATE),
            flows="start -> fork; fork -> a -> undo -> e1; fork -> u -> e2",
        )
    )
    instance = simulator.start("p")
    done(simulator, "a")

    # when
    done(simulator, "u")

    # then
    assert sorted(simulator.trace(instance, "~")) == ["~undo", "~undo_a"]
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_not_hold_up_an_inclusive_join() -> None:
    # given
    simulator = simulate(
        model(
            start(),
            *undone("a"),
            inclusive("split"),
            throw("undo", on_compensation(wait=False)),
            user_task("u"),
            inclusive("join"),
            user_task("next"),
            end(),
            flows="start -> a -> split; split -[${true}]-> undo -> join; split -[${true}]-> u -> join -> next -> end",
        )
    )
    instance = simulator.start("p")

    # when
    done(simulator, "a", "u")

    # then
    assert simulator.active(instance) == ["next", "undo", "undo_a"]


def test_should_never_start_a_handler_as_part_of_the_flow() -> None:
    # given
    simulator = books(throw("undo", on_compensation("a")))
    instance = simulator.start("p")

    # then
    assert simulator.active(instance) == ["a"]


# -- together with other things


@pytest.mark.parametrize("wait", [True, False])
def test_should_compensate_beside_the_mappings_of_the_throw_event(wait: bool) -> None:
    # given
    simulator = books(throw("undo", camunda_io({"x": "1"}, {"y": "${x}"}) + on_compensation(wait=wait)))
    instance = simulator.start("p")

    # when
    done(simulator, "a", "b", "undo_b", "undo_a", "next")

    # then
    assert simulator.variables(instance)["y"] == "1"
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_compensate_for_an_event_that_throws_a_message_too() -> None:
    # given
    simulator = books(throw("undo", on_compensation("a") + on_message("m") + on_compensation("b")))
    instance = simulator.start("p")

    # when
    done(simulator, "a", "b")

    # then
    assert [message.name for message in simulator.thrown] == ["stop"]
    done(simulator, "undo_b", "undo_a", "next")
    assert simulator.status(instance) is InstanceStatus.COMPLETED


@pytest.mark.parametrize("element", ["undo_b", "sub"])
def test_should_go_on_with_the_next_when_a_compensation_is_cancelled_by_hand(element: str) -> None:
    # given
    simulator = nested()
    instance = simulator.start("p", {"number": 7})
    done(simulator, "a", "b", "c", "undo_c")

    # when
    simulator.do(
        ModifyInstance(
            instance_id=instance, instructions=(Instruction(type=InstructionType.CANCEL, element_id=element),)
        )
    )

    # then
    assert simulator.active(instance) == (["sub", "undo", "undo_a"] if element == "undo_b" else ["next"])


def test_should_undo_the_rest_in_an_event_sub_process_that_interrupts_an_undoing() -> None:
    # given
    simulator = books(
        throw("undo", on_compensation()),
        event_sub_process(
            "stop",
            event_start("stopped", on_message("m")),
            throw("rest", on_compensation()),
            end("e1"),
            flows="stopped -> rest -> e1",
        ),
    )
    instance = simulator.start("p")
    done(simulator, "a", "b")
    assert simulator.active(instance) == ["undo", "undo_b"]

    # when
    assert simulator.publish("stop")

    # then
    assert simulator.trace(instance, "~") == ["~undo", "~undo_b"]
    assert simulator.active(instance) == ["rest", "stop", "undo_a"]
    done(simulator, "undo_a")
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_undo_a_sub_process_inside_by_its_compensation_event_sub_process() -> None:
    # given
    inner = sub_process(
        "inner",
        start("s2"),
        *undone("a"),
        end("e2"),
        compensation_handler(user_task("repair"), end("repaired"), flows="called -> repair -> repaired"),
        flows="s2 -> a -> e2",
    )
    simulator = simulate(
        model(
            start(),
            sub_process("outer", start("s1"), inner, *undone("b"), end("e1"), flows="s1 -> inner -> b -> e1"),
            throw("undo", on_compensation()),
            end(),
            flows="start -> outer -> undo -> end",
        )
    )
    instance = simulator.start("p")

    # when
    done(simulator, "a", "b", "undo_b", "repair")

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert "+undo_a" not in simulator.trace(instance)


def test_should_not_catch_an_error_of_the_compensation_event_sub_process_beside_it() -> None:
    # given
    simulator = nested(
        compensation_handler(end("failed", on_error("e")), flows="called -> failed"),
        event_sub_process(
            "wrong",
            event_start("caught", on_error("e")),
            user_task("never"),
            end("e9"),
            flows="caught -> never -> e9",
        ),
    )
    instance = simulator.start("p", {"number": 7})

    # when
    done(simulator, "a", "b", "c", "undo_c")

    # then
    assert simulator.status(instance) is InstanceStatus.FAILED
