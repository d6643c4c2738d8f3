"""Service task: a job for a connector, or an expression evaluated in the step."""

from __future__ import annotations

import pytest

from bpmn.runtime import commands as c
from bpmn.runtime.engine import Outcome
from bpmn.runtime.state import InstanceStatus
from tests.support.models import (
    Element,
    camunda_io,
    end,
    extension,
    model,
    service_task,
    start,
    user_task,
    zeebe_task,
)
from tests.support.simulation import simulate

pytestmark = [
    pytest.mark.element(
        "serviceTask", "external topic, job type, class, delegate: a job; an expression: evaluated, or a job"
    ),
]


SUM_ONLY = '<zeebe:ioMapping><zeebe:output source="=sum" target="total"/></zeebe:ioMapping>'


def one(element: Element) -> bytes:
    return model(start(), element, end(), flows=f"start -> {element.id} -> end")


def test_should_hand_out_a_job_and_go_on_with_its_result() -> None:
    # given
    simulator = simulate(one(service_task("charge", topic="payment")))
    instance = simulator.start("p", {"amount": 3})
    (job,) = simulator.open_jobs("payment")
    assert (job.element_id, job.retries, job.mapped) == ("charge", 3, False)

    # when
    simulator.complete_job(job.id, {"receipt": "r1"})

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert simulator.variables(instance) == {"amount": 3, "receipt": "r1"}


def test_should_apply_a_result_only_once() -> None:
    # given
    simulator = simulate(model(start(), service_task("a"), user_task("b"), end(), flows="start -> a -> b -> end"))
    instance = simulator.start("p")
    (job,) = simulator.open_jobs()
    done = c.CompleteJob(instance_id=instance, scope_id=job.scope_id, job_id=job.id, token_id=job.token_id)
    simulator.do(done)

    # when
    outcome = simulator.do(done)

    # then
    assert outcome is Outcome.GONE
    assert simulator.active(instance) == ["b"]


@pytest.mark.parametrize(
    ("attributes", "type"),
    [
        ({"class": "org.example.Mail"}, "org.example.Mail"),
        ({"delegate_expression": "${mailer}"}, "mailer"),
        ({"delegate_expression": "${chosen.concat('Bean')}"}, "mailBean"),
        ({"type": "external", "topic": "${chosen}"}, "mail"),
        ({"expression": "${mailer.send(chosen)}"}, "mailer.send"),
    ],
)
def test_should_make_a_job_of_what_it_cannot_evaluate(attributes: dict[str, str], type: str) -> None:
    # given
    simulator = simulate(one(service_task("a", **attributes)))

    # when
    simulator.start("p", {"chosen": "mail"})

    # then
    (job,) = simulator.open_jobs()
    assert job.type == type
    if type == "mailer.send":
        assert job.headers["arguments"] == ["mail"]


def test_should_evaluate_an_expression_and_keep_its_result() -> None:
    # given
    simulator = simulate(one(service_task("a", expression="${amount * 2}", result_variable="twice")))

    # when
    instance = simulator.start("p", {"amount": 3})

    # then
    assert simulator.variables(instance) == {"amount": 3, "twice": 6}
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_call_a_registered_handler_in_the_step() -> None:
    # given
    simulator = simulate(
        one(service_task("a", expression="${tax(amount)}", result_variable="tax")),
        handlers={"tax": lambda amount: amount / 10},
    )

    # when
    instance = simulator.start("p", {"amount": 30})

    # then
    assert simulator.variables(instance)["tax"] == 3
    assert not simulator.open_jobs()


@pytest.mark.parametrize(("answer", "value"), [({"result": 5}, 5), ({"a": 1, "b": 2}, {"a": 1, "b": 2})])
def test_should_put_the_answer_of_a_job_into_the_result_variable(answer: dict[str, int], value: object) -> None:
    # given
    simulator = simulate(one(service_task("a", expression="${bean.work()}", result_variable="out")))
    instance = simulator.start("p")

    # when
    simulator.complete("a", answer)

    # then
    assert simulator.variables(instance) == {"out": value}


def test_should_keep_a_local_result_from_the_process() -> None:
    # given a result that is only wanted by the output mapping (Flowable: useLocalScopeForResultVariable)
    io = extension(
        '<camunda:inputOutput><camunda:inputParameter name="out">none</camunda:inputParameter>'
        '<camunda:outputParameter name="copy">${out}</camunda:outputParameter></camunda:inputOutput>'
    )
    simulator = simulate(
        one(
            service_task(
                "a",
                io,
                expression="${bean.work()}",
                result_variable="out",
                use_local_scope_for_result_variable="true",
            )
        )
    )
    instance = simulator.start("p")

    # when
    simulator.complete("a", {"result": 5})

    # then
    assert simulator.variables(instance) == {"copy": 5}


def test_should_send_headers_and_only_mapped_variables() -> None:
    # given
    headers = '<zeebe:taskHeaders><zeebe:header key="template" value="welcome"/></zeebe:taskHeaders>'
    io = '<zeebe:ioMapping><zeebe:input source="=name" target="who"/></zeebe:ioMapping>'
    simulator = simulate(one(zeebe_task("a", type="mail", io=headers + io)))

    # when
    simulator.start("p", {"name": "ann"})

    # then
    (job,) = simulator.open_jobs("mail")
    assert job.headers == {"template": "welcome"}
    assert job.mapped
    assert next(run for run in simulator.runs.values()).variables[job.scope_id] == {"who": "ann"}


