"""Requests that are refused before anybody looks at what they are about: tokens, roles, bodies, parameters, paths."""

# A table reads best with one row on few lines.
# ruff: noqa: E501

from __future__ import annotations

from typing import Any

from tests.acceptance.refusals.refusal import Refusal

# fmt: off

DEEP = b'{"definitionKey": "review", "variables": {"a": ' + b"[" * 10_000 + b"]" * 10_000 + b"}}"


def _nobody(name: str, header: str | None, code: str) -> Refusal:
    headers = {} if header is None else {"Authorization": header}
    return Refusal(name=name, method="GET", path="/instances", token=None, headers=headers, status=401, code=code,
                   says=["Expected"])


ACCESS = [
    _nobody("no token", None, "TOKEN_MISSING"),
    _nobody("another kind of authentication", "Basic YWRtaW46YWRtaW4=", "TOKEN_MALFORMED"),
    _nobody("a bearer of nothing", "Bearer ", "TOKEN_MALFORMED"),
    _nobody("a wrong token", "Bearer wrong", "TOKEN_UNKNOWN"),
    _nobody("a token of 8 kB", f"Bearer {'x' * 8000}", "TOKEN_UNKNOWN"),
    _nobody("two tokens in one", "Bearer a, Bearer b", "TOKEN_UNKNOWN"),
    _nobody("a token that is no ASCII", "Bearer sömé", "TOKEN_UNKNOWN"),
    Refusal(name="an expired token", method="GET", path="/instances", token="expired", status=401, code="TOKEN_UNKNOWN"),
    *(Refusal(name=f"a role that may not {what}", method=method, path=path, json=body, token=who, status=403,
              code="ROLE_MISSING", says=[role])
      for what, method, path, body, who, role in (
          ("deploy", "POST", "/deployments", {}, "operator", "deployer"),
          ("start", "POST", "/instances", {"definitionKey": "review"}, "worker", "operator"),
          ("take jobs", "POST", "/jobs/activate", {}, "mary", "worker"),
          ("make tokens", "POST", "/tokens", {"name": "x", "roles": ["admin"]}, "operator", "admin"),
          ("resolve incidents", "POST", "/incidents/{incident}/resolve", {}, "mary", "operator"),
          ("delete definitions", "DELETE", "/definitions/{review}", {}, "mary", "deployer"),
          ("change variables", "PATCH", "/instances/{open_instance}/variables", {"a": 1}, "mary", "operator"),
          ("assign tasks", "POST", "/tasks/{open_task}/assign", {"assignee": "mary"}, "mary", "operator"),
      )),
    Refusal(name="claiming for somebody else", path="/tasks/{open_task}/claim", json={"assignee": "john"}, token="mary",
            status=403, code="ROLE_MISSING", says=["mary", "john"]),
    Refusal(name="a token for another tenant", path="/tokens", json={"name": "x", "roles": ["user"], "tenantId": "default"},
            token="acme", status=403, code="TENANT_FOREIGN", says=["acme", "default"]),
]


def _body(name: str, data: bytes, status: int, code: str, **more: Any) -> Refusal:
    return Refusal(name=name, path="/instances", data=data, status=status, code=code, **more)


