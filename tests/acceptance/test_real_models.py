"""Real models of other products, as their authors drew them, deployed and run to the end over HTTP.

What the Java examples do in delegates, beans and external task clients is done here by handlers, connectors and
pulled jobs; what they assert (variables, assignees, order) is asserted here.
"""

from __future__ import annotations

from typing import Any

import pytest

from connectors.connector import connector
from connectors.errors import BpmnError
from connectors.job import Job
from tests.acceptance.conftest import RunApp
from tests.support.app import App, wait_until
from tests.support.corpus import corpus

CAMUNDA = "camunda7/examples"
FLOWABLE = "flowable/examples"
LOAN_GRANTING = (
    f"{CAMUNDA}/spring-boot-starter/external-task-client/loan-granting-spring-boot-webapp/bpmn/loan-granting.bpmn"
)
ORDER_HANDLING = f"{CAMUNDA}/clients/java/order-handling/order-handling.bpmn"
FORM_LOAN_APPROVAL = f"{CAMUNDA}/usertask/task-form-embedded/loanApproval.bpmn"
REST_LOAN_APPROVAL = f"{CAMUNDA}/deployment/embedded-spring-rest/loanApproval.bpmn"
INVOICE_APPROVAL = f"{CAMUNDA}/usertask/task-camunda-forms/invoiceApproval.bpmn"
JOB_ANNOUNCEMENT = f"{CAMUNDA}/testing/assert/job-announcement-publication-process/camunda-testing-job-announcement"
VACATION_REQUEST = f"{FLOWABLE}/taskforms/VacationRequest.bpmn20.xml"
VACATION_REQUEST_BY_FORM_KEY = f"{FLOWABLE}/taskforms/VacationRequest_deprecated_forms.bpmn20.xml"
FINANCIAL_REPORT = f"{FLOWABLE}/bpmn/usertask/FinancialReportProcess.bpmn20.xml"
REVIEW_SALES_LEAD = f"{FLOWABLE}/bpmn/event/error/reviewSalesLead.bpmn20.xml"
ORDER = f"{FLOWABLE}/bpmn/callactivity/orderProcess.bpmn20.xml"
CHECK_CREDIT = f"{FLOWABLE}/bpmn/callactivity/checkCreditProcess.bpmn20.xml"

pytestmark = pytest.mark.acceptance


def deploy(app: App, *paths: str) -> Any:
    deployed = app.deploy(*(corpus() / path for path in paths))
    assert all(definition["executable"] for definition in deployed["definitions"])
    assert [finding for finding in deployed["findings"] if finding["severity"] == "ERROR"] == []
    return deployed


def count(events: list[Any], type: str, element: str) -> int:
    return sum(event["type"] == type and event.get("elementId") == element for event in events)


# -- loan-granting.bpmn: cron timer start, script in an input mapping, parallel multi-instance sub-process ------------


def test_should_start_granting_loans_every_five_seconds(app: App) -> None:
    deploy(app, LOAN_GRANTING)
    assert app.instances() == []

    app.advance(seconds=4)
    app.advance(seconds=1)
    [first] = wait_until(app.instances, what="a first instance")
    assert (first["definitionKey"], first["status"], first["startedAt"]) == (
        "loan_process", "RUNNING", "2026-03-01T12:00:05Z",
    )  # fmt: skip
    assert app.instance(first["id"])["currentState"] == ["Task_1lvjtd4"]

    app.advance(seconds=5)
    wait_until(lambda: len(app.instances()) == 2, what="a second instance")


def test_should_grant_and_reject_loans_by_score_with_pulled_jobs(app: App) -> None:
    deploy(app, LOAN_GRANTING)
    loan = app.start("loan_process")
    assert app.context(loan) == {"defaultScore": 5}, "set by JavaScript in the input mapping"

    [check] = app.activate("creditScoreChecker")
    assert (check["instanceId"], check["elementId"], check["definitionKey"]) == (loan, "Task_1lvjtd4", "loan_process")
    app.finish(check, {"creditScores": [check["variables"].get("defaultScore", 5), 9, 1, 10]})

    grants = app.activate("loanGranter", count=2)
    rejections = app.activate("requestRejecter", count=2)
    assert sorted(job["variables"]["score"] for job in grants) == [9, 10]
    assert sorted(job["variables"]["score"] for job in rejections) == [1, 5]
    for job in (*grants, *rejections[:1]):
        app.finish(job)
    assert app.instance(loan)["currentState"] == ["SubProcess_16kr5xn", "Task_0j0sjlk"]
    app.finish(rejections[1])

    done = app.ended(loan)
    assert done["context"] == {"defaultScore": 5, "creditScores": [5, 9, 1, 10]}
    history = app.history(loan)
    assert count(history, "ELEMENT_COMPLETED", "Task_0v4gadf") == 2
    assert count(history, "ELEMENT_COMPLETED", "Task_0j0sjlk") == 2
    assert count(history, "SEQUENCE_FLOW_TAKEN", "SequenceFlow_17zmvol") == 2
    assert [event["seq"] for event in history] == list(range(1, len(history) + 1))


