"""What must not leak, must not be reached and must not get out: tenants, secrets, logs, headers, sandboxes."""

from __future__ import annotations

import io
import logging
import re
import stat
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from werkzeug.test import EnvironBuilder

from bpmn.expressions.api import CompileError, EvaluationError
from bpmn.expressions.compile import compile_script
from bpmn.model.base import Expression
from bpmn.model.events import TimerKind
from bpmn.schedule import ScheduleError, plan_timer
from connectors.builtin.python import python_connector
from connectors.messages import Outcome
from connectors.options import WorkerOptions
from connectors.testing import run_connector
from server import config, logs
from server.api.listener import Listener
from server.config import Settings
from tests.acceptance.refusals import states
from tests.acceptance.refusals.world import TOKEN, World, running_world
from tests.bpmn.expressions.support import NOW, context
from tests.support.api import running_api

pytestmark = [pytest.mark.acceptance, pytest.mark.xdist_group("security")]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("security") / "data"


@pytest.fixture(scope="module")
def world(directory: Path) -> Iterator[World]:
    with running_world(directory) as running:
        yield running


# -- tenants


def test_should_try_every_route_with_the_id_of_another_tenant(world: World) -> None:
    """The rows themselves are sent by test_refusals; here: that none is forgotten."""
    with_id = {
        (method, re.sub(r"<[^>]*name>", "a", re.sub(r"<(\w+)>", "{}", rule.rule)).removeprefix("/api/v1"))
        for rule in world.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.arguments and rule.rule.startswith("/api/")
    }
    tried = {(method, path) for method, path, *_ in states.BY_ID}

    # These name a key, which every tenant has for itself.
    assert with_id - tried == {("PUT", "/definitions/{}"), ("POST", "/decisions/{}/evaluate")}


@pytest.mark.parametrize(
    "path",
    ["/definitions", "/instances?include=context", "/tasks?include=variables", "/incidents?resolved=true", "/tokens"],
)
def test_should_list_nothing_of_another_tenant(world: World, path: str) -> None:
    separator = "&" if "?" in path else "?"
    limit = "" if path == "/tokens" else f"{separator}limit=1000"

    ours = world.call("GET", path + limit)["items"]
    theirs = world.call("GET", path + limit, token="acme")["items"]

    assert ours
    assert theirs
    assert {item["tenantId"] for item in ours} == {"default"}
    assert {item["tenantId"] for item in theirs} == {"acme"}


@pytest.mark.parametrize("filter", ["instanceId", "definitionId", "rootInstanceId", "parentInstanceId"])
def test_should_find_nothing_of_another_tenant_by_filters(world: World, filter: str) -> None:
    id = world.ids["foreign_definition" if filter == "definitionId" else "foreign_instance"]
    for path in ("/tasks", "/incidents") if filter == "instanceId" else ("/instances",):
        assert world.call("GET", f"{path}?{filter}={id}")["items"] == []


def test_should_hand_out_no_jobs_of_another_tenant(world: World) -> None:
    theirs_started = world.start("payment", token="acme", variables={"secret": 1})
    request = {"type": "charge-card", "maxJobs": 100, "lockSeconds": 1, "workerId": "w"}

    ours = world.call("POST", "/jobs/activate", request)["jobs"]
    theirs = world.call("POST", "/jobs/activate", request, token="acme")["jobs"]

    assert theirs_started in {job["instanceId"] for job in theirs}
    assert {job["tenantId"] for job in theirs} == {"acme"}
    assert {job["tenantId"] for job in ours} <= {"default"}


def test_should_correlate_no_message_with_another_tenant(world: World) -> None:
    assert world.call("POST", "/messages", {"name": "paid", "all": True, "ttlSeconds": 0}, token="acme") == {
        "result": "NONE",
        "instanceIds": [],
    }


def test_should_count_only_ones_own_in_the_overview(world: World) -> None:
    theirs = world.call("GET", "/overview", token="acme")

    assert "review" not in {row["definitionKey"] for row in theirs["definitions"]}


# -- secrets


