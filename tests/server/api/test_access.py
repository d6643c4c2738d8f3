"""Who may use which route: every route by every role, tokens and their tenants."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.routing import Rule

from server.usecases.tokens import ROLES
from tests.support.api import Api, document

# method, path, roles beside admin; EVERYONE needs no token
EVERYONE = "everyone"
TABLE: list[tuple[str, str, str]] = [
    ("GET", "/", EVERYONE),
    ("GET", "/docs", EVERYONE),
    ("GET", "/docs/<path:name>", EVERYONE),
    ("GET", "/health/live", EVERYONE),
    ("GET", "/health/ready", EVERYONE),
    ("GET", "/metrics", EVERYONE),
    ("GET", "/openapi.json", EVERYONE),
    ("POST", "/api/v1/deployments", "deployer"),
    ("GET", "/api/v1/definitions", "deployer operator user"),
    ("POST", "/api/v1/definitions", "deployer"),
    ("GET", "/api/v1/definitions/<definition>", "deployer operator user"),
    ("PUT", "/api/v1/definitions/<definition>", "deployer"),
    ("PATCH", "/api/v1/definitions/<definition>", "deployer"),
    ("DELETE", "/api/v1/definitions/<definition>", "deployer"),
    ("GET", "/api/v1/definitions/<definition>/xml", "deployer operator user"),
    ("GET", "/api/v1/decisions", "deployer operator user"),
    ("GET", "/api/v1/decisions/<decision>", "deployer operator user"),
    ("GET", "/api/v1/decisions/<decision>/xml", "deployer operator user"),
    ("POST", "/api/v1/decisions/<key>/evaluate", "operator user worker"),
    ("GET", "/api/v1/instances", "operator"),
    ("POST", "/api/v1/instances", "operator user"),
    ("GET", "/api/v1/instances/<instance_id>", "operator"),
    ("GET", "/api/v1/instances/<instance_id>/elements", "operator"),
    ("GET", "/api/v1/instances/<instance_id>/history", "operator"),
    ("GET", "/api/v1/instances/<instance_id>/variables", "operator"),
    ("PATCH", "/api/v1/instances/<instance_id>/variables", "operator"),
    ("DELETE", "/api/v1/instances/<instance_id>/variables/<path:name>", "operator"),
    ("POST", "/api/v1/instances/<instance_id>/pause", "operator"),
    ("POST", "/api/v1/instances/<instance_id>/resume", "operator"),
    ("POST", "/api/v1/instances/<instance_id>/cancel", "operator"),
    ("POST", "/api/v1/instances/<instance_id>/modify", "operator"),
    ("POST", "/api/v1/instances/<instance_id>/migrate", "operator"),
    ("GET", "/api/v1/tasks", "operator user"),
    ("GET", "/api/v1/tasks/<task_id>", "operator user"),
    ("PATCH", "/api/v1/tasks/<task_id>", "operator"),
    ("POST", "/api/v1/tasks/<task_id>/claim", "operator user"),
    ("POST", "/api/v1/tasks/<task_id>/unclaim", "operator user"),
    ("POST", "/api/v1/tasks/<task_id>/assign", "operator"),
    ("POST", "/api/v1/tasks/<task_id>/delegate", "operator user"),
    ("POST", "/api/v1/tasks/<task_id>/resolve", "operator user"),
    ("POST", "/api/v1/tasks/<task_id>/complete", "operator user"),
    ("POST", "/api/v1/tasks/<task_id>/error", "operator user"),
    ("POST", "/api/v1/jobs/activate", "worker"),
    ("POST", "/api/v1/jobs/<job_id>/complete", "worker"),
    ("POST", "/api/v1/jobs/<job_id>/fail", "worker"),
    ("POST", "/api/v1/jobs/<job_id>/error", "worker"),
    ("POST", "/api/v1/jobs/<job_id>/extend", "worker"),
    ("POST", "/api/v1/messages", "operator worker"),
    ("POST", "/api/v1/signals", "operator worker"),
    ("POST", "/api/v1/conditions", "operator worker"),
    ("GET", "/api/v1/incidents", "operator"),
    ("GET", "/api/v1/incidents/<incident_id>", "operator"),
    ("POST", "/api/v1/incidents/<incident_id>/resolve", "operator"),
    ("GET", "/api/v1/overview", "deployer operator user"),
    ("GET", "/api/v1/tokens", "admin"),
    ("POST", "/api/v1/tokens", "admin"),
    ("DELETE", "/api/v1/tokens/<token_id>", "admin"),
]


def _routes(api: Api) -> list[tuple[str, Rule]]:
    return [
        (method, rule)
        for rule in api.app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


def test_should_decide_about_every_route_of_the_url_map(api: Api) -> None:
    assert sorted((method, rule.rule) for method, rule in _routes(api)) == sorted((row[0], row[1]) for row in TABLE)
    for method, rule in _routes(api):
        view: Any = api.app.view_functions[rule.endpoint]
        words = next(row[2] for row in TABLE if row[:2] == (method, rule.rule)).split()
        expected = {EVERYONE} if words == [EVERYONE] else {*words, "admin"}
        assert set(view.allowed_roles) == expected, rule.rule


def test_should_answer_each_role_on_each_route_as_the_table_says(api: Api) -> None:
    clients = {role: api.as_role(role) for role in ROLES}

    for method, rule, words in TABLE:
        path = rule.replace("<path:name>", "x").replace("<definition>", "1")
        path = path if "<" not in path else f"{path[: path.index('<')]}1{path[path.index('>') + 1 :]}"
        nobody = api.client(None).open(path, method=method)
        assert (nobody.status_code == 401) is (words != EVERYONE), (method, rule)
        for role, client in clients.items():
            answer = client.open(path, method=method)
            refused = role != "admin" and words != EVERYONE and role not in words.split()
            assert (answer.status_code == 403) is refused, (method, rule, role, answer.get_data(as_text=True))


def test_should_write_roles_and_security_into_the_document(api: Api) -> None:
    spec = api.client().get("/openapi.json").get_json()

    operations = {
        (method.upper(), path): operation
        for path, item in spec["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }
    assert len(operations) == len(TABLE)
    assert operations["POST", "/api/v1/tokens"]["x-roles"] == ["admin"]
    assert operations["POST", "/api/v1/tokens"]["security"] == [{"bearer": []}]
    assert operations["GET", "/health/live"]["security"] == []


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "TOKEN_MISSING"),
        ("Basic YWRtaW46YWRtaW4=", "TOKEN_MALFORMED"),
        ("Bearer", "TOKEN_MALFORMED"),
        ("Bearer wrong", "TOKEN_UNKNOWN"),
        ("Bearer söme", "TOKEN_UNKNOWN"),
    ],
)
def test_should_ask_for_a_valid_token(api: Api, header: str | None, code: str) -> None:
    headers = {} if header is None else {"Authorization": header}

    answer = api.client(None).get("/api/v1/definitions", headers=headers)

    assert answer.status_code == 401
    assert answer.get_json()["errors"][0]["code"] == code
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_should_keep_tenants_apart(api: Api) -> None:
    # given a definition of tenant "a"
    deployer_a = api.as_role("deployer", tenant="a")
    made = deployer_a.post("/api/v1/definitions", data=document(), content_type="application/xml").get_json()
    assert made["tenantId"] == "a"

    # when somebody of tenant "b" looks
    deployer_b = api.as_role("deployer", tenant="b")

    # then it does not exist there
    assert deployer_b.get("/api/v1/definitions").get_json()["items"] == []
    for method, path in (("GET", ""), ("GET", "/xml"), ("DELETE", "")):
        assert deployer_b.open(f"/api/v1/definitions/{made['id']}{path}", method=method).status_code == 404
    assert len(deployer_a.get("/api/v1/definitions").get_json()["items"]) == 1


def test_should_not_let_a_tenants_admin_work_for_other_tenants(api: Api) -> None:
    tenant_admin = api.as_role("admin", tenant="a", name="admin")

    answer = tenant_admin.post("/api/v1/tokens", json={"name": "x", "roles": ["admin"], "tenantId": "b"})

    assert (answer.status_code, answer.get_json()["errors"][0]["code"]) == (403, "TENANT_FOREIGN")
    assert tenant_admin.post("/api/v1/tokens", json={"name": "x", "roles": ["user"]}).get_json()["tenantId"] == "a"


def test_should_show_a_token_once_and_forget_it_when_deleted(api: Api) -> None:
    # given
    made = api.client().post(
        "/api/v1/tokens", json={"name": "robot", "roles": ["worker"], "groups": ["g"]}, headers={"Idempotency-Key": "k"}
    )
    again = api.client().post(
        "/api/v1/tokens", json={"name": "robot", "roles": ["worker"], "groups": ["g"]}, headers={"Idempotency-Key": "k"}
    )
    token = made.get_json()
    robot = api.client(token["token"])
    assert (
        robot.post(
            "/api/v1/jobs/activate", json={"type": "t", "maxJobs": 1, "lockSeconds": 5, "workerId": "w"}
        ).status_code
        == 200
    )

    # then
    listed = api.client().get("/api/v1/tokens").get_json()["items"]
    assert [(row["name"], "token" in row) for row in listed] == [("robot", False)]
    assert (again.get_json()["id"], again.get_json()["token"]) == (token["id"], None)

    # when
    assert api.client().delete(f"/api/v1/tokens/{token['id']}").status_code == 204

    # then
    assert robot.post("/api/v1/jobs/activate", json={}).status_code == 401
    assert api.client().delete(f"/api/v1/tokens/{token['id']}").status_code == 404


def test_should_not_take_an_expired_token(api: Api) -> None:
    answer = api.client().post(
        "/api/v1/tokens", json={"name": "x", "roles": ["user"], "expiresAt": "2020-01-01T00:00:00Z"}
    )

    assert (answer.status_code, answer.get_json()["errors"][0]["code"]) == (422, "EXPIRY_PASSED")