def test_should_count_retries_and_raise_an_incident_when_they_are_used_up() -> None:
    # given
    simulator = simulate(one(service_task("a")))
    instance = simulator.start("p")
    (job,) = simulator.open_jobs()

    def fail(retries: int) -> None:
        simulator.do(
            c.FailJob(
                instance_id=instance,
                scope_id=job.scope_id,
                job_id=job.id,
                token_id=job.token_id,
                message="no answer",
                attempt=1,
                retries=retries,
            )
        )

    # when
    fail(1)
    assert not simulator.incidents
    fail(0)

    # then
    incident = simulator.incident()
    assert (incident.kind, incident.message, incident.job_id) == ("JOB_RETRIES_EXHAUSTED", "no answer", job.id)

    # when
    simulator.resolve(incident.id)

    # then the job is due again
    assert not simulator.incidents
    (update,) = simulator.effects_of_last_step[-1:]
    assert (update.id, update.retries, update.due_in_seconds) == (job.id, 1, 0.0)
    simulator.complete("a")
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_close_the_incident_when_the_result_comes_after_all() -> None:
    # given
    simulator = simulate(one(service_task("a")))
    instance = simulator.start("p")
    (job,) = simulator.open_jobs()
    simulator.do(
        c.FailJob(
            instance_id=instance,
            scope_id=job.scope_id,
            job_id=job.id,
            token_id=job.token_id,
            message="late",
            attempt=1,
            retries=0,
        )
    )
    assert simulator.incidents

    # when
    simulator.complete("a")

    # then
    assert not simulator.incidents
    assert simulator.status(instance) is InstanceStatus.COMPLETED


@pytest.mark.parametrize(
    ("retries", "expected"), [("5", (5, ())), ("R3/PT10S", (3, (10.0,))), ("PT10S,PT1M", (3, (10.0, 60.0)))]
)
def test_should_take_retries_as_vendors_write_them(retries: str, expected: tuple[int, tuple[float, ...]]) -> None:
    # given
    extensions = extension(f"<camunda:failedJobRetryTimeCycle>{retries}</camunda:failedJobRetryTimeCycle>")

    # when
    simulator = simulate(one(service_task("a", extensions, type="external", topic="t")))
    simulator.start("p")

    # then
    (job,) = simulator.open_jobs()
    assert (job.retries, job.backoff_seconds) == expected


@pytest.mark.parametrize(
    ("variables", "skipped"),
    [
        ({"skip": True, "_FLOWABLE_SKIP_EXPRESSION_ENABLED": True}, True),
        ({"skip": True, "_ACTIVITI_SKIP_EXPRESSION_ENABLED": True}, True),
        ({"skip": False, "_FLOWABLE_SKIP_EXPRESSION_ENABLED": True}, False),
        ({"skip": True}, False),
        ({"skip": True, "_FLOWABLE_SKIP_EXPRESSION_ENABLED": "true"}, False),
    ],
)
def test_should_skip_only_where_skip_expressions_are_switched_on(variables: dict[str, object], skipped: bool) -> None:
    # given
    simulator = simulate(one(service_task("a", delegate_expression="${bean}", skip_expression="${skip}")))

    # when
    instance = simulator.start("p", variables)

    # then
    assert (simulator.status(instance) is InstanceStatus.COMPLETED) == skipped
    assert bool(simulator.open_jobs()) != skipped


def test_should_build_lists_and_maps_of_input_parameters() -> None:
    # given
    io = extension(
        '<camunda:inputOutput><camunda:inputParameter name="order"><camunda:map>'
        '<camunda:entry key="id">${id}</camunda:entry>'
        '<camunda:entry key="tags"><camunda:list><camunda:value>new</camunda:value>'
        "<camunda:value>${tag}</camunda:value></camunda:list></camunda:entry>"
        "</camunda:map></camunda:inputParameter></camunda:inputOutput>"
    )
    simulator = simulate(one(service_task("a", io, type="external", topic="t")))

    # when
    instance = simulator.start("p", {"id": 7, "tag": "urgent"})

    # then
    (job,) = simulator.open_jobs()
    assert simulator.run_of(instance).variables[job.scope_id] == {"order": {"id": 7, "tags": ["new", "urgent"]}}


def test_should_keep_results_from_the_process_where_zeebe_outputs_say_what_goes_out() -> None:
    # given
    simulator = simulate(one(zeebe_task("a", io=SUM_ONLY)))
    instance = simulator.start("p")

    # when
    simulator.complete("a", {"sum": 4, "noise": 1})

    # then
    assert simulator.variables(instance) == {"total": 4}


def test_should_merge_all_results_where_camunda_outputs_name_some() -> None:
    # given
    simulator = simulate(one(service_task("a", camunda_io(outputs={"total": "${sum}"}), type="external", topic="t")))
    instance = simulator.start("p")

    # when
    simulator.complete("a", {"sum": 4, "noise": 1})

    # then
    assert simulator.variables(instance) == {"sum": 4, "noise": 1, "total": 4}
