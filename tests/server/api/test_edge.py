"""What every request goes through: bodies, problems, headers, limits, idempotency, paging, documentation."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from server.api.system.routes import STATIC
from server.errors import ConflictError, Unavailable
from server.ports.records import InstanceRow
from server.ports.store import StoreUnavailable
from server.usecases.requests import InstanceView, PublishRequest, PublishResult, Replayed, Request, StartRequest
from tests.support.api import Api, document, running_api

NOW = datetime(2030, 1, 31, 12, tzinfo=UTC)


def instance_view(**context: Any) -> InstanceView:
    row = InstanceRow(
        id=7,
        tenant_id="default",
        definition_id=3,
        definition_key="order",
        version=1,
        business_key=None,
        status="RUNNING",
        sequence=4,
        document={},
        active="check",
        root_instance_id=7,
        started_at=NOW,
    )
    return InstanceView(row=row, current_state=("check",), context=context)


@pytest.mark.parametrize(
    ("body", "status", "code", "pointer"),
    [
        (b'{"definitionKey": "x"', 400, "JSON_INVALID", None),
        (b'{"definitionKey": "x", "variables": {"a": NaN}}', 400, "JSON_INVALID", None),
        (b'{"definitionKey": "x", "variables": {"a": "\\u0000"}}', 422, "INVALID_VALUE", "/variables/a"),
        (b'{"definitionKey": "x", "variables": {"a": "\\ud800"}}', 400, "JSON_INVALID", None),
        (b'["x"]', 422, "INVALID_VALUE", ""),
        (b'{"definitionKey": 5}', 422, "INVALID_VALUE", "/definitionKey"),
        (b'{"definitionKey": ""}', 422, "INVALID_VALUE", "/definitionKey"),
        (b'{"definitionKey": "x", "version": "1"}', 422, "INVALID_VALUE", "/version"),
        (b'{"definitionKey": "x", "version": true}', 422, "INVALID_VALUE", "/version"),
        (b'{"definitionKey": "x", "version": 0}', 422, "INVALID_VALUE", "/version"),
        (b'{"definitionKey": "x", "variables": [1]}', 422, "INVALID_VALUE", "/variables"),
        (b'{"definitionKey": "x", "variables": {"": 1}}', 422, "INVALID_VALUE", "/variables"),
        (b'{"definitionKey": "x", "waitSeconds": "1"}', 422, "INVALID_VALUE", "/waitSeconds"),
        (b'{"definitionKey": "x", "waitSeconds": 61}', 422, "INVALID_VALUE", "/waitSeconds"),
        (b'{"definitionKey": "x", "colour": "red"}', 422, "UNKNOWN_FIELD", "/colour"),
        (b'{"definitionKey": "x", "a/b": 1}', 422, "UNKNOWN_FIELD", "/a~1b"),
        (b"{}", 422, "INVALID_VALUE", ""),
        (b"", 422, "INVALID_VALUE", ""),
        (b'{"definitionKey": "x", "definitionId": "1"}', 422, "INVALID_VALUE", ""),
        (b'{"definitionId": "1", "version": 1}', 422, "INVALID_VALUE", "/version"),
        (
            b'{"definitionKey": "x", "variables": {"deep": ' + b"[" * 300 + b"]" * 300 + b"}}",
            422,
            "INVALID_VALUE",
            None,
        ),
    ],
)
def test_should_point_at_what_is_wrong_in_a_body(
    api: Api, body: bytes, status: int, code: str, pointer: str | None
) -> None:
    answer = api.client().post("/api/v1/instances", data=body, content_type="application/json")

    problem = answer.get_json()
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json"), problem
    assert {"type", "title", "status", "detail", "errors", "requestId"} <= set(problem)
    assert problem["errors"][0]["code"] == code, problem
    if pointer is not None:
        assert problem["errors"][0].get("pointer", "") == pointer, problem
    assert api.executor.requests == []


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("/api/v1/instances?limit=0", "limit"),
        ("/api/v1/instances?limit=1001", "limit"),
        ("/api/v1/instances?limit=many", "limit"),
        ("/api/v1/instances?colour=red", "colour"),
        ("/api/v1/instances?status=LOST", "LOST"),
        ("/api/v1/instances?include=everything", "everything"),
        ("/api/v1/instances?variable=x", "name:json"),
        ("/api/v1/instances?variable=x:unquoted", "double quotes"),
        ("/api/v1/instances?cursor=nonsense", "ursor"),
        ("/api/v1/instances?sort=colour", "colour"),
        ("/api/v1/tasks?status=LOST", "LOST"),
        ("/api/v1/tasks?dueBefore=tomorrow", "tomorrow"),
        ("/api/v1/overview?x=1", "'x'"),
    ],
)
def test_should_name_the_wrong_parameter(api: Api, path: str, word: str) -> None:
    answer = api.client().get(path)

    assert answer.status_code == 400, answer.get_json()
    assert word in answer.get_json()["detail"]


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/api/v1/instances/1", "INSTANCE_UNKNOWN"),
        ("GET", "/api/v1/instances/x", "INSTANCE_UNKNOWN"),
        ("GET", "/api/v1/instances/99999999999999999999999", "INSTANCE_UNKNOWN"),
        ("GET", "/api/v1/instances/1/history", "INSTANCE_UNKNOWN"),
        ("GET", "/api/v1/instances/1/variables?scopeId=2", "INSTANCE_UNKNOWN"),
        ("GET", "/api/v1/tasks/-1", "TASK_UNKNOWN"),
        ("GET", "/api/v1/incidents/1", "INCIDENT_UNKNOWN"),
        ("GET", "/api/v1/definitions/1", "DEFINITION_UNKNOWN"),
        ("DELETE", "/api/v1/definitions/1", "DEFINITION_UNKNOWN"),
        ("GET", "/docs/../secret", "PATH_UNKNOWN"),
    ],
)
def test_should_answer_404_for_what_does_not_exist(api: Api, method: str, path: str, code: str) -> None:
    answer = api.client().open(path, method=method)

    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
    assert answer.get_json()["errors"][0]["code"] == code


def test_should_answer_405_with_the_methods_there_are(api: Api) -> None:
    answer = api.client().delete("/api/v1/instances")

    assert (answer.status_code, answer.mimetype) == (405, "application/problem+json")
    assert "POST" in answer.headers["Allow"]


def test_should_refuse_bodies_of_another_type(api: Api) -> None:
    answer = api.client().post("/api/v1/messages", data="name=paid", content_type="application/x-www-form-urlencoded")

    assert (answer.status_code, answer.get_json()["errors"][0]["code"]) == (415, "MEDIA_TYPE_UNSUPPORTED")


def test_should_refuse_bodies_that_are_too_large(tmp_path: Path) -> None:
    with running_api(tmp_path, max_body_bytes=2000, max_deployment_bytes=10_000) as api:
        client = api.client()
        message = client.post("/api/v1/messages", json={"name": "x", "variables": {"a": "x" * 3000}})
        model = client.post("/api/v1/definitions", data=document(name="x" * 3000), content_type="application/xml")
        large = client.post("/api/v1/definitions", data=document(name="x" * 20_000), content_type="application/xml")

    assert (message.status_code, message.mimetype) == (413, "application/problem+json")
    assert (model.status_code, large.status_code) == (201, 413)


def test_should_limit_requests_per_token_and_route(tmp_path: Path) -> None:
    with running_api(tmp_path, rate_limit="3/hour") as api:
        mary, john = api.as_role("operator", name="mary"), api.as_role("operator", name="john")
        answers = [mary.get("/api/v1/instances").status_code for _ in range(3)]
        limited = mary.get("/api/v1/instances")
        other_route, other_token = mary.get("/api/v1/tasks"), john.get("/api/v1/instances")

    assert answers == [200, 200, 200]
    assert (limited.status_code, limited.get_json()["errors"][0]["code"]) == (429, "RATE_LIMITED")
    assert 1 <= int(limited.headers["Retry-After"]) <= 3600
    assert (other_route.status_code, other_token.status_code) == (200, 200)


def test_should_send_security_headers_with_every_answer(api: Api) -> None:
    for path in ("/docs", "/api/v1/instances", "/nowhere"):
        headers = api.client().get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert "default-src 'self'" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["Referrer-Policy"] == "no-referrer"


def test_should_keep_the_id_of_a_request(api: Api) -> None:
    kept = api.client().get("/nowhere", headers={"X-Request-Id": "abc-1"})
    made = api.client().get("/nowhere", headers={"X-Request-Id": "a b\tc" * 100})

    assert (kept.headers["X-Request-Id"], kept.get_json()["requestId"]) == ("abc-1", "abc-1")
    assert re.fullmatch(r"[0-9a-f]{32}", made.headers["X-Request-Id"])


def test_should_carry_exact_numbers_in_and_out(api: Api) -> None:
    def answer(request: Request) -> InstanceView:
        assert isinstance(request, StartRequest)
        return instance_view(**request.variables)

    api.executor.answer = answer
    numbers = '{"big":123456789012345678901234567890,"exact":0.12345678901234567890123,"one":1.0,"int":1}'

    body = f'{{"definitionKey": "order", "variables": {numbers}}}'
    text = api.client().post("/api/v1/instances", data=body, content_type="application/json").get_data(as_text=True)

    assert f'"context":{numbers}' in text


def test_should_pass_who_asks_and_what_for_to_the_executor(api: Api) -> None:
    api.executor.answer = lambda request: instance_view(a=1)

    answer = api.as_role("user", name="mary", tenant="acme").post(
        "/api/v1/instances", json={"definitionKey": "order", "businessKey": "k"}, headers={"Idempotency-Key": "1"}
    )

    [request] = api.executor.requests
    assert isinstance(request, StartRequest)
    assert (request.tenant_id, request.principal, request.audit) == ("acme", "mary", ("instance.start", "order"))
    assert request.idempotency is not None
    assert (request.idempotency.row.route, request.idempotency.row.key) == ("POST /api/v1/instances", "1")
    assert request.idempotency.render(instance_view(a=1)) == (201, answer.data)
    assert answer.get_json() == {
        "id": "7",
        "tenantId": "default",
        "definitionId": "3",
        "definitionKey": "order",
        "version": 1,
        "businessKey": None,
        "status": "RUNNING",
        "currentState": ["check"],
        "context": {"a": 1},
        "startedAt": "2030-01-31T12:00:00Z",
        "endedAt": None,
        "incidents": 0,
        "parentInstanceId": None,
        "rootInstanceId": "7",
        "parentElementId": None,
    }


def test_should_tell_requests_apart_that_share_an_idempotency_key(api: Api) -> None:
    api.executor.answer = lambda request: Replayed(200, b'{"id":"1"}')
    client = api.client()
    headers = {"Idempotency-Key": "k"}

    for path, body in (
        ("/instances/1/cancel", {}),
        ("/instances/2/cancel", {}),
        ("/instances/1/cancel", {"reason": "x"}),
        ("/instances/1/cancel", {}),
    ):
        answer = client.post(f"/api/v1{path}", json=body, headers=headers)
        assert (answer.get_json(), answer.headers["Idempotent-Replayed"]) == ({"id": "1"}, "true")

    hashes = [request.idempotency.row.body_hash for request in api.executor.requests if request.idempotency]
    assert len(hashes) == 4
    assert hashes[0] == hashes[3]
    assert len(set(hashes)) == 3
    assert client.post("/api/v1/messages", json={"name": "x"}, headers={"Idempotency-Key": ""}).status_code == 400


def test_should_tell_a_null_key_from_a_given_one(api: Api) -> None:
    api.executor.answer = lambda request: PublishResult(result="BUFFERED", instance_ids=(5,))
    answer = api.client().post("/api/v1/messages", json={"name": "paid", "correlationKey": "1", "ttlSeconds": 60})
    api.client().post("/api/v1/messages", json={"name": "paid"})
    wrong = api.client().post("/api/v1/messages", json={"name": "paid", "correlationKey": {"a": 1}})

    assert answer.get_json() == {"result": "BUFFERED", "instanceIds": ["5"]}
    assert [
        (request.correlation_key, request.has_correlation_key, request.ttl_seconds)
        for request in api.executor.requests
        if isinstance(request, PublishRequest)
    ] == [("1", True, 60.0), (None, False, 3600.0)]
    assert wrong.get_json()["errors"][0]["pointer"] == "/correlationKey"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (ConflictError("INSTANCE_ENDED", "it has ended"), 409, "INSTANCE_ENDED"),
        (Unavailable("EXECUTOR_BUSY", "later", retry_after=7), 503, "EXECUTOR_BUSY"),
        (StoreUnavailable("gone"), 503, "DATABASE_UNAVAILABLE"),
        (RuntimeError("a secret"), 500, "INTERNAL_ERROR"),
    ],
)
def test_should_turn_errors_into_problems(
    api: Api, error: Exception, status: int, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(request: Request) -> None:
        raise error

    api.executor.answer = fail
    answer = api.client().post("/api/v1/instances/1/cancel", json={})

    assert (answer.status_code, answer.get_json()["errors"][0]["code"]) == (status, code)
    assert ("Retry-After" in answer.headers) is (status == 503)
    assert "secret" not in answer.get_data(as_text=True)
    if status == 500:
        assert answer.get_json()["errorId"] in caplog.text


def test_should_serve_a_valid_openapi_document(api: Api) -> None:
    spec = api.client(None).get("/openapi.json").get_json()

    validate(spec)
    assert spec["info"]["title"] == "bpmnd"
    start = spec["paths"]["/api/v1/instances"]["post"]
    assert "201" in start["responses"]
    assert any(parameter.get("name") == "Idempotency-Key" for parameter in start["parameters"])
    assert "application/problem+json" in json.dumps(spec["components"]["responses"])
    keyed = {
        path
        for path, item in spec["paths"].items()
        if any(parameter.get("name") == "Idempotency-Key" for parameter in item.get("post", {}).get("parameters", ()))
    }
    posts = {path for path, item in spec["paths"].items() if "post" in item}
    assert posts - keyed == {"/api/v1/jobs/activate"}


def test_should_show_the_documentation_without_any_outside_request(api: Api) -> None:
    page = api.client(None).get("/docs")

    assert (page.status_code, page.mimetype) == (200, "text/html")
    for name in re.findall(r'(?:src|href)="([^"]+)"', page.get_data(as_text=True)):
        assert name.startswith("/")
        answer = api.client(None).get(name)
        assert answer.status_code == 200
        answer.close()
    for file in STATIC.iterdir():
        assert "//" not in re.sub(r"^\s*//.*$", "", file.read_text(), flags=re.MULTILINE), file.name


def test_should_say_what_is_not_ready(api: Api) -> None:
    assert api.client(None).get("/health/ready").get_json() == {"status": "UP", "checks": {"database": "UP"}}

    def down() -> None:
        raise ConnectionError("amqp://secret@host is gone")

    api.services.checks["bus"] = down  # type: ignore[index]
    answer = api.client(None).get("/health/ready")

    assert answer.status_code == 503
    assert answer.get_json() == {"status": "DOWN", "checks": {"database": "UP", "bus": "DOWN"}}
    assert api.client(None).get("/health/live").status_code == 200


def test_should_count_requests_by_route(api: Api) -> None:
    api.client().get("/api/v1/instances/1")
    api.client().get("/somewhere/else")

    text = api.client(None).get("/metrics").get_data(as_text=True)

    assert 'bpmnd_http_requests_total{method="GET",route="/api/v1/instances/<instance_id>",status="404"} 1.0' in text
    assert 'route="unknown",status="404"' in text
    assert "/somewhere" not in text