BODIES = [
    _body("JSON that is cut off", b'{"definitionKey": "review"', 400, "JSON_INVALID", says=["JSON"]),
    _body("no JSON at all", b"definitionKey=review", 400, "JSON_INVALID"),
    _body("NaN", b'{"definitionKey": "review", "variables": {"a": NaN}}', 400, "JSON_INVALID"),
    _body("infinity", b'{"definitionKey": "review", "variables": {"a": -Infinity}}', 400, "JSON_INVALID"),
    _body("a number beyond all bounds", b'{"definitionKey": "review", "variables": {"a": 1e999999999}}', 400, "JSON_INVALID"),
    _body("an integer of 5,000 digits", b'{"definitionKey": "review", "variables": {"a": ' + b"9" * 5000 + b"}}", 400, "JSON_INVALID"),
    _body("JSON in bytes that are no UTF-8", b'{"definitionKey": "\xff"}', 400, "JSON_INVALID"),
    _body("UTF-16", '{"definitionKey": "review"}'.encode("utf-16"), 400, "JSON_INVALID"),
    _body("a lone surrogate", b'{"definitionKey": "review", "variables": {"a": "\\ud800"}}', 400, "JSON_INVALID", says=["surrogate"]),
    _body("the same key twice", b'{"definitionKey": "review", "definitionKey": "short"}', 400, "JSON_INVALID", says=["definitionKey", "twice"]),
    _body("the same key twice, deep inside", b'{"definitionKey": "review", "variables": {"a": [{"b": 1, "b": ":"}]}}', 400, "JSON_INVALID", says=["'b'"]),
    _body("10,000 levels", DEEP, 400, "JSON_INVALID", says=["depth"]),
    _body("300 levels", DEEP.replace(b"[" * 9_700, b"").replace(b"]" * 9_700, b""), 422, "INVALID_VALUE", says=["200"]),
    _body("NUL in a value", b'{"definitionKey": "review", "variables": {"a": "\\u0000"}}', 422, "INVALID_VALUE", pointer="/variables/a", says=["NUL"]),
    _body("NUL in a name", b'{"definitionKey": "review", "variables": {"a\\u0000": 1}}', 422, "INVALID_VALUE", says=["NUL"]),
    _body("a list in place of an object", b'["review"]', 422, "INVALID_VALUE", pointer="", says=["object", "list"]),
    _body("null in place of an object", b"null", 422, "INVALID_VALUE", says=["object"]),
    _body("a variable name of 300 characters", b'{"definitionKey": "review", "variables": {"' + b"x" * 300 + b'": 1}}', 422, "INVALID_VALUE", pointer="/variables", says=["255"]),
    _body("5 MB of variables", b'{"definitionKey": "review", "variables": {"a": "' + b"x" * 5_000_000 + b'"}}', 413, "BODY_TOO_LARGE", says=["BPMND_MAX_BODY_BYTES"]),
    Refusal(name="a form in place of JSON", path="/messages", data=b"name=paid", content_type="application/x-www-form-urlencoded",
            status=415, code="MEDIA_TYPE_UNSUPPORTED", says=["application/json"]),
    Refusal(name="text in place of JSON", path="/messages", data=b"{}", content_type="text/plain", status=415,
            code="MEDIA_TYPE_UNSUPPORTED", says=["application/json", "text/plain"]),
]

