"""The samples: every one is clean, drawn, told of, and runs to the ends that its model shows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from connectors.builtin import builtin_connectors
from connectors.registry import Registry
from server.samples import Sample, connector_modules, find_samples
from tests.support.app import App, running_app, wait_until
from tests.support.stores import ManualClock

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
SAMPLES = {sample.name: sample for sample in find_samples()}
each_sample = pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    registry = Registry(builtin_connectors())
    for module in connector_modules():
        registry.add_module(module)
    clock = ManualClock(datetime(2026, 3, 1, 12, tzinfo=UTC))
    with running_app(tmp_path, clock=clock, connectors=list(registry)) as running:
        yield running


def start(app: App, name: str, **changes: Any) -> str:
    script = SAMPLES[name].script
    app.deploy(*SAMPLES[name].models)
    return app.start(script["definitionKey"], script["variables"] | changes)


def test_should_find_the_samples() -> None:
    assert {"loan_approval", "order_fulfilment", "invoice_reminder", "travel_booking"} <= SAMPLES.keys()


@each_sample
def test_should_deploy_without_a_finding(app: App, sample: Sample) -> None:
    deployed = app.deploy(*sample.models)

    assert deployed["findings"] == []
    assert all(definition["executable"] for definition in deployed["definitions"])


@each_sample
def test_should_be_drawn_completely(sample: Sample) -> None:
    for model in sample.models:
        tree = etree.parse(model)
        ids = {
            str(element.get("id"))
            for process in tree.iterfind(f"{BPMN}process")
            for element in process.iter(f"{BPMN}*")
            if etree.QName(element).localname.endswith(("Event", "Task", "Gateway", "Process", "Flow", "Activity"))
            or etree.QName(element).localname == "task"
        }
        drawn = {shape.get("bpmnElement") for shape in tree.iter(f"{DI}BPMNShape", f"{DI}BPMNEdge")}
        assert ids - drawn == set()


@each_sample
def test_should_say_what_it_shows(sample: Sample) -> None:
    readme = (sample.models[0].parent / "README.md").read_text(encoding="utf-8")

    assert len(readme) > 300
    assert sample.script["title"]
    assert sample.script["definitionKey"] in readme


@pytest.mark.parametrize(
    ("income", "reviewed", "end"),
    [
        (6000, None, "loanGranted"),
        (3000, True, "loanGranted"),
        (3000, False, "loanRefused"),
        (1500, None, "loanRefused"),
    ],
    ids=["scored high", "granted in review", "refused in review", "scored low"],
)
def test_loan_approval_should_end_as_scored_and_reviewed(
    app: App, income: int, reviewed: bool | None, end: str
) -> None:
    loan = start(app, "loan_approval", monthlyIncome=income)

    if reviewed is not None:
        task = app.task(loan, "reviewApplication")
        assert task["candidateGroups"] == ["loan-officers"]
        assert [field["id"] for field in task["form"]["fields"]] == ["approved", "comment"]
        assert task["dueDate"].startswith("2026-03-04T12:00")
        app.complete(task, {"approved": reviewed})

    app.ended(loan)
    assert app.completed(loan)[-1] == end


def test_loan_approval_should_raise_an_incident_without_an_income(app: App) -> None:
    loan = start(app, "loan_approval", monthlyIncome=None)

    incident = app.incident(loan)

    assert incident["elementId"] == "scoreApplicant"
    assert "monthlyIncome" in incident["message"]


def test_order_fulfilment_should_agree_on_another_payment_for_a_declined_card(app: App) -> None:
    order = start(app, "order_fulfilment")

    app.complete(app.task(order, "agreePayment"), {"paymentReference": "cash"})
    app.complete(app.task(order, "pickGoods"), {"parcels": 2})

    ended = app.ended(order)
    assert ended["context"]["total"] == 60
    assert ended["context"]["declineReason"] == "The bank refused to pay 60"
    assert ended["context"]["paymentReference"] == "cash"
    assert "declined" in app.completed(order)
    assert "remindWarehouse" not in app.completed(order)


def test_order_fulfilment_should_remind_the_warehouse_after_two_seconds(app: App) -> None:
    order = start(app, "order_fulfilment", payment={"card": "4000 0000 0000 0001"})
    task = app.task(order, "pickGoods")

    app.advance(seconds=2)
    app.at(order, "join", "pickGoods")
    app.complete(task, {"parcels": 1})

    ended = app.ended(order)
    assert ended["context"]["paymentReference"].startswith("card-")
    assert {"remindWarehouse", "reminded", "paid"} <= set(app.completed(order))


def test_invoice_reminder_should_remind_twice_and_find_the_payment_by_its_number(app: App) -> None:
    invoice = start(app, "invoice_reminder")
    other = app.start("invoice-reminder", {"invoice": {"number": "2025-0018", "customer": "Someone else", "amount": 1}})
    app.at(invoice, "awaitPayment")
    app.at(other, "awaitPayment")

    for reminders in (1, 2, 2):
        app.advance(seconds=1)
        _reminders(app, invoice, reminders)
    told = app.publish("payment-received", {"paidAmount": 480}, correlationKey="2025-0017")

    assert told["instanceIds"] == [invoice]
    app.ended(invoice)
    assert app.completed(invoice)[-1] == "invoicePaid"
    assert app.instance(other)["currentState"] == ["awaitPayment"]


def test_invoice_reminder_should_collect_what_was_not_paid(app: App) -> None:
    invoice = start(app, "invoice_reminder")
    app.at(invoice, "awaitPayment")

    app.publish("payment-received", {"paidAmount": 100}, correlationKey="2025-0017")
    task = app.task(invoice, "collectRest")
    app.complete(task)

    assert task["candidateGroups"] == ["accounting"]
    app.ended(invoice)
    assert app.completed(invoice)[-1] == "restCollected"


@pytest.mark.parametrize(("budget", "end"), [(600, "tripDecided"), (2000, "tripBooked")], ids=["dear", "cheap"])
def test_travel_booking_should_choose_a_seat_for_everyone_and_a_hotel(app: App, budget: int, end: str) -> None:
    trip = start(app, "travel_booking", budget=budget)

    tasks = app.tasks(trip)
    for task, seat in zip(tasks, ("1A", "1B", "1C"), strict=True):
        app.complete(task, {"seat": seat})
    if budget < 855:
        app.complete(app.task(trip, "approveCost"))

    ended = app.ended(trip)
    assert sorted(ended["context"]["seats"]) == ["1A", "1B", "1C"]
    assert ended["context"]["hotel"] == "Garden Hotel"
    assert ended["context"]["hotel_cost"] == 855
    assert app.completed(trip)[-1] == end
    assert [child["definitionKey"] for child in app.instances(definitionKey="hotel-booking")] == ["hotel-booking"]


def _reminders(app: App, invoice: str, count: int) -> None:
    app.at(invoice, "awaitPayment")
    wait_until(lambda: app.completed(invoice).count("reminderSent") == count, what=f"{count} reminders")
