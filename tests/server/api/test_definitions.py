"""Deployments and definitions over HTTP, on a real store."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.support.api import Api, document


def _deploy(api: Api, *files: tuple[str, bytes], headers: dict[str, str] | None = None, **fields: str) -> TestResponse:
    data: dict[str, Any] = {"files": [(BytesIO(content), name) for name, content in files], **fields}
    return api.client().post("/api/v1/deployments", data=data, content_type="multipart/form-data", headers=headers)


def test_should_answer_what_was_deployed(api: Api) -> None:
    answer = _deploy(api, ("order.bpmn", document()), name="first")

    body = answer.get_json()
    assert answer.status_code == 201, body
    assert (body["name"], body["tenantId"], body["decisions"], body["forms"]) == ("first", "default", [], [])
    assert [(row["key"], row["version"], row["executable"]) for row in body["definitions"]] == [("order", 1, True)]


def test_should_make_no_new_version_of_an_unchanged_file(api: Api) -> None:
    first = _deploy(api, ("order.bpmn", document())).get_json()
    second = _deploy(api, ("order.bpmn", document())).get_json()
    third = _deploy(api, ("order.bpmn", document(name="Changed"))).get_json()

    assert second["definitions"] == first["definitions"]
    assert [row["version"] for row in third["definitions"]] == [2]


def test_should_store_nothing_where_one_file_cannot_run(api: Api) -> None:
    broken = document("broken", body="<startEvent id='s'/><sequenceFlow id='f' sourceRef='s' targetRef='nowhere'/>")

    answer = _deploy(api, ("good.bpmn", document("good")), ("broken.bpmn", broken))

    body = answer.get_json()
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    errors = [finding for finding in body["findings"] if finding["severity"] == "ERROR"]
    assert errors
    assert all(finding["file"] == "broken.bpmn" and finding["hint"] for finding in errors)
    assert any(finding["elementId"] == "f" and finding["line"] for finding in errors)
    assert api.client().get("/api/v1/definitions").get_json()["items"] == []


def test_should_store_nothing_on_a_dry_run(api: Api) -> None:
    answer = _deploy(api, ("order.bpmn", document()), dryRun="true")

    assert answer.status_code == 200
    assert (answer.get_json()["id"], answer.get_json()["deployedAt"]) == (None, None)
    assert [row["key"] for row in answer.get_json()["definitions"]] == ["order"]
    assert api.client().get("/api/v1/definitions").get_json()["items"] == []


def test_should_run_a_drawing_only_when_told_so(api: Api) -> None:
    drawing = document(executable='isExecutable="false"')

    stored = _deploy(api, ("order.bpmn", drawing)).get_json()
    forced = _deploy(api, ("order.bpmn", drawing), makeExecutable="true").get_json()

    assert [row["executable"] for row in stored["definitions"]] == [False]
    assert any("makeExecutable" in finding["hint"] for finding in stored["findings"])
    assert [(row["executable"], row["version"]) for row in forced["definitions"]] == [(True, 2)]


@pytest.mark.parametrize(
    ("files", "fields", "status", "code"),
    [
        ([], {}, 422, "FILES_MISSING"),
        ([("a.bpmn", document("a")), ("a.bpmn", document("b"))], {}, 422, "FILE_TWICE"),
        ([("a.bpmn", document("a")), ("b.bpmn", document("a"))], {}, 422, "DUPLICATE_DEFINITION_KEY"),
        ([("a.dmn", b"<definitions/>")], {}, 422, "NOT_DMN"),
        ([("a.yaml", b"a: 1")], {}, 422, "FORMAT_UNSUPPORTED"),
        ([("a.png", b"\x89PNG")], {}, 422, "FILE_KIND_UNKNOWN"),
        ([("a.bpmn", b"<definitions")], {}, 422, "XML_SYNTAX"),
        ([("a.bpmn", document())], {"dryRun": "perhaps"}, 422, "INVALID_VALUE"),
        ([("a.bpmn", document())], {"colour": "red"}, 422, "UNKNOWN_FIELD"),
        (
            [
                (
                    "a.bpmn",
                    document(
                        body="""<startEvent id="s"><timerEventDefinition><timeDate>${when}</timeDate>
      </timerEventDefinition></startEvent>"""
                    ),
                )
            ],
            {},
            422,
            "TIMER_START_INVALID",
        ),
    ],
)
def test_should_say_why_a_deployment_is_refused(api: Api, files: Any, fields: Any, status: int, code: str) -> None:
    answer = _deploy(api, *files, **fields)

    assert answer.status_code == status, answer.get_json()
    assert code in [error["code"] for error in answer.get_json()["errors"]], answer.get_json()
    assert api.client().get("/api/v1/definitions").get_json()["items"] == []


def test_should_refuse_a_deployment_that_is_no_form(api: Api) -> None:
    answer = api.client().post("/api/v1/deployments", json={"files": []})

    assert (answer.status_code, answer.get_json()["errors"][0]["code"]) == (415, "MEDIA_TYPE_UNSUPPORTED")


def test_should_keep_forms(api: Api) -> None:
    answer = _deploy(api, ("check.form", b"{}"), ("order.bpmn", document()))

    assert answer.get_json()["forms"] == [{"name": "check.form"}]


def test_should_number_concurrent_deployments_of_one_key_one_after_the_other(api: Api) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda number: _deploy(api, ("o.bpmn", document(name=f"v{number}"))), range(8)))

    assert [answer.status_code for answer in answers] == [201] * 8
    versions = [answer.get_json()["definitions"][0]["version"] for answer in answers]
    assert sorted(versions) == list(range(1, 9))


def test_should_deploy_once_for_one_idempotency_key(api: Api) -> None:
    first = _deploy(api, ("order.bpmn", document()), headers={"Idempotency-Key": "one"})
    again = _deploy(api, ("order.bpmn", document()), headers={"Idempotency-Key": "one"})
    other = _deploy(api, ("order.bpmn", document(name="Other")), headers={"Idempotency-Key": "one"})

    assert (again.status_code, again.get_json()) == (201, first.get_json())
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (other.status_code, other.get_json()["errors"][0]["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_should_show_tasks_and_transitions_of_a_definition(api: Api) -> None:
    made = api.client().post(
        "/api/v1/definitions", data=document(), content_type="application/xml", headers={"Idempotency-Key": "d"}
    )
    found = api.client().get(f"/api/v1/definitions/{made.get_json()['id']}").get_json()

    assert made.status_code == 201
    assert found == made.get_json()
    assert found["tasks"] == [{"id": "check", "name": "Check it", "type": "USER_TASK"}]
    assert found["transitions"] == [
        {"id": "toCheck", "name": None, "from": "start", "to": "check", "condition": None, "isDefault": False},
        {"id": "toEnd", "name": "done", "from": "check", "to": "end", "condition": None, "isDefault": False},
    ]
    assert api.client().get(f"/api/v1/definitions/{found['id']}/xml").data == document()


def test_should_put_a_new_version_of_the_named_key_only(api: Api) -> None:
    put = api.client().put("/api/v1/definitions/order", data=document(), content_type="application/xml")
    other = api.client().put("/api/v1/definitions/offer", data=document(), content_type="application/xml")

    assert (put.status_code, put.get_json()["key"]) == (201, "order")
    assert (other.status_code, other.get_json()["errors"][0]["code"]) == (422, "KEY_MISMATCH")


def test_should_refuse_definitions_in_json_for_now(api: Api) -> None:
    answer = api.client().post("/api/v1/definitions", json={"key": "order"})

    assert (answer.status_code, answer.get_json()["errors"][0]["code"]) == (415, "MEDIA_TYPE_UNSUPPORTED")


def test_should_list_by_key_and_latest_in_pages(api: Api) -> None:
    for number in range(3):
        _deploy(api, ("o.bpmn", document(name=f"v{number}")))
    _deploy(api, ("p.bpmn", document("offer")))
    client = api.client()

    first = client.get("/api/v1/definitions?limit=3&total=true").get_json()
    rest = client.get(f"/api/v1/definitions?limit=3&cursor={first['nextCursor']}").get_json()
    latest = client.get("/api/v1/definitions?latest=true&sort=key").get_json()

    assert (len(first["items"]), first["total"], len(rest["items"]), rest["nextCursor"]) == (3, 4, 1, None)
    assert [(row["key"], row["version"]) for row in latest["items"]] == [("offer", 1), ("order", 3)]
    assert [row["version"] for row in client.get("/api/v1/definitions?key=offer").get_json()["items"]] == [1]


def test_should_have_one_default_version_at_most(api: Api) -> None:
    ids = [_deploy(api, ("o.bpmn", document(name=name))).get_json()["definitions"][0]["id"] for name in "abc"]
    client = api.client()

    for id in ids[:2]:
        assert client.patch(f"/api/v1/definitions/{id}", json={"isDefault": True}).status_code == 200
    suspended = client.patch(f"/api/v1/definitions/{ids[2]}", json={"suspended": True}).get_json()

    rows = client.get("/api/v1/definitions?sort=version").get_json()["items"]
    assert [row["isDefault"] for row in rows] == [False, True, False]
    assert (suspended["suspended"], suspended["isDefault"]) == (True, False)


def test_should_give_the_starts_back_to_the_version_before_a_deleted_one(api: Api) -> None:
    # given two versions, of which the first starts by message
    start = """<startEvent id="s"><messageEventDefinition messageRef="paid"/></startEvent>
      <sequenceFlow id="f" sourceRef="s" targetRef="e"/><endEvent id="e"/>"""
    _deploy(api, ("o.bpmn", document(body=start)))
    second = _deploy(api, ("o.bpmn", document())).get_json()["definitions"][0]
    with api.store.begin() as unit:
        assert unit.message_starts("default", "paid") == []

    # when
    assert api.client().delete(f"/api/v1/definitions/{second['id']}").status_code == 204

    # then
    with api.store.begin() as unit:
        assert [row.element_id for row in unit.message_starts("default", "paid")] == ["s"]
    assert api.client().get(f"/api/v1/definitions/{second['id']}").status_code == 404
    third = _deploy(api, ("o.bpmn", document(name="third"))).get_json()["definitions"][0]
    assert third["version"] == 3