def test_should_grant_loans_by_connectors_over_the_bus(run_app: RunApp) -> None:
    seen: list[tuple[str, int]] = []

    @connector("creditScoreChecker")
    def check(job: Job) -> dict[str, Any]:
        return {"creditScores": [3, 8]}

    @connector("loanGranter", "requestRejecter")
    def decide(job: Job) -> None:
        seen.append((job.type, job.variables["score"]))

    app = run_app(connectors=[check, decide])
    deploy(app, LOAN_GRANTING)
    app.advance(seconds=5)
    [loan] = wait_until(app.instances, what="an instance")

    app.ended(loan["id"])

    assert sorted(seen) == [("loanGranter", 8), ("requestRejecter", 3)]


def test_should_end_at_once_without_any_loan_request(app: App) -> None:
    deploy(app, LOAN_GRANTING)
    loan = app.start("loan_process")
    [check] = app.activate("creditScoreChecker")
    app.finish(check, {"creditScores": []})

    app.ended(loan)

    assert app.completed(loan)[-2:] == ["SubProcess_16kr5xn", "EndEvent_0q9wl5o"]


# -- order-handling.bpmn: cron timer start, conditional boundary event on a sub-process -------------------------------


def test_should_archive_the_invoice_when_its_id_is_known(app: App) -> None:
    deploy(app, ORDER_HANDLING)
    app.advance(seconds=5)
    [order] = wait_until(app.instances, what="an instance")

    [create] = app.activate("invoiceCreator")
    app.finish(create, {"invoiceId": "A-1"})
    [archive] = app.activate("invoiceArchiver")
    assert archive["variables"]["invoiceId"] == "A-1"
    assert app.instance(order["id"])["currentState"] == ["Task_1yjkccw"]
    app.finish(archive)

    app.ended(order["id"])
    history = app.history(order["id"])
    assert count(history, "ELEMENT_TERMINATED", "Task_1nbdup3") == 1, "the boundary event interrupts"
    assert count(history, "ELEMENT_COMPLETED", "BoundaryEvent_1y1bvad") == 1
    assert app.completed(order["id"])[-2:] == ["Task_1yjkccw", "EndEvent_0q2wrcp"]


def test_should_not_archive_an_order_without_invoice(app: App) -> None:
    deploy(app, ORDER_HANDLING)
    order = app.start("Order_Process")
    [create] = app.activate("invoiceCreator")
    app.finish(create)

    app.ended(order)

    assert app.completed(order)[-1] == "EndEvent_00asnpf"
    assert app.no_job("invoiceArchiver")


def test_should_archive_an_invoice_that_an_operator_enters(app: App) -> None:
    deploy(app, ORDER_HANDLING)
    order = app.start("Order_Process")
    app.activate("invoiceCreator")

    app.call("PATCH", f"/instances/{order}/variables", {"invoiceId": 77})

    [archive] = app.activate("invoiceArchiver")
    assert archive["variables"]["invoiceId"] == 77
    app.finish(archive)
    app.ended(order)


def test_should_handle_orders_by_connectors_over_the_bus(run_app: RunApp) -> None:
    archived: list[str] = []

    @connector("invoiceCreator")
    def create(job: Job) -> dict[str, Any]:
        return {"invoiceId": f"invoice of {job.instance_id}"}

    @connector("invoiceArchiver")
    def archive(job: Job) -> None:
        archived.append(job.variables["invoiceId"])

    app = run_app(connectors=[create, archive])
    deploy(app, ORDER_HANDLING)
    app.advance(seconds=5)
    [order] = wait_until(app.instances, what="an instance")

    app.ended(order["id"])

    assert archived == [f"invoice of {order['id']}"]