WRONG_TYPES: list[tuple[str, str, Any, str]] = [
    ("POST", "/instances", {}, ""),
    ("POST", "/instances", {"definitionKey": 5}, "/definitionKey"),
    ("POST", "/instances", {"definitionKey": ""}, "/definitionKey"),
    ("POST", "/instances", {"definitionKey": "x" * 256}, "/definitionKey"),
    ("POST", "/instances", {"definitionKey": "review", "definitionId": "1"}, ""),
    ("POST", "/instances", {"definitionKey": "review", "version": "1"}, "/version"),
    ("POST", "/instances", {"definitionKey": "review", "version": 1.5}, "/version"),
    ("POST", "/instances", {"definitionKey": "review", "version": 10**30}, "/version"),
    ("POST", "/instances", {"definitionKey": "review", "businessKey": 7}, "/businessKey"),
    ("POST", "/instances", {"definitionKey": "review", "variables": []}, "/variables"),
    ("POST", "/instances", {"definitionKey": "review", "waitSeconds": -1}, "/waitSeconds"),
    ("POST", "/instances", {"definitionKey": "review", "waitSeconds": 10**400}, "/waitSeconds"),
    ("PATCH", "/instances/{open_instance}/variables", {"": 1}, ""),
    ("POST", "/instances/{open_instance}/pause", {"timers": "NEVER"}, "/timers"),
    ("POST", "/instances/{open_instance}/cancel", {"reason": ["because"]}, "/reason"),
    ("POST", "/tasks/{open_task}/claim", {"assignee": {"name": "mary"}}, "/assignee"),
    ("POST", "/tasks/{open_task}/assign", {}, "/assignee"),
    ("POST", "/tasks/{open_task}/delegate", {"assignee": None}, "/assignee"),
    ("POST", "/tasks/{open_task}/complete", {"variables": "none"}, "/variables"),
    ("POST", "/tasks/{open_task}/error", {"errorCode": 404}, "/errorCode"),
    ("PATCH", "/tasks/{open_task}", {"priority": "high"}, "/priority"),
    ("PATCH", "/tasks/{open_task}", {"priority": True}, "/priority"),
    ("PATCH", "/tasks/{open_task}", {"dueDate": "tomorrow"}, "/dueDate"),
    ("PATCH", "/tasks/{open_task}", {"dueDate": "2030-01-01T00:00:00"}, "/dueDate"),
    ("PATCH", "/tasks/{open_task}", {"candidateUsers": "mary"}, "/candidateUsers"),
    ("POST", "/jobs/activate", {"type": "charge-card"}, "/maxJobs"),
    ("POST", "/jobs/activate", {"type": "t", "maxJobs": 0, "lockSeconds": 5, "workerId": "w"}, "/maxJobs"),
    ("POST", "/jobs/activate", {"type": "t", "maxJobs": 5000, "lockSeconds": 5, "workerId": "w"}, "/maxJobs"),
    ("POST", "/jobs/activate", {"type": "t", "maxJobs": 1, "lockSeconds": 0, "workerId": "w"}, "/lockSeconds"),
    ("POST", "/jobs/activate", {"type": "t", "maxJobs": 1, "lockSeconds": 10**9, "workerId": "w"}, "/lockSeconds"),
    ("POST", "/jobs/activate", {"type": "", "maxJobs": 1, "lockSeconds": 5, "workerId": "w"}, "/type"),
    ("POST", "/jobs/activate", {"type": "t", "maxJobs": 1, "lockSeconds": 5, "workerId": None}, "/workerId"),
    ("POST", "/jobs/activate", {"type": "t", "maxJobs": 1, "lockSeconds": 5, "workerId": "w", "fetchVariables": "a"}, "/fetchVariables"),
    ("POST", "/jobs/{job}/complete", {"workerId": "w1"}, "/attempt"),
    ("POST", "/jobs/{job}/complete", {"workerId": "w1", "attempt": "1"}, "/attempt"),
    ("POST", "/jobs/{job}/complete", {"workerId": "w1", "attempt": 10**30}, "/attempt"),
    ("POST", "/jobs/{job}/fail", {"workerId": "w1", "attempt": 1, "message": "x", "retries": -1}, "/retries"),
    ("POST", "/jobs/{job}/fail", {"workerId": "w1", "attempt": 1, "message": "x", "backoffSeconds": "5"}, "/backoffSeconds"),
    ("POST", "/jobs/{job}/error", {"workerId": "w1", "attempt": 1, "errorCode": ""}, "/errorCode"),
    ("POST", "/jobs/{job}/extend", {"workerId": "w1", "attempt": 1, "lockSeconds": -5}, "/lockSeconds"),
    ("POST", "/messages", {"variables": {}}, "/name"),
    ("POST", "/messages", {"name": "paid", "correlationKey": {"a": 1}}, "/correlationKey"),
    ("POST", "/messages", {"name": "paid", "ttlSeconds": -1}, "/ttlSeconds"),
    ("POST", "/messages", {"name": "paid", "ttlSeconds": 10**12}, "/ttlSeconds"),
    ("POST", "/messages", {"name": "paid", "ttlSeconds": "1h"}, "/ttlSeconds"),
    ("POST", "/messages", {"name": "paid", "all": "yes"}, "/all"),
    ("POST", "/conditions", {"variables": [1]}, "/variables"),
    ("POST", "/conditions", {"variables": {}, "definitionKey": 5}, "/definitionKey"),
    ("POST", "/conditions", {"variables": {}, "businessKey": ""}, "/businessKey"),
    ("POST", "/incidents/{incident}/resolve", {"retries": 0}, "/retries"),
    ("POST", "/incidents/{incident}/resolve", {"dismiss": 1}, "/dismiss"),
    ("POST", "/tokens", {"name": "x", "roles": "admin"}, "/roles"),
    ("POST", "/tokens", {"name": "x", "roles": ["king"]}, "/roles/0"),
    ("POST", "/tokens", {"name": "x", "roles": []}, "/roles"),
    ("PATCH", "/definitions/{review}", {"suspended": "yes"}, "/suspended"),
    ("PATCH", "/definitions/{review}", {}, ""),
]
UNKNOWN_FIELDS: list[tuple[str, str, Any]] = [
    ("POST", "/instances", {"definitionKey": "review", "colour": "red"}),
    ("POST", "/instances/{open_instance}/resume", {"colour": "red"}),
    ("POST", "/tasks/{open_task}/unclaim", {"colour": "red"}),
    ("POST", "/tasks/{open_task}/complete", {"colour": "red"}),
    ("POST", "/jobs/{job}/complete", {"workerId": "w1", "attempt": 1, "colour": "red"}),
    ("POST", "/messages", {"name": "paid", "colour": "red"}),
    ("POST", "/conditions", {"variables": {}, "colour": "red"}),
    ("PATCH", "/definitions/{review}", {"colour": "red"}),
]
TYPES = [
    *(Refusal(name=f"{method} {path} with {str(body)[:90]}", method=method, path=path, json=body, status=422, code="INVALID_VALUE", pointer=pointer)
      for method, path, body, pointer in WRONG_TYPES),
    *(Refusal(name=f"an unknown field of {path}", method=method, path=path, json=body, status=422, code="UNKNOWN_FIELD", pointer="/colour")
      for method, path, body in UNKNOWN_FIELDS),
    Refusal(name="a token that expired before it was made", path="/tokens", status=422, code="EXPIRY_PASSED",
            json={"name": "x", "roles": ["user"], "expiresAt": "2020-01-01T00:00:00Z"}, says=["expiresAt"]),
]


