"""Decisions over HTTP: versions, documents, evaluation."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from werkzeug.test import TestResponse

from tests.bpmn.dmn.support import decision, document, literal, required, table
from tests.support.api import Api
from tests.support.api import document as process

RATES = document(
    decision("rate", table([(["> 100"], ['"low"']), (["<= 100"], ['"high"'])], inputs=["amount"]))
    + decision("offer", literal("upper case(rate)"), requires=required("rate"))
)
CHANGED = RATES.replace(b"low", b"lower")


def deploy(api: Api, *files: tuple[str, bytes], **fields: str) -> TestResponse:
    data: dict[str, Any] = {"files": [(BytesIO(content), name) for name, content in files], **fields}
    return api.client().post("/api/v1/deployments", data=data, content_type="multipart/form-data")


def evaluate(api: Api, key: str, body: dict[str, Any], **headers: str) -> TestResponse:
    return api.client().post(f"/api/v1/decisions/{key}/evaluate", json=body, headers=headers)


def test_should_answer_what_was_deployed(api: Api) -> None:
    body = deploy(api, ("rates.dmn", RATES)).get_json()

    assert [(row["key"], row["version"], row["name"]) for row in body["decisions"]] == [
        ("rate", 1, "rate"),
        ("offer", 1, "offer"),
    ]
    assert (body["definitions"], body["findings"]) == ([], [])


def test_should_make_no_new_version_of_an_unchanged_file(api: Api) -> None:
    first = deploy(api, ("rates.dmn", RATES)).get_json()
    second = deploy(api, ("rates.xml", RATES)).get_json()
    third = deploy(api, ("rates.dmn", CHANGED)).get_json()

    assert second["decisions"] == first["decisions"]
    assert [row["version"] for row in third["decisions"]] == [2, 2]
    listed = api.client().get("/api/v1/decisions?latest=true&sort=key").get_json()["items"]
    assert [(row["key"], row["version"]) for row in listed] == [("offer", 2), ("rate", 2)]


def test_should_make_a_new_version_where_an_imported_file_changes(api: Api) -> None:
    base = document(decision("base", literal("1")), own="urn:base")
    top = document(
        '<import name="b" namespace="urn:base" importType="https://www.omg.org/spec/DMN/20191111/MODEL/"/>'
        '<decision id="top" name="top"><variable name="top"/>'
        '<informationRequirement><requiredDecision href="urn:base#base"/></informationRequirement>'
        + literal("b.base + 1")
        + "</decision>"
    )
    files = (("top.dmn", top), ("base.dmn", base))
    deploy(api, *files)
    assert evaluate(api, "top", {}).get_json()["result"] == 2

    deploy(api, files[0], ("base.dmn", base.replace(b"<text>1<", b"<text>41<")))

    answer = evaluate(api, "top", {}).get_json()
    assert (answer["version"], answer["result"]) == (2, 42)
    assert evaluate(api, "top", {"version": 1}).get_json()["result"] == 2


def test_should_refuse_what_cannot_be_evaluated(api: Api) -> None:
    broken = document(decision("rate", literal("1 +")))

    answer = deploy(api, ("rates.dmn", broken))

    assert answer.status_code == 422
    (finding,) = answer.get_json()["findings"]
    assert (finding["code"], finding["elementId"], finding["file"]) == ("EXPRESSION_SYNTAX", "rate", "rates.dmn")
    assert finding["line"]
    assert api.client().get("/api/v1/decisions").get_json()["items"] == []


def test_should_refuse_a_decision_in_two_files(api: Api) -> None:
    answer = deploy(api, ("a.dmn", RATES), ("b.dmn", CHANGED))

    assert answer.status_code == 422
    assert {finding["code"] for finding in answer.get_json()["findings"]} == {"DUPLICATE_DEFINITION_KEY"}


def test_should_warn_of_a_decision_that_is_missing(api: Api) -> None:
    model = process(
        body="""<startEvent id="start"/><sequenceFlow id="f" sourceRef="start" targetRef="rule"/>
        <businessRuleTask id="rule" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" camunda:decisionRef="rate"/>
        <sequenceFlow id="g" sourceRef="rule" targetRef="end"/><endEvent id="end"/>"""
    )

    alone = deploy(api, ("order.bpmn", model), dryRun="true").get_json()["findings"]
    together = deploy(api, ("order.bpmn", model), ("rates.dmn", RATES), dryRun="true").get_json()["findings"]

    (warning,) = (finding for finding in alone if finding["code"] == "DECISION_MISSING")
    assert (warning["severity"], warning["elementId"]) == ("WARNING", "rule")
    assert warning["line"]
    assert not any(finding["code"] == "DECISION_MISSING" for finding in together)


def test_should_evaluate_the_latest_version_or_another(api: Api) -> None:
    deploy(api, ("rates.dmn", RATES))
    deploy(api, ("rates.dmn", CHANGED))

    latest = evaluate(api, "offer", {"variables": {"amount": 500}}).get_json()
    first = evaluate(api, "offer", {"variables": {"amount": 500}, "version": 1}).get_json()

    assert (latest["result"], latest["decisions"], latest["version"], latest["problems"]) == (
        "LOWER",
        {"rate": "lower", "offer": "LOWER"},
        2,
        [],
    )
    assert (first["result"], first["version"]) == ("LOW", 1)


def test_should_evaluate_a_decision_service(api: Api) -> None:
    service = (
        '<decisionService id="quote" name="quote"><outputDecision href="#offer"/><encapsulatedDecision href="#rate"/>'
    )
    content = RATES.replace(b"</definitions>", service.encode() + b"</decisionService></definitions>")

    body = deploy(api, ("rates.dmn", content)).get_json()
    answer = evaluate(api, "quote", {"variables": {}}).get_json()

    assert [row["key"] for row in body["decisions"]] == ["rate", "offer", "quote"]
    assert (answer["decisionKey"], answer["result"], answer["problems"]) == ("quote", None, [])


def test_should_tell_why_there_is_no_result(api: Api) -> None:
    deploy(api, ("rates.dmn", document(decision("rate", table([(["> 1"], ["1"]), (["> 2"], ["2"])])))))

    answer = evaluate(api, "rate", {"variables": {"x": 5}}).get_json()

    assert answer["result"] is None
    assert [(problem["elementId"], problem["code"]) for problem in answer["problems"]] == [
        ("rate", "DMN_HIT_POLICY_BROKEN")
    ]


def test_should_refuse_to_evaluate_for_ever(api: Api) -> None:
    deploy(api, ("rates.dmn", document(decision("rate", literal("for i in 1..1000000000 return i")))))

    answer = evaluate(api, "rate", {})

    assert (answer.status_code, answer.get_json()["errors"][0]["code"]) == (422, "DECISION_FAILED")


def test_should_not_know_other_decisions_and_versions(api: Api) -> None:
    deploy(api, ("rates.dmn", RATES))

    for answer in (evaluate(api, "nowhere", {}), evaluate(api, "rate", {"version": 7})):
        assert (answer.status_code, answer.get_json()["errors"][0]["code"]) == (404, "DECISION_UNKNOWN")


def test_should_answer_the_same_key_as_the_first_time(api: Api) -> None:
    deploy(api, ("rates.dmn", RATES))
    body = {"variables": {"amount": 500}}
    first = evaluate(api, "rate", body, **{"Idempotency-Key": "k"})
    deploy(api, ("rates.dmn", CHANGED))

    again = evaluate(api, "rate", body, **{"Idempotency-Key": "k"})

    assert again.get_json() == first.get_json()
    assert again.headers["Idempotent-Replayed"] == "true"


def test_should_show_a_version_and_its_document(api: Api) -> None:
    (row, _) = deploy(api, ("rates.dmn", RATES)).get_json()["decisions"]

    assert api.client().get(f"/api/v1/decisions/{row['id']}").get_json() == row
    assert api.client().get(f"/api/v1/decisions/{row['id']}/xml").data == RATES