# -- loanApproval.bpmn (two), invoiceApproval.bpmn --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "key", "name", "form"),
    [
        (FORM_LOAN_APPROVAL, "embeddedFormsQuickstart", "Approve Request", "embedded:app:task-form.html"),
        (INVOICE_APPROVAL, "camundaFormsQuickstart", "Approve Invoice", "camunda-forms:app:task-form.form"),
    ],
)
def test_should_have_demo_approve(app: App, path: str, key: str, name: str, form: str) -> None:
    deploy(app, path)
    instance = app.start(key, {"firstname": "Ann", "amount": 30.5}, businessKey="B-1")

    task = app.task(instance, "UserTask_1")
    assert (task["name"], task["assignee"], task["status"], task["businessKey"]) == (name, "demo", "CLAIMED", "B-1")
    assert task["form"]["key"] == form
    assert app.get(f"/tasks/{task['id']}")["variables"] == {"firstname": "Ann", "amount": 30.5}
    assert [found["id"] for found in app.tasks(assignee="demo")] == [task["id"]]
    app.complete(task, {"approved": True})

    done = app.ended(instance)
    assert done["context"] == {"firstname": "Ann", "amount": 30.5, "approved": True}
    assert app.completed(instance) == ["StartEvent_1", "UserTask_1", "EndEvent_1"]
    app.complete(task, status=409)


def test_should_calculate_interest_by_a_connector_named_as_the_bean(run_app: RunApp) -> None:
    @connector("calculateInterestService")
    def calculate(job: Job) -> dict[str, Any]:
        return {"interest": job.variables["amount"] * 0.05}

    app = run_app(connectors=[calculate])
    deploy(app, REST_LOAN_APPROVAL)

    loan = app.start("loanApproval", {"amount": 2000})

    assert app.ended(loan)["context"] == {"amount": 2000, "interest": 100.0}


def test_should_calculate_interest_by_a_pulled_job(app: App) -> None:
    deploy(app, REST_LOAN_APPROVAL)
    loan = app.start("loanApproval", {"amount": 2000})
    [job] = app.activate("calculateInterestService")
    assert (job["elementId"], job["variables"]) == ("ServiceTask_1", {"amount": 2000})

    app.finish(job, {"interest": 100})

    assert app.ended(loan)["context"]["interest"] == 100


# -- camunda-testing-job-announcement: bean calls in JUEL, a loop, a call activity ------------------------------------