def _get(path: str, code: str, *says: str) -> Refusal:
    return Refusal(name=f"GET {path[:60]}", method="GET", path=path, status=400, code=code, says=says)


PARAMETERS = [
    _get("/instances?limit=0", "INVALID_VALUE", "limit"),
    _get("/instances?limit=1001", "INVALID_VALUE", "limit"),
    _get("/instances?limit=many", "INVALID_VALUE", "limit"),
    _get("/instances?limit=" + "9" * 5000, "INVALID_VALUE", "limit"),
    _get("/instances?cursor=nonsense", "CURSOR_INVALID", "nextCursor"),
    _get("/instances?cursor=" + "x" * 2001, "INVALID_VALUE", "cursor"),
    _get("/instances?cursor=W10", "CURSOR_INVALID", "nextCursor"),
    _get("/instances?sort=colour", "SORT_INVALID", "colour"),
    _get("/tasks?sort=--id", "SORT_INVALID"),
    _get("/instances?total=perhaps", "INVALID_VALUE", "total"),
    _get("/instances?include=everything", "INVALID_VALUE", "everything"),
    _get("/instances?status=LOST", "INVALID_PARAMETERS", "LOST", "RUNNING"),
    _get("/instances?variable=unquoted", "INVALID_PARAMETERS", "name:json"),
    _get("/instances?variable=x:NaN", "INVALID_PARAMETERS", "name:json"),
    _get("/instances?variable=x:%22%5Cu0000%22", "INVALID_PARAMETERS", "NUL"),
    _get("/instances?colour=red", "UNKNOWN_PARAMETER", "colour"),
    _get("/instances?businessKey=%00", "INVALID_PARAMETERS", "NUL"),
    _get("/definitions?key=a%00b", "INVALID_PARAMETERS", "NUL"),
    _get("/tasks?status=LOST", "INVALID_PARAMETERS", "LOST"),
    _get("/tasks?dueBefore=tomorrow", "INVALID_VALUE", "tomorrow"),
    _get("/definitions?latest=perhaps", "INVALID_VALUE", "latest"),
    _get("/overview?x=1", "INVALID_PARAMETERS", "'x'"),
    Refusal(name="a parameter nobody knows of a deletion", method="DELETE", path="/definitions/{review}?force=true", status=400,
            code="UNKNOWN_PARAMETER", says=["force"]),
    Refusal(name="NUL in a path", method="DELETE", path="/instances/{open_instance}/variables/a%00b", status=400,
            code="INVALID_PARAMETERS", says=["NUL"]),
]
PATHS = [
    *(Refusal(name=f"{method} {path[:60]}", method=method, path=path, status=404, code="PATH_UNKNOWN", says=["Expected"])
      for method, path in (("GET", "/nothing"), ("GET", "!/nothing"), ("POST", "/instances/{open_instance}/explode"),
                           ("GET", "!/docs/../../etc/passwd"), ("GET", "!/docs/%2e%2e/routes.py"), ("GET", "!/api/v2/instances"))),
    *(Refusal(name=f"{method} {path}", method=method, path=path, status=405, code="METHOD_NOT_ALLOWED", says=["/docs", method])
      for method, path in (("DELETE", "/instances"), ("PUT", "/instances"), ("PATCH", "/messages"), ("POST", "!/metrics"))),
]
KEYS = [
    Refusal(name="an Idempotency-Key with another body", path="/instances", json={"definitionKey": "review"},
            headers={"Idempotency-Key": "used"}, status=422, code="IDEMPOTENCY_KEY_REUSED", says=["used"]),
    Refusal(name="an Idempotency-Key of 256 characters", path="/instances", json={"definitionKey": "review"},
            headers={"Idempotency-Key": "k" * 256}, status=400, code="IDEMPOTENCY_KEY_INVALID", says=["255", "256"]),
    Refusal(name="an empty Idempotency-Key", path="/deployments", files=[("x.bpmn", b"<")], headers={"Idempotency-Key": ""},
            status=400, code="IDEMPOTENCY_KEY_INVALID"),
    Refusal(name="an Idempotency-Key with control characters", path="/instances", json={"definitionKey": "review"},
            headers={"Idempotency-Key": "a\x7fb"}, status=400, code="IDEMPOTENCY_KEY_INVALID"),
]
ROWS: list[Refusal] = [*ACCESS, *BODIES, *TYPES, *PARAMETERS, *PATHS, *KEYS]
