"""Running instances go on in another version of their process (Camunda 7, "Process Instance Migration")."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bpmn.findings import Severity
from bpmn.runtime import events as e
from bpmn.runtime.commands import PauseInstance
from bpmn.runtime.engine import Outcome
from bpmn.runtime.migration import Migration
from bpmn.runtime.migration_plan import plan
from bpmn.runtime.state import InstanceStatus
from tests.support.models import (
    Element,
    ad_hoc,
    boundary,
    call_activity,
    camunda_io,
    catch,
    compensated,
    compile_document,
    complex_gateway,
    end,
    error,
    event_based,
    event_start,
    event_sub_process,
    message,
    model,
    multi_instance,
    on_compensation,
    on_condition,
    on_error,
    on_message,
    on_signal,
    parallel,
    process,
    receive_task,
    script_task,
    service_task,
    signal,
    standard_loop,
    start,
    sub_process,
    task,
    throw,
    timer,
    transaction,
    user_task,
)
from tests.support.models import document as bpmn_document
from tests.support.simulation import CheckedSimulator, simulate

ROOTS = message("m") + message("n") + signal("s", "alarm") + error("err", "E")


def draw(*elements: Element, flows: str) -> bytes:
    return model(start(), *elements, end(), flows=flows, roots=ROOTS)


def migrate(
    simulator: CheckedSimulator, instance: int, target: bytes, mapping: dict[str, str] | None = None
) -> Migration:
    return simulator.migrate(instance, compile_document(target)["p"], mapping)


def errors(migration: Migration) -> list[tuple[str, str | None]]:
    return [(f.code, f.element_id) for f in migration.findings if f.severity is Severity.ERROR]


def told(migration: Migration) -> list[tuple[str, str | None]]:
    return [(f.code, f.element_id) for f in migration.findings if f.severity is Severity.INFO]


def done(migration: Migration) -> None:
    assert errors(migration) == []
    assert migration.step.outcome is Outcome.DONE


def refused(
    simulator: CheckedSimulator, instance: int, migration: Migration, *expected: tuple[str, str | None]
) -> None:
    assert errors(migration) == list(expected)
    assert migration.step.outcome is Outcome.REJECTED
    assert migration.step.events == []
    assert migration.step.effects == []
    assert simulator.run_of(instance).instance.version == 1


SIMPLE = draw(user_task("a"), flows="start -> a -> end")


def test_should_go_on_in_a_copy() -> None:
    # given
    simulator = simulate(SIMPLE)
    instance = simulator.start("p")
    before = simulator.open_tasks("a")[0]

    # when
    migration = migrate(simulator, instance, SIMPLE)

    # then
    done(migration)
    assert migration.step.events == [e.InstanceMigrated("p", 1, "p", 2)]
    assert simulator.open_tasks("a") == [before]
    header = simulator.run_of(instance).instance
    assert (header.definition_id, header.version) == (1, 2)
    simulator.complete("a")
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_take_the_flows_of_the_new_version() -> None:
    # given
    simulator = simulate(SIMPLE)
    instance = simulator.start("p")

    # when
    done(migrate(simulator, instance, draw(user_task("a"), user_task("b"), flows="start -> a -> b -> end")))
    simulator.complete("a")

    # then
    assert simulator.active(instance) == ["b"]


def test_should_rename_what_is_active() -> None:
    # given
    simulator = simulate(SIMPLE)
    instance = simulator.start("p")
    token = simulator.open_tasks("a")[0].token_id

    # when
    migration = migrate(simulator, instance, draw(user_task("b"), flows="start -> b -> end"), {"a": "b"})

    # then
    done(migration)
    assert e.ElementMigrated(token, "a", instance, "b") in migration.step.events
    assert [task.element_id for task in simulator.open_tasks()] == ["b"]
    assert simulator.active(instance) == ["b"]
    simulator.complete("b")
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_tell_all_that_is_active_and_has_no_place() -> None:
    # given
    source = draw(parallel("f"), user_task("a"), service_task("c"), parallel("j"),
                  flows="start -> f; f -> a -> j; f -> c -> j; j -> end")  # fmt: skip
    simulator = simulate(source)
    instance = simulator.start("p")

    # when
    migration = migrate(simulator, instance, draw(user_task("b"), flows="start -> b -> end"))

    # then
    refused(simulator, instance, migration, ("ELEMENT_NOT_MAPPED", "a"), ("ELEMENT_NOT_MAPPED", "c"))
    assert str(simulator.open_tasks("a")[0].token_id) in migration.findings[0].message
    assert simulator.active(instance) == ["a", "c"]


def test_should_not_ask_for_a_place_of_what_is_not_active() -> None:
    # given
    simulator = simulate(draw(user_task("a"), user_task("gone"), flows="start -> a -> gone -> end"))
    instance = simulator.start("p")

    # when, then
    done(migrate(simulator, instance, SIMPLE))


@pytest.mark.parametrize(
    ("mapping", "code"),
    [
        ({"nothing": "b"}, "SOURCE_UNKNOWN"),
        ({"a": "nothing"}, "TARGET_UNKNOWN"),
        ({"a": "machine"}, "KIND_DIFFERS"),
        ({"a": "inner"}, "CONTAINER_DIFFERS"),
        ({"a": "many"}, "LOOP_DIFFERS"),
        ({"c": "until"}, "EVENT_DIFFERS"),
        ({"x": "y"}, "HOST_DIFFERS"),
        ({"x": "z", "x2": "z", "a": "b"}, "TARGET_TWICE"),
        ({"t": "sub"}, "KIND_DIFFERS"),
        ({"g": "h"}, "KIND_DIFFERS"),
    ],
)
def test_should_refuse_a_mapping_between_what_differs(mapping: dict[str, str], code: str) -> None:
    source = compile_document(
        draw(
            user_task("a"), catch("c", on_message("m")), complex_gateway("g", "True"),
            transaction("t", start("t1"), end("t2"), flows="t1 -> t2"),
            boundary("x", "a", on_signal("s")), boundary("x2", "a", on_signal("s"), interrupting=False), end("e2"),
            flows="start -> a -> c -> g -> t -> end; x -> e2; x2 -> e2",
        )
    )["p"]  # fmt: skip
    target = compile_document(
        draw(
            user_task("b"), service_task("machine"), complex_gateway("h"),
            user_task("many", multi_instance(cardinality="2")),
            sub_process("sub", start("s1"), user_task("inner"), end("s2"), flows="s1 -> inner -> s2"),
            catch("until", timer(duration="PT1H")), boundary("y", "machine", on_signal("s")),
            boundary("z", "b", on_signal("s")), end("e2"),
            flows="start -> b -> machine -> h -> many -> sub -> until -> end; y -> e2; z -> e2",
        )
    )["p"]  # fmt: skip

    planned = plan(source, target, mapping)

    assert code in [finding.code for finding in planned.findings if finding.severity is Severity.ERROR]


def test_should_suggest_what_keeps_id_and_kind() -> None:
    source = compile_document(draw(user_task("a"), task("b"), user_task("c"), flows="start -> a -> b -> c -> end"))["p"]
    target = compile_document(draw(user_task("a"), user_task("b"), user_task("d"), flows="start -> a -> b -> d -> end"))

    planned = plan(source, target["p"], {"c": "a"})

    assert planned.mapping == {"start": "start", "c": "a", "end": "end"}
    assert planned.findings == ()


# -- boundary events --------------------------------------------------------------------------------------------------


def guarded(*boundaries: Element, host: str = "a", flows: str = "") -> bytes:
    return draw(user_task(host), user_task("late"), *boundaries, end("e2"),
                flows=f"start -> {host} -> end; late -> e2; {flows}")  # fmt: skip


ALONE = draw(user_task("a"), flows="start -> a -> end")
HOURLY = guarded(boundary("t", "a", timer(duration="PT1H")), flows="t -> late")


def test_should_arm_boundary_events_that_are_new() -> None:
    # given
    simulator = simulate(ALONE)
    instance = simulator.start("p")

    # when
    migration = migrate(simulator, instance, HOURLY)

    # then
    assert told(migration) == [("EVENT_ARMED", "t")]
    simulator.advance(timedelta(hours=2))
    assert simulator.active(instance) == ["late"]


def test_should_disarm_boundary_events_that_are_gone() -> None:
    # given
    simulator = simulate(HOURLY)
    instance = simulator.start("p")

    # when
    migration = migrate(simulator, instance, ALONE)

    # then
    assert told(migration) == [("EVENT_DISARMED", "t")]
    assert simulator.timers == {}
    simulator.complete("a")
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_keep_the_due_date_of_a_timer_and_rename_it() -> None:
    # given
    simulator = simulate(HOURLY)
    instance = simulator.start("p")
    [due] = [pending.effect.due_at for pending in simulator.timers.values()]

    # when
    target = guarded(boundary("u", "b", timer(duration="PT9H")), host="b", flows="u -> late")
    done(migrate(simulator, instance, target, {"a": "b", "t": "u"}))

    # then
    assert [(p.effect.element_id, p.effect.due_at) for p in simulator.timers.values()] == [("u", due)]
    simulator.advance(timedelta(hours=1))
    assert simulator.active(instance) == ["late"]


def test_should_wait_for_another_event_where_it_has_another_definition() -> None:
    # given
    simulator = simulate(HOURLY)
    instance = simulator.start("p")

    # when
    done(migrate(simulator, instance, guarded(boundary("t", "a", on_signal("s")), flows="t -> late")))

    # then
    assert simulator.timers == {}
    assert simulator.signal("alarm") == 1
    assert simulator.active(instance) == ["late"]


def test_should_not_arm_again_what_has_happened() -> None:
    # given
    reminder = guarded(boundary("t", "a", timer(duration="PT1H"), interrupting=False), flows="t -> late")
    simulator = simulate(reminder)
    instance = simulator.start("p")
    simulator.advance(timedelta(hours=1))

    # when
    done(migrate(simulator, instance, reminder))

    # then
    assert simulator.timers == {}
    assert simulator.active(instance) == ["a", "late"]


def test_should_catch_errors_as_the_new_version_says() -> None:
    # given
    simulator = simulate(draw(service_task("a"), flows="start -> a -> end"))
    instance = simulator.start("p")

    # when
    target = draw(service_task("a"), boundary("t", "a", on_error("err")), user_task("late"), end("e2"),
                  flows="start -> a -> end; t -> late -> e2")  # fmt: skip
    done(migrate(simulator, instance, target))
    simulator.raise_error("a", "E")

    # then
    assert simulator.active(instance) == ["late"]


def test_should_end_the_incident_of_an_event_that_is_gone() -> None:
    # given
    simulator = simulate(guarded(boundary("t", "a", on_condition("1 / x > 2")), flows="t -> late"))
    instance = simulator.start("p", {"x": 0})
    assert simulator.incident().element_id == "t"

    # when
    done(migrate(simulator, instance, ALONE))

    # then
    assert simulator.run_of(instance).instance.incidents == 0


# -- conditions -------------------------------------------------------------------------------------------------------


def test_should_look_at_new_conditions_at_once() -> None:
    # given
    simulator = simulate(ALONE)
    instance = simulator.start("p", {"x": 3})

    # when
    done(migrate(simulator, instance, guarded(boundary("t", "a", on_condition("x > 2")), flows="t -> late")))

    # then
    assert simulator.active(instance) == ["late"]


def test_should_read_the_variables_of_the_new_condition() -> None:
    # given
    simulator = simulate(guarded(boundary("t", "a", on_condition("x > 2")), flows="t -> late"))
    instance = simulator.start("p", {"x": 1, "y": 1})
    done(migrate(simulator, instance, guarded(boundary("t", "a", on_condition("y > 2")), flows="t -> late")))

    # when
    simulator.set_variables(instance, x=5)
    assert simulator.active(instance) == ["a"]
    simulator.set_variables(instance, y=5)

    # then
    assert simulator.active(instance) == ["late"]


# -- sub-processes ----------------------------------------------------------------------------------------------------


def nested(sub: str, inner: str, *more: Element, flows: str = "") -> bytes:
    content = (start("s1"), user_task(inner), end("s2"), *more)
    return draw(sub_process(sub, *content, flows=f"s1 -> {inner} -> s2; {flows}"), flows=f"start -> {sub} -> end")


def test_should_rename_a_sub_process_and_what_is_in_it() -> None:
    # given
    simulator = simulate(nested("sub", "a"))
    instance = simulator.start("p")
    scope = simulator.open_tasks("a")[0].scope_id

    # when
    migration = migrate(simulator, instance, nested("sub2", "b"), {"sub": "sub2", "a": "b"})

    # then
    done(migration)
    assert e.ScopeMigrated(scope, "sub", "sub2") in migration.step.events
    assert simulator.active(instance) == ["b", "sub2"]
    simulator.complete("b")
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_refuse_to_move_into_or_out_of_a_sub_process() -> None:
    # given
    simulator = simulate(ALONE)
    instance = simulator.start("p")

    # when, then
    refused(simulator, instance, migrate(simulator, instance, nested("sub", "a")), ("ELEMENT_NOT_MAPPED", "a"))


def test_should_listen_for_event_sub_processes_that_are_new() -> None:
    # given
    alarm = event_sub_process("ev", event_start("on", on_signal("s")), user_task("c"), end("e3"), flows="on -> c -> e3")
    simulator = simulate(nested("sub", "a"))
    instance = simulator.start("p")

    # when
    migration = migrate(simulator, instance, nested("sub", "a", alarm))

    # then
    assert told(migration) == [("EVENT_ARMED", "on")]
    assert simulator.signal("alarm") == 1
    assert simulator.active(instance) == ["c", "ev", "sub"]


def test_should_rename_or_end_what_listens() -> None:
    # given
    def listening(name: str) -> bytes:
        content = (event_start(name, on_signal("s"), interrupting=False), user_task("c"), end("e3"))
        return nested("sub", "a", event_sub_process("ev", *content, flows=f"{name} -> c -> e3"))

    simulator = simulate(listening("on"))
    instance = simulator.start("p")

    # when
    done(migrate(simulator, instance, listening("other"), {"on": "other"}))
    simulator.signal("alarm")
    assert simulator.active(instance) == ["a", "c", "ev", "sub"]
    simulator.complete("c")
    migration = migrate(simulator, instance, nested("sub", "a"))

    # then
    assert told(migration) == [("EVENT_DISARMED", "other")]
    assert simulator.signal("alarm") == 0
    simulator.complete("a")
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_refuse_where_an_event_sub_process_at_work_is_gone() -> None:
    # given
    alarm = event_sub_process("ev", event_start("on", on_signal("s")), user_task("c"), end("e3"), flows="on -> c -> e3")
    simulator = simulate(nested("sub", "a", alarm))
    instance = simulator.start("p")
    simulator.signal("alarm")

    # when, then
    migration = migrate(simulator, instance, nested("sub", "a"))
    refused(simulator, instance, migration, ("ELEMENT_NOT_MAPPED", "ev"), ("ELEMENT_NOT_MAPPED", "c"))


# -- loops ------------------------------------------------------------------------------------------------------------


def many(id: str, *boundaries: Element, count: str = "3", sequential: bool = False, flows: str = "") -> bytes:
    loop = multi_instance(cardinality=count, sequential=sequential)
    return draw(user_task(id, loop), *boundaries, flows=f"start -> {id} -> end; {flows}")


def test_should_rename_a_multi_instance_with_its_items() -> None:
    # given
    simulator = simulate(many("a"))
    instance = simulator.start("p")
    simulator.complete("a")

    # when
    target = many("b", boundary("t", "b", timer(duration="PT1H")), user_task("late"), end("e2"),
                  flows="t -> late -> e2")  # fmt: skip
    migration = migrate(simulator, instance, target, {"a": "b"})

    # then
    assert told(migration) == [("EVENT_ARMED", "t")]
    assert len(simulator.timers) == 1
    simulator.complete("b")
    simulator.complete("b")
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_go_on_with_the_rounds_of_a_standard_loop() -> None:
    # given
    simulator = simulate(draw(user_task("a", standard_loop(maximum=3)), flows="start -> a -> end"))
    instance = simulator.start("p")
    simulator.complete("a")

    # when
    target = draw(user_task("b", standard_loop(maximum=2)), flows="start -> b -> end")
    done(migrate(simulator, instance, target, {"a": "b"}))
    simulator.complete("b")

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED


@pytest.mark.parametrize("target", [ALONE, many("a", sequential=True)])
def test_should_refuse_another_kind_of_loop(target: bytes) -> None:
    simulator = simulate(many("a"))
    instance = simulator.start("p")

    migration = migrate(simulator, instance, target, {"a": "a"})

    assert errors(migration)[0] == ("LOOP_DIFFERS", "a")
    assert migration.step.outcome is Outcome.REJECTED


# -- flows and joins --------------------------------------------------------------------------------------------------


def forked(join: str, *branches: str) -> bytes:
    flows = "; ".join(["start -> f", f"{join} -> end", *(f"f -> {branch} -> {join}" for branch in branches)])
    return draw(parallel("f"), *map(user_task, branches), parallel(join), flows=flows)


def test_should_keep_what_has_arrived_at_a_join() -> None:
    # given
    simulator = simulate(forked("j", "a", "b"))
    instance = simulator.start("p")
    simulator.complete("a")

    # when
    migration = migrate(simulator, instance, forked("k", "c", "b"), {"a": "c", "j": "k"})

    # then
    assert e.ScopeMigrated(instance, "p", "p", (("a_j", "c_k"),)) in migration.step.events
    simulator.complete("b")
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_join_where_nothing_is_missing_any_more() -> None:
    # given
    simulator = simulate(forked("j", "a", "b", "c"))
    instance = simulator.start("p")
    simulator.complete("a")
    simulator.complete("b")

    # when
    target = draw(parallel("f"), user_task("a"), user_task("b"), user_task("c"), parallel("j"), end("e2"),
                  flows="start -> f; f -> a -> j; f -> b -> j; f -> c -> e2; j -> end")  # fmt: skip
    done(migrate(simulator, instance, target))

    # then
    assert simulator.active(instance) == ["c"]
    simulator.complete("c")
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_take_the_flow_that_is_given() -> None:
    # given
    simulator = simulate(forked("j", "a", "b"))
    instance = simulator.start("p")
    simulator.complete("a")

    # when
    migration = migrate(simulator, instance, forked("j", "c", "b"), {"a_j": "c_j"})

    # then
    done(migration)
    simulator.complete("b")
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_refuse_where_a_flow_with_a_token_is_gone() -> None:
    # given
    simulator = simulate(forked("j", "a", "b"))
    instance = simulator.start("p")
    simulator.complete("a")

    # when, then
    migration = migrate(simulator, instance, forked("j", "c", "b"))
    refused(simulator, instance, migration, ("FLOW_NOT_MAPPED", "a_j"))


@pytest.mark.parametrize("moves_first", [True, False])
def test_should_remember_what_a_complex_gateway_has_taken(moves_first: bool) -> None:
    # given
    def any_of(join: str, *branches: str) -> bytes:
        gateway = complex_gateway(join, "activationCount >= 1")
        flows = "; ".join(f"f -> {branch} -> {join}" for branch in branches)
        return draw(parallel("f"), *map(user_task, branches), gateway, task("t"),
                    flows=f"start -> f; {flows}; {join} -> t -> end")  # fmt: skip

    simulator = simulate(any_of("j", "a", "b"))
    instance = simulator.start("p")
    if not moves_first:
        simulator.complete("a")

    # when
    done(migrate(simulator, instance, any_of("k", "c", "d"), {"a": "c", "b": "d", "j": "k"}))
    if moves_first:
        simulator.complete("c")
    simulator.complete("d")

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert simulator.trace(instance, "-").count("-t") == 1


def test_should_go_on_after_the_incident_of_a_complex_gateway() -> None:
    # given
    def failing(join: str, condition: str) -> bytes:
        return draw(parallel("f"), user_task("a"), user_task("b"), complex_gateway(join, condition),
                    flows=f"start -> f; f -> a -> {join}; f -> b -> {join}; {join} -> end")  # fmt: skip

    simulator = simulate(failing("j", "1 / x > 2"))
    instance = simulator.start("p", {"x": 0})
    simulator.complete("a")
    [incident] = simulator.incidents

    # when
    done(migrate(simulator, instance, failing("k", "activationCount == 1"), {"j": "k"}))
    assert simulator.incident().element_id == "a_k"
    simulator.resolve(incident)
    simulator.complete("b")

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_start_what_an_ad_hoc_sub_process_has_yet_to_start() -> None:
    # given
    def errands(sub: str, *ids: str) -> bytes:
        return draw(ad_hoc(sub, *map(user_task, ids), sequential=True), flows=f"start -> {sub} -> end")

    simulator = simulate(errands("sub", "a", "b"))
    instance = simulator.start("p")

    # when
    refused(simulator, instance, migrate(simulator, instance, errands("sub", "a")), ("ELEMENT_NOT_MAPPED", "b"))
    done(migrate(simulator, instance, errands("sub2", "c", "d"), {"sub": "sub2", "a": "c", "b": "d"}))
    simulator.complete("c")
    simulator.complete("d")

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED


# -- what waits -------------------------------------------------------------------------------------------------------


def choice(*events: Element, gateway: str = "g") -> bytes:
    flows = "; ".join([f"start -> {gateway}", *(f"{gateway} -> {event.id} -> end" for event in events)])
    return draw(event_based(gateway), *events, flows=flows)


def test_should_wait_behind_an_event_based_gateway_for_what_the_new_version_has() -> None:
    # given
    simulator = simulate(choice(catch("x", on_message("m")), catch("y", timer(duration="PT1H"))))
    instance = simulator.start("p")
    [subscription] = simulator.subscriptions

    # when
    target = choice(catch("x2", on_message("m")), catch("z", on_signal("s")), gateway="h")
    migration = migrate(simulator, instance, target, {"g": "h", "x": "x2"})

    # then
    assert told(migration) == [("EVENT_DISARMED", "y"), ("EVENT_ARMED", "z")]
    assert list(simulator.subscriptions) == [subscription]
    assert simulator.timers == {}
    assert len(simulator.signals) == 1
    assert simulator.publish("m")
    assert simulator.trace(instance, "-")[-2:] == ["-x2", "-end"]


def test_should_keep_the_name_that_a_message_is_awaited_by() -> None:
    # given
    simulator = simulate(draw(receive_task("r", "m"), flows="start -> r -> end"))
    instance = simulator.start("p")

    # when
    done(migrate(simulator, instance, draw(receive_task("r", "n"), flows="start -> r -> end")))

    # then
    assert not simulator.publish("n")
    assert simulator.publish("m")
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_keep_what_is_left_of_a_parallel_multiple_event() -> None:
    # given
    def both(id: str) -> bytes:
        event = catch(id, on_message("m") + on_message("n"))
        event.attributes["parallelMultiple"] = "true"
        return draw(event, flows=f"start -> {id} -> end")

    simulator = simulate(both("c"))
    instance = simulator.start("p")
    simulator.publish("m")

    # when
    done(migrate(simulator, instance, both("d"), {"c": "d"}))

    # then
    assert not simulator.publish("m")
    assert simulator.publish("n")
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_complete_a_call_under_its_new_name() -> None:
    # given
    callee = process("callee", start(), user_task("t"), end(), flows="start -> t -> end")

    def caller(id: str) -> bytes:
        return bpmn_document(process("p", start(), call_activity(id, "callee"), end(), flows=f"start -> {id} -> end"))

    simulator = simulate(caller("c"), bpmn_document(callee))
    instance = simulator.start("p")

    # when
    done(migrate(simulator, instance, caller("d"), {"c": "d"}))
    simulator.complete("t")

    # then
    assert simulator.trace(instance, "-")[-2:] == ["-d", "-end"]


def test_should_refuse_another_way_to_do_what_has_begun() -> None:
    # given
    simulator = simulate(draw(service_task("a", topic="x"), flows="start -> a -> end"))
    instance = simulator.start("p")

    # when, then
    target = draw(service_task("a", expression="${1 + 1}"), flows="start -> a -> end")
    refused(simulator, instance, migrate(simulator, instance, target), ("IMPLEMENTATION_DIFFERS", "a"))


def test_should_evaluate_the_output_mappings_of_the_new_version() -> None:
    # given
    simulator = simulate(ALONE)
    instance = simulator.start("p")

    # when
    target = draw(user_task("a", camunda_io({"in": "1"}, {"out": "${x + 1}"})), flows="start -> a -> end")
    done(migrate(simulator, instance, target))
    simulator.complete("a", {"x": 1})

    # then
    assert simulator.variables(instance)["out"] == 2


def test_should_resolve_an_incident_in_the_new_version() -> None:
    # given
    def script(id: str, text: str) -> bytes:
        return draw(script_task(id, text), flows=f"start -> {id} -> end")

    simulator = simulate(script("a", "y = nothing + 1"))
    instance = simulator.start("p")
    [incident] = simulator.incidents

    # when
    done(migrate(simulator, instance, script("b", "y = 1"), {"a": "b"}))
    assert simulator.incident().element_id == "b"
    simulator.resolve(incident)

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert simulator.variables(instance) == {"y": 1}


# -- compensation -----------------------------------------------------------------------------------------------------


def booking(id: str, handler: str, *, undo: bool = True) -> bytes:
    parts: tuple[Any, ...] = compensated(task(id), user_task(handler)) if undo else (task(id),)
    return draw(*parts, user_task("b"), throw("undo", on_compensation()),
                flows=f"start -> {id} -> b -> undo -> end")  # fmt: skip


def test_should_compensate_by_the_handler_of_the_new_version() -> None:
    # given
    simulator = simulate(booking("book", "cancel"))
    instance = simulator.start("p")

    # when
    migration = migrate(simulator, instance, booking("reserve", "release"), {"book": "reserve"})
    simulator.complete("b")

    # then
    assert e.ScopeMigrated(instance, "p", "p", (), (("book", "reserve"),)) in migration.step.events
    assert [task.element_id for task in simulator.open_tasks()] == ["release"]
    simulator.complete("release")
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_go_on_with_a_handler_at_work() -> None:
    # given
    simulator = simulate(booking("book", "cancel"))
    instance = simulator.start("p")
    simulator.complete("b")

    # when
    mapping = {"book": "reserve", "cancel": "release"}
    done(migrate(simulator, instance, booking("reserve", "release"), mapping))
    simulator.complete("release")

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert simulator.trace(instance, "-")[-3:] == ["-release", "-undo", "-end"]


def test_should_refuse_where_it_could_not_be_compensated_any_more() -> None:
    # given
    simulator = simulate(booking("book", "cancel"))
    instance = simulator.start("p")

    # when, then
    migration = migrate(simulator, instance, booking("book", "", undo=False))
    refused(simulator, instance, migration, ("COMPENSATION_NOT_MAPPED", "book"))


# -- the instance -----------------------------------------------------------------------------------------------------


def test_should_keep_new_conditions_until_a_paused_instance_goes_on() -> None:
    # given
    simulator = simulate(ALONE)
    instance = simulator.start("p", {"x": 3})
    simulator.do(PauseInstance(instance_id=instance))
    graph = compile_document(guarded(boundary("t", "a", on_condition("x > 2")), flows="t -> late"))["p"]

    # when
    migration = simulator.migrate(instance, graph)

    # then
    assert [effect.command.kind for effect in migration.step.effects if hasattr(effect, "command")] == [
        "EVALUATE_CONDITION"
    ]
    assert simulator.status(instance) is InstanceStatus.PAUSED


def test_should_leave_an_ended_instance_alone() -> None:
    simulator = simulate(SIMPLE)
    instance = simulator.start("p")
    simulator.complete("a")

    assert migrate(simulator, instance, SIMPLE).step.outcome is Outcome.GONE
    assert simulator.run_of(instance).instance.version == 1