class JobAnnouncementService:
    """The bean of the Java example."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []

    def findRequester(self, id: Any) -> str:
        return "gonzo"

    def findEditor(self, id: Any) -> str:
        return "fozzie"

    def postToWebsite(self, id: Any) -> None:
        self.calls.append(("website", id))

    def postToTwitter(self, id: Any) -> None:
        self.calls.append(("twitter", id))

    def postToFacebook(self, id: Any) -> None:
        self.calls.append(("facebook", id))

    def notifyAboutPostings(self, id: Any) -> None:
        self.calls.append(("mail", id))


@pytest.mark.parametrize(
    ("channels", "posted"),
    [
        ({"twitter": True, "facebook": True}, {"website", "twitter", "facebook"}),
        ({"twitter": True, "facebook": False}, {"website", "twitter"}),
        ({"twitter": False, "facebook": True}, {"website", "facebook"}),
        ({"twitter": False, "facebook": False}, {"website"}),
    ],
)
def test_should_announce_a_job_where_it_was_chosen(
    run_app: RunApp, channels: dict[str, bool], posted: set[str]
) -> None:
    service = JobAnnouncementService()
    app = run_app(handlers={"jobAnnouncementService": service})
    deploy(app, f"{JOB_ANNOUNCEMENT}.bpmn", f"{JOB_ANNOUNCEMENT}-publication.bpmn")
    job = app.start("camunda-testing-job-announcement", {"jobAnnouncementId": 42})

    edit = app.task(job, "edit")
    assert (edit["candidateGroups"], edit["assignee"]) == (["engineering"], None)
    app.post(f"/tasks/{edit['id']}/claim", {"assignee": "fozzie"})
    app.complete(edit)
    review = app.task(job, "review")
    assert review["assignee"] == "gonzo", "jobAnnouncementService.findRequester(jobAnnouncementId)"
    app.complete(review, {"approved": False})
    correct = app.task(job, "correct")
    assert correct["assignee"] == "fozzie"
    app.complete(correct)
    app.complete(app.task(job, "review"), {"approved": True})
    publish = app.task(job, "publish")
    assert publish["candidateGroups"] == ["engineering"]
    app.complete(publish, channels)

    app.ended(job)
    assert service.calls[0] == ("website", 42)
    assert service.calls[-1] == ("mail", 42)
    assert sorted(service.calls[1:-1]) == sorted((name, 42) for name in posted - {"website"})
    assert [e for e in app.completed(job) if e in ("edit", "review", "correct", "publish", "publication", "mail")] == [
        "edit", "review", "correct", "review", "publish", "publication", "mail",
    ]  # fmt: skip
    [publication] = app.instances(definitionKey="camunda-testing-job-announcement-publication")
    assert (publication["parentInstanceId"], publication["parentElementId"]) == (job, "publication")
    assert app.ended(publication["id"])["context"] == {"jobAnnouncementId": 42, **channels}


# -- VacationRequest (two) --------------------------------------------------------------------------------------------

REQUEST = {"numberOfDays": 4, "startDate": "2026-04-01", "vacationMotivation": "I need a break!"}


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        (VACATION_REQUEST, {
            "handleRequest": [("vacationApproved", "enum"), ("managerMotivation", "string")],
            "adjustVacationRequestTask": [
                ("numberOfDays", "long"), ("startDate", "date"), ("vacationMotivation", "string"),
                ("resendRequest", "enum")],
        }),
        (VACATION_REQUEST_BY_FORM_KEY, {
            "handleRequest": "org/flowable/examples/taskforms/approve.form",
            "adjustVacationRequestTask": "org/flowable/examples/taskforms/adjustRequest.form",
        }),
    ],
)  # fmt: skip
def test_should_send_a_vacation_request_until_it_is_approved(app: App, path: str, fields: dict[str, Any]) -> None:
    deploy(app, path)
    variables = REQUEST if path == VACATION_REQUEST else REQUEST | {"employeeName": "admin"}
    vacation = app.start("vacationRequest", variables)

    task = app.task(vacation, "handleRequest")
    assert (task["candidateGroups"], task["assignee"]) == (["management"], None)
    assert form_of(task) == fields["handleRequest"]
    app.complete(task, {"vacationApproved": "false", "managerMotivation": "We have a tight deadline!"})

    adjust = app.task(vacation, "adjustVacationRequestTask")
    assert adjust["assignee"] == "admin", "who started it"
    assert form_of(adjust) == fields["adjustVacationRequestTask"]
    app.complete(adjust, {"resendRequest": "true", "numberOfDays": 2})
    app.complete(app.task(vacation, "handleRequest"), {"vacationApproved": "true"})

    done = app.ended(vacation)
    assert done["context"]["employeeName"] == "admin"
    assert done["context"]["numberOfDays"] == 2
    assert app.completed(vacation)[-2:] == ["sendApprovalMail", "theEnd1"]


@pytest.mark.parametrize("path", [VACATION_REQUEST, VACATION_REQUEST_BY_FORM_KEY])
def test_should_end_a_vacation_request_that_is_not_sent_again(app: App, path: str) -> None:
    deploy(app, path)
    vacation = app.start("vacationRequest", REQUEST | {"employeeName": "kermit"})
    app.complete(app.task(vacation, "handleRequest"), {"vacationApproved": "false", "managerMotivation": "No"})
    app.complete(app.task(vacation, "adjustVacationRequestTask"), {"resendRequest": "false"})

    app.ended(vacation)

    assert app.completed(vacation)[-1] == "theEnd2"


def test_should_show_the_fields_of_a_form_with_their_values(app: App) -> None:
    deploy(app, VACATION_REQUEST)
    vacation = app.start("vacationRequest", REQUEST)
    approve = app.task(vacation, "handleRequest")["form"]["fields"][0]
    assert (approve["id"], approve["label"], approve["required"]) == (
        "vacationApproved", "Do you approve this vacation", True,
    )  # fmt: skip
    assert [(value["id"], value["name"]) for value in approve["values"]] == [("true", "Approve"), ("false", "Reject")]

    app.complete(app.task(vacation, "handleRequest"), {"vacationApproved": "false", "managerMotivation": "No"})

    adjust = app.task(vacation, "adjustVacationRequestTask")["form"]["fields"]
    assert [field.get("defaultValue") for field in adjust] == [4, "2026-04-01", "I need a break!", None]


def test_should_leave_a_field_empty_whose_default_names_an_optional_variable(app: App) -> None:
    deploy(app, VACATION_REQUEST)
    vacation = app.start("vacationRequest", {"numberOfDays": 4, "startDate": "2026-04-01"})

    app.complete(app.task(vacation, "handleRequest"), {"vacationApproved": "false"})

    adjust = app.task(vacation, "adjustVacationRequestTask")["form"]["fields"]
    assert [field.get("defaultValue") for field in adjust] == [4, "2026-04-01", None, None]


def form_of(task: Any) -> Any:
    form = task["form"]
    return form["key"] if form.get("key") else [(field["id"], field["type"]) for field in form["fields"]]


# -- FinancialReportProcess -------------------------------------------------------------------------------------------


def test_should_have_the_financial_report_written_and_verified(app: App) -> None:
    deploy(app, FINANCIAL_REPORT)
    fozzie = _user(app, "fozzie", "accountancy")
    kermit = _user(app, "kermit", "management")
    report = app.start("financialReport")

    [task] = app.tasks(candidateGroup="accountancy")
    assert (task["name"], task["elementId"]) == ("Write monthly financial report", "writeReportTask")
    assert app.call("GET", "/tasks", token=kermit)["items"] == [], "another group's task"
    app.call("POST", f"/tasks/{task['id']}/claim", {}, token=kermit, status=404)
    app.call("POST", f"/tasks/{task['id']}/claim", {}, token=fozzie)
    assert app.call("GET", "/tasks?assignee=fozzie", token=fozzie)["items"][0]["status"] == "CLAIMED"
    app.call("POST", f"/tasks/{task['id']}/complete", {}, token=fozzie)

    verify = app.task(report, "verifyReportTask")
    assert (verify["name"], verify["candidateGroups"]) == ("Verify monthly financial report", ["management"])
    app.call("POST", f"/tasks/{verify['id']}/claim", {}, token=kermit)
    app.call("POST", f"/tasks/{verify['id']}/complete", {}, token=kermit)

    app.ended(report)
    assert app.completed(report) == ["theStart", "writeReportTask", "verifyReportTask", "theEnd"]


def _user(app: App, name: str, *groups: str) -> str:
    token: str = app.post("/tokens", {"name": name, "roles": ["user"], "groups": list(groups)})["token"]
    return token


# -- reviewSalesLead: an error end event inside a sub-process, caught at its boundary ---------------------------------


def test_should_ask_for_details_until_there_is_enough_information(app: App) -> None:
    deploy(app, REVIEW_SALES_LEAD)
    lead = app.start("reviewSaledLead")

    first = app.task(lead, "provideNewSalesLead")
    assert first["assignee"] == "admin"
    assert form_of(first) == [("customerName", "string"), ("potentialProfit", "long"), ("details", "string")]
    app.complete(first, {"customerName": "Alfresco", "potentialProfit": 9000, "details": "none yet"})

    rating = app.task(lead, "reviewCustomerRating")
    profit = app.task(lead, "reviewProfitability")
    assert (rating["candidateGroups"], profit["candidateGroups"]) == (["accountancy"], ["management"])
    assert sorted(app.instance(lead)["currentState"]) == [
        "reviewCustomerRating", "reviewProfitability", "reviewSalesLeadSubProcess",
    ]  # fmt: skip
    app.complete(profit, {"notEnoughInformation": "true"})

    details = app.task(lead, "provideAdditionalDetails")
    assert app.instance(lead)["currentState"] == ["provideAdditionalDetails"]
    assert app.get(f"/tasks/{rating['id']}")["status"] == "CANCELLED", "the error ends the whole sub-process"
    app.complete(rating, status=409)
    assert details["assignee"] == "admin"
    app.complete(details, {"details": "much more"})

    app.complete(app.task(lead, "reviewCustomerRating"))
    assert "reviewSalesLeadSubProcess" in app.instance(lead)["currentState"]
    app.complete(app.task(lead, "reviewProfitability"), {"notEnoughInformation": "false"})

    done = app.ended(lead)
    assert done["context"]["details"] == "much more"
    history = app.history(lead)
    assert count(history, "ELEMENT_TERMINATED", "reviewSalesLeadSubProcess") == 1
    assert count(history, "ELEMENT_COMPLETED", "reviewSalesLeadSubProcess") == 1
    thrown = [event for event in history if event["type"] == "ERROR_THROWN"]
    assert [(event["elementId"], event["data"]["errorCode"]) for event in thrown] == [
        ("notEnoughInformationEnd", "not_enough_info")
    ]
    assert app.completed(lead)[-2:] == ["storeLeadInCrmSystem", "processEnd"]


# -- orderProcess and checkCreditProcess: a call activity -------------------------------------------------------------


def test_should_ship_an_order_when_its_credit_was_checked(app: App) -> None:
    deploy(app, ORDER, CHECK_CREDIT)
    order = app.start("orderProcess")
    [check] = wait_until(lambda: app.instances(definitionKey="checkCreditProcess"), what="the called instance")
    assert (check["parentInstanceId"], check["rootInstanceId"], check["parentElementId"]) == (
        order, order, "callCheckCreditProcess",
    )  # fmt: skip
    assert app.instance(order)["currentState"] == ["callCheckCreditProcess"]

    app.complete(app.task(check["id"], "verifyCreditHistoryTask"), {"creditApproved": True})

    app.ended(check["id"])
    app.complete(app.task(order, "prepareAndShipTask"))
    app.ended(order)
    assert app.completed(check["id"])[-1] == "normalEnd"
    assert app.completed(order) == [
        "theStart", "receiveOrder", "callCheckCreditProcess", "prepareAndShipTask", "theEnd",
    ]  # fmt: skip


def test_should_contact_the_customer_whose_credit_is_refused(app: App) -> None:
    deploy(app, ORDER, CHECK_CREDIT)
    order = app.start("orderProcess")
    [check] = wait_until(lambda: app.instances(definitionKey="checkCreditProcess"), what="the called instance")

    app.complete(app.task(check["id"], "verifyCreditHistoryTask"), {"creditApproved": False})
    contact = app.task(check["id"], "contactCustomerTask")
    assert contact["name"] == "Contact customer for further information"
    app.complete(contact)

    app.ended(check["id"])
    assert app.completed(check["id"])[-1] == "customerContactedEnd"
    app.complete(app.task(order, "prepareAndShipTask"))
    app.ended(order)


def test_should_raise_an_incident_when_the_called_process_is_not_deployed_and_go_on_when_it_is(app: App) -> None:
    deploy(app, ORDER)
    order = app.start("orderProcess")
    incident = app.incident(order)
    assert incident["elementId"] == "callCheckCreditProcess"
    assert "checkCreditProcess" in incident["message"]
    assert app.instance(order)["status"] == "RUNNING"

    deploy(app, CHECK_CREDIT)
    app.resolve(incident)

    [check] = wait_until(lambda: app.instances(definitionKey="checkCreditProcess"), what="the called instance")
    app.complete(app.task(check["id"], "verifyCreditHistoryTask"), {"creditApproved": True})
    app.complete(app.task(order, "prepareAndShipTask"))
    app.ended(order)


def test_should_cancel_the_called_instance_with_its_caller(app: App) -> None:
    deploy(app, ORDER, CHECK_CREDIT)
    order = app.start("orderProcess")
    [check] = wait_until(lambda: app.instances(definitionKey="checkCreditProcess"), what="the called instance")
    task = app.task(check["id"], "verifyCreditHistoryTask")

    app.post(f"/instances/{order}/cancel", {"reason": "no longer wanted"})

    app.ended(order, "CANCELLED")
    app.ended(check["id"], "CANCELLED")
    app.complete(task, status=409)


def test_should_take_a_bpmn_error_of_a_worker_as_unhandled_where_nothing_catches_it(run_app: RunApp) -> None:
    @connector("calculateInterestService")
    def refuse(job: Job) -> None:
        raise BpmnError("TOO_RISKY", "not with this amount")

    app = run_app(connectors=[refuse])
    deploy(app, REST_LOAN_APPROVAL)
    loan = app.start("loanApproval")

    incident = app.incident(loan)

    assert (incident["elementId"], incident["errorCode"]) == ("ServiceTask_1", "TOO_RISKY")
    assert app.instance(loan)["status"] == "RUNNING"