def test_should_write_no_token_into_logs_or_database(
    world: World, directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    made = world.call("POST", "/tokens", {"name": "robot", "roles": ["worker"]})["token"]
    for header in (f"Bearer {made}", "Bearer wrong-secret-token", f"Basic {TOKEN}"):
        for method, path in (("GET", "/instances"), ("POST", "/jobs/activate"), ("GET", "/nowhere")):
            world.app.test_client().open(f"/api/v1{path}", method=method, headers={"Authorization": header})
    world.fingerprint()

    stored = b"".join(file.read_bytes() for file in directory.iterdir() if file.name.startswith("bpmnd.db"))
    for secret in (made, TOKEN, "wrong-secret-token"):
        assert secret not in caplog.text
        assert secret.encode() not in stored
    assert b"robot" in stored


def test_should_log_no_local_variables_with_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    def fail(password: str) -> None:
        raise RuntimeError("broken")

    with _logging(Settings()):
        try:
            fail("-".join(("the", "password")))
        except RuntimeError:
            logging.getLogger("test").exception("It failed")

    written = capsys.readouterr().err
    assert "RuntimeError: broken" in written
    assert "the-password" not in written


@pytest.mark.parametrize("form", ["console", "json"])
def test_should_keep_one_line_per_event(capsys: pytest.CaptureFixture[str], form: str) -> None:
    name = "order\n2030-01-01 [error] forged\r\x1b[31m\u2028"

    with _logging(Settings(log_format=form)):
        structlog.get_logger("test").warning("deployed", name=name)
        logging.getLogger("test").warning("Deployed %s", name)

    written = capsys.readouterr().err
    assert len(written.splitlines()) == 2
    assert "\x1b" not in written
    assert "\r" not in written


class _logging:
    """Logs set up as the server does, and put back afterwards."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __enter__(self) -> None:
        root = logging.getLogger()
        self._before = (list(root.handlers), root.level)
        logs.configure(self._settings)

    def __exit__(self, *_: object) -> None:
        root = logging.getLogger()
        root.handlers[:], level = self._before
        root.setLevel(level)
        structlog.reset_defaults()


def test_should_open_data_and_token_to_their_owner_only(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "new" / "data")

    _, path = config.admin_token(settings)

    assert path is not None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(settings.data_dir.stat().st_mode) == 0o700


# -- headers


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: x=1", "a\nb", "a\n", "x" * 500, "<script>", "\xe4", ""])
def test_should_not_send_back_what_would_be_another_header(world: World, value: str) -> None:
    status, headers = _raw(world, "/health/live", HTTP_X_REQUEST_ID=value)

    assert status == 200
    assert re.fullmatch(r"[0-9a-f]{32}", headers["X-Request-Id"])
    assert "Set-Cookie" not in headers


def test_should_refuse_a_key_that_would_be_another_header(world: World) -> None:
    body = b'{"definitionKey": "short"}'

    status, headers = _raw(
        world, "/api/v1/instances", REQUEST_METHOD="POST", HTTP_AUTHORIZATION=f"Bearer {TOKEN}",
        HTTP_IDEMPOTENCY_KEY="a\r\nSet-Cookie: x=1", CONTENT_TYPE="application/json", CONTENT_LENGTH=str(len(body)),
        **{"wsgi.input": io.BytesIO(body)},
    )  # fmt: skip

    assert (status, headers["Content-Type"]) == (400, "application/problem+json")
    assert "Set-Cookie" not in headers


def _raw(world: World, path: str, **environ: Any) -> tuple[int, dict[str, str]]:
    """As a careless HTTP server would call the application: the test client refuses such headers itself."""
    given = {**EnvironBuilder(path).get_environ(), **environ}
    answer: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
        answer.append((status, headers))

    for _ in (found := world.app(given, start_response)):
        pass
    if close := getattr(found, "close", None):
        close()
    [(status, headers)] = answer
    return int(status.split()[0]), dict(headers)


@pytest.mark.parametrize(
    "path", ["/docs", "/docs/docs.js", "/openapi.json", "/metrics", "/nothing", "/api/v1/instances"]
)
def test_should_let_no_page_be_framed_or_load_from_elsewhere(world: World, path: str) -> None:
    headers = world.app.test_client().get(path).headers

    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert (headers["X-Frame-Options"], headers["X-Content-Type-Options"]) == ("DENY", "nosniff")
    assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "127.0.0.1:8080"}, 200),
        ({"Host": "localhost:8080"}, 200),
        ({"Host": "[::1]:8080"}, 200),
        ({"Host": "localhost:8080", "Origin": "http://localhost:8080"}, 200),
        ({"Host": "localhost:8080", "Origin": "http://localhost:3000"}, 403),
        ({"Host": "localhost:8080", "Origin": "https://evil.example"}, 403),
        ({"Host": "localhost:8080", "Origin": "null"}, 403),
        ({"Host": "rebound.example:8080"}, 403),
    ],
)
def test_should_answer_no_foreign_page_where_nobody_is_asked(
    tmp_path: Path, headers: dict[str, str], status: int
) -> None:
    with running_api(tmp_path, auth="none") as api:
        answer = api.client(None).get("/api/v1/definitions", headers=headers)

    assert answer.status_code == status
    assert (status == 200) or answer.get_json()["errors"][0]["code"] == "ORIGIN_FOREIGN"


# -- metrics


@pytest.mark.parametrize(
    ("address", "headers", "token", "status"),
    [
        ("127.0.0.1", {}, None, 200),
        ("::1", {}, None, 200),
        ("10.0.0.7", {}, None, 401),
        ("10.0.0.7", {}, "operator", 200),
        ("10.0.0.7", {}, "mary", 403),
        ("127.0.0.1", {"X-Forwarded-For": "10.0.0.7"}, None, 401),
        ("127.0.0.1", {"Forwarded": "for=10.0.0.7"}, None, 401),
        ("10.0.0.7", {"X-Forwarded-For": "127.0.0.1"}, None, 401),
    ],
)
def test_should_show_metrics_to_this_machine_and_to_operators(
    world: World, address: str, headers: dict[str, str], token: str | None, status: int
) -> None:
    if token is not None:
        headers = {**headers, "Authorization": f"Bearer {world.tokens[token]}"}

    answer = world.app.test_client().get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": address})

    assert answer.status_code == status
    assert (b"bpmnd_http_requests_total" in answer.data) is (status == 200)


def test_should_notice_a_proxy_on_this_machine(world: World) -> None:
    """The HTTP server leaves the headers that tell it."""
    listener, stop = Listener(world.app, Settings(port=0)), threading.Event()
    thread = threading.Thread(target=listener.run, args=(stop,), kwargs={"grace_seconds": 1.0})
    thread.start()
    try:
        direct = httpx.get(f"{listener.url}/metrics", trust_env=False)
        proxied = httpx.get(f"{listener.url}/metrics", headers={"X-Forwarded-For": "10.0.0.7"}, trust_env=False)
    finally:
        stop.set()
        listener.wake()
        thread.join(10)

    assert (direct.status_code, proxied.status_code) == (200, 401)


# -- sandboxes


@pytest.mark.parametrize(
    ("language", "script"),
    [
        ("javascript", "this.constructor.constructor('return process')().exit()"),
        ("javascript", "(function () {}).constructor('return this')().std.open('/etc/passwd')"),
        ("javascript", "import('std')"),
        ("javascript", "std.loadFile('/etc/passwd')"),
        ("javascript", "os.exec(['id'])"),
        ("javascript", "require('fs').readFileSync('/etc/passwd')"),
        ("javascript", "new Worker('x')"),
        ("javascript", "load('/etc/passwd')"),
        ("javascript", "Java.type('java.lang.Runtime').getRuntime().exec('id')"),
        ("javascript", "new java.io.File('/etc/passwd')"),
        ("juel", "${''.getClass().forName('java.lang.Runtime')}"),
        ("juel", "${''['class']['classLoader']}"),
        ("juel", "${name.__class__}"),
        ("juel", "${name['__class__']['__mro__']}"),
        ("juel", "${execution.processEngineServices.runtimeService}"),
        ("juel", "${S.__globals__}"),
        ("juel", "${''.format('{0.__class__}', name)}"),
        ("feel", "external function({java: {class: 'java.lang.Runtime'}})"),
        ("groovy", "'id'.execute().text"),
        ("groovy", "System.exit(1)"),
        ("python", "x = [c for c in ().__class__.__base__.__subclasses__()]"),
        ("python", "x = '%(a.__class__)s' % {'a': name}"),
        ("python", "x = f'{name!r:{name.__class__}}'"),
        ("python", "x: name.__class__ = 1"),
        ("python", "x = sorted([1], key=lambda y, z=().__class__: 1)"),
        ("python", "order.keys().mapping"),
        ("python", "x = BpmnError.__init__"),
        ("python", "x = datetime.now().__reduce__()"),
        ("python", "x = name.maketrans"),
        ("python", "x = (lambda: 0).__closure__"),
    ],
)
def test_should_let_no_script_out(language: str, script: str) -> None:
    given = context({"name": "mary", "order": {"a": 1}})

    with pytest.raises((CompileError, EvaluationError), match="Expected"):
        compile_script(Expression(text=script, language=language)).evaluate(given)

    assert given.assigned == {}


@pytest.mark.parametrize(
    "script",
    [
        "x: ().__class__ = 1",
        "def f(a=().__class__): pass",
        "def f() -> ().__class__: pass",
        "@().__class__\ndef f(): pass",
        "f'{().__class__}'",
        "f'{1:{().__class__}}'",
        "try:\n    1 / 0\nexcept Exception as e:\n    x = e.__traceback__",
        "try:\n    1 / 0\nexcept Exception as e:\n    x = e.with_traceback",
        "list(map(str.format, ['{0.__class__}'], [1]))",
        "[].append.__self__",
        "(lambda: 0).__globals__",
        "match 1:\n    case int(): pass",
        "x = __builtins__",
        "nonlocal x",
        "print(open)",
        "breakpoint()",
    ],
)
def test_should_let_no_script_of_the_connector_out(script: str) -> None:
    connector = python_connector(WorkerOptions(python_cpu_seconds=1, python_wall_seconds=10))

    result = run_connector(connector, variables={"__builtins__": {"open": 1}}, headers={"script": script})

    assert (result.outcome, result.retryable) == (Outcome.FAILED, False), result.variables


# -- texts that take a parser long: each of these ends at once, or the test's own time limit ends it


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    [
        "P" + "1" * 100_000,
        "R" * 100_000,
        "R/" * 50_000,
        "PT" + "1M" * 50_000,
        "P" + "1Y" * 50_000 + "!",
        "* " * 50_000,
        "0 " + "1," * 50_000 + " * * ?",
        "1-" * 50_000,
        " " * 100_000 + "!",
        "2030-01-01T" + "0" * 100_000,
        "R5/" + "2030-01-01T00:00:00/" * 20_000,
    ],
    ids=lambda text: text[:12],
)
@pytest.mark.parametrize("kind", ["DATE", "DURATION", "CYCLE"])
def test_should_refuse_timers_of_any_length_soon(kind: str, text: str) -> None:
    with pytest.raises(ScheduleError, match="Expected"):
        plan_timer(TimerKind[kind], text, NOW)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("language", ["juel", "feel", "groovy", "javascript", "python"])
@pytest.mark.parametrize(
    "text",
    [
        "${" * 30_000, "'" + "\\" * 99_000, '"' * 99_001, "a." * 49_000, "/*" * 49_000, "/* " * 33_000, "// " * 33_000,
        "/**/" * 24_000 + "#",
        "${'" + "a\\'" * 30_000, "1e" * 49_000, "getVariable(" * 8_000, " " * 99_000 + "!", "-" * 99_000,
        "if a then " * 9_000, "a ? " * 24_000, "\u0660" * 50_000,
    ],
    ids=lambda text: text[:8].strip() or "spaces",
)  # fmt: skip
def test_should_read_expressions_of_any_length_soon(language: str, text: str) -> None:
    with suppress(CompileError, EvaluationError):
        compile_script(Expression(text=text, language=language)).evaluate(context())


@pytest.mark.timeout(20)
def test_should_take_forms_of_a_million_parts_for_what_they_are(world: World) -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\nx\r\n'
    body = part * 100_000 + b"--b--\r\n"

    answer = world.app.test_client().post(
        "/api/v1/deployments", input_stream=io.BytesIO(body), content_length=len(body),
        content_type="multipart/form-data; boundary=b", headers={"Authorization": f"Bearer {TOKEN}"},
    )  # fmt: skip

    problem: Any = answer.get_json()
    assert (answer.status_code, problem["errors"][0]["code"]) == (413, "BODY_TOO_LARGE")
