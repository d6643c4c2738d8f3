"""The documentation is true: links lead somewhere, what it names exists, what it tells to type works."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from typer.main import get_command

from bpmn.rules.supported import RUNTIME, Feature
from connectors.connector import Connector
from connectors.testing import run_connector
from server import config
from server.cli import app as command_line
from tests.support.app import running_app
from tests.support.processes import TOKEN, Cluster, free_port, until

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("samples/**/*.md")})
each_page = pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str, text: str | None = None) -> list[str]:
    found = BLOCK.finditer(page.read_text(encoding="utf-8") if text is None else text)
    return [match[2] for match in found if match[1] == language]


def section(page: Path, title: str) -> str:
    """What stands between a heading of the second level and the next."""
    text = page.read_text(encoding="utf-8")
    assert f"\n## {title}\n" in text
    return text.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def anchors(page: Path) -> set[str]:
    text = BLOCK.sub("", page.read_text(encoding="utf-8"))
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


# -- nothing points nowhere ------------------------------------------------------------------------------------------


@each_page
def test_should_link_to_pages_that_exist(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"'{target}' does not exist"
        assert there.is_relative_to(ROOT), f"'{target}' is outside the repository"
        assert not anchor or anchor in anchors(there), f"'{path}' has no heading '{anchor}'"


def test_should_be_found_from_the_readme() -> None:
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        for target in re.findall(r"\]\(([^)#\s:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            waiting.append((page.parent / target).resolve())

    assert set(ROOT.glob("docs/**/*.md")) <= reached


@each_page
def test_should_name_no_path_of_somebodys_machine(page: Path) -> None:
    assert not re.search(r"(?<![\w.])/(home|root|work|Users|tmp)/\w", page.read_text(encoding="utf-8"))


# -- what it names exists --------------------------------------------------------------------------------------------


def test_should_describe_every_setting() -> None:
    shown = (ROOT / "docs/settings.md").read_text(encoding="utf-8")

    assert shown == config.documentation(), "run `python -m server.config > docs/settings.md`"


@each_page
def test_should_name_only_settings_that_exist(page: Path) -> None:
    named = set(re.findall(r"\bBPMND_[A-Z_]+[A-Z]", page.read_text(encoding="utf-8")))

    assert config.unknown_variables(dict.fromkeys(named, "")) == []


@each_page
def test_should_name_only_commands_and_options_that_exist(page: Path) -> None:
    root = get_command(command_line)
    text = page.read_text(encoding="utf-8")
    typed = "\n".join(match[2] for match in BLOCK.finditer(text) if match[1] == "sh")
    lines = re.findall(r"^ *(?:[A-Z_]+=\S+ )?bpmnd ([a-z][^\n#]*)", typed, re.MULTILINE)
    lines += re.findall(r"^ {4,}bpmnd ([a-z][^\n#]*)|`bpmnd ([a-z][^`\n]*)`", text, re.MULTILINE)
    for line in ("".join(found) for found in lines):
        words = line.split()
        command = root
        while words and hasattr(command, "commands"):
            word = words.pop(0)
            assert word in command.commands, f"bpmnd has no command '{word}' (bpmnd {line})"
            command = command.commands[word]
        known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        for option in (word for word in words if word.startswith("-")):
            assert option in known, f"{option} is no option of 'bpmnd {line}'"


def test_should_name_only_routes_that_exist(tmp_path: Path) -> None:
    pattern = re.compile(r"\b(GET|POST|PUT|PATCH|DELETE) `?(?:/api/v1)?(/[a-z][\w/{}]*)")
    named = {(method, path) for page in PAGES for method, path in pattern.findall(page.read_text(encoding="utf-8"))}
    with running_app(tmp_path) as app:
        document = app.client().get("/openapi.json").get_json()
    routes = {
        (method.upper(), re.sub(r"\{\w+\}", "{}", path.removeprefix("/api/v1")))
        for path, methods in document["paths"].items()
        for method in methods
    }

    found = {(method, re.sub(r"\{\w+\}", "{}", path)) for method, path in named}
    assert len(found) > 5
    assert found - routes == set()


def test_should_list_every_dependency_and_use_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    page = ROOT / "docs/dependencies.md"
    for title, requirements in (
        ("At run time", project["dependencies"]),
        ("For development", project["optional-dependencies"]["dev"]),
    ):
        declared = {re.split(r"[\[<>=~! ]", requirement)[0] for requirement in requirements}
        rows = re.findall(r"^\| ([\w-]+) \| (.+) \| (.+) \|$", section(page, title), re.MULTILINE)
        assert {name for name, _, _ in rows} - {"package"} == declared
    names = {"spiffworkflow": "SpiffWorkflow", "quickjs-ng": "quickjs"}
    by_url = {"psycopg"}
    for requirement in project["dependencies"]:
        name = re.split(r"[\[<>=~! ]", requirement)[0]
        module = names.get(name, name.replace("-", "_"))
        assert name in by_url or module in imported_modules(), f"nothing imports '{module}'"


def imported_modules() -> set[str]:
    found: set[str] = set()
    for package in ("bpmn", "server", "connectors", "migrations"):
        for file in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    found |= {alias.name.split(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module:
                    found.add(node.module.split(".")[0])
    return found


NOT_YET = {
    "signal": "SignalEventDefinition",
    "escalation": "EscalationEventDefinition",
    "link": "LinkEventDefinition",
    "compensation": "CompensateEventDefinition",
    "cancel": "CancelEventDefinition",
    "transactions": "Transaction",
    "ad-hoc sub-processes": "AdHocSubProcess",
    "complex gateways": "ComplexGateway",
    "event sub-processes": Feature.EVENT_SUB_PROCESS,
    "standard loops": Feature.STANDARD_LOOP,
    "events with several definitions": Feature.MULTIPLE_EVENTS,
    "event-based gateways that start a process": Feature.INSTANTIATING_GATEWAY,
    "DMN decisions": Feature.DECISION,
}


@pytest.mark.parametrize(("words", "what"), NOT_YET.items(), ids=NOT_YET)
def test_should_say_in_the_readme_what_it_does_not_do_yet(words: str, what: str | Feature) -> None:
    runs = {kind.__name__ for kind in RUNTIME.nodes}
    runs |= {definition.__name__ for _, definition in RUNTIME.events if definition is not None}
    told = re.search(rf"\b{re.escape(words)}", section(ROOT / "README.md", "What it does not do yet"))

    supported = what in RUNTIME.features if isinstance(what, Feature) else what in runs
    assert bool(told) is not supported, f"'{words}' {'runs now' if supported else 'does not run'}: put the README right"


def test_should_begin_the_changelog_with_what_is_unreleased() -> None:
    titles = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert titles[0] == "Unreleased"


def test_should_bring_the_licence() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")

    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text


# -- what it tells to type works -------------------------------------------------------------------------------------


@pytest.mark.acceptance
def test_should_do_what_the_quick_start_says(tmp_path: Path) -> None:
    if shutil.which("curl") is None or shutil.which("sh") is None:
        pytest.skip("needs sh and curl")
    steps = blocks(ROOT / "README.md", "sh", section(ROOT / "README.md", "Quick start"))
    assert len(steps) == 3
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    data = tmp_path / "bpmnd-data"
    with Cluster({"BPMND_DATA_DIR": str(data)}, tmp_path) as cluster:
        port = cluster.ports["server"] = free_port()
        cluster.add("server", "serve", "--samples", "--port", str(port))
        cluster.wait_ready("server")
        reviewed = until_shell('"$API/tasks?definitionKey=loan-approval&status=OPEN"', "OPEN")
        ended = until_shell('"$API/instances?definitionKey=loan-approval"', "COMPLETED")
        script = "\n".join((steps[0], reviewed, steps[1], ended, "echo; echo ANSWER", steps[2]))
        done = subprocess.run(
            ["sh", "-eu", "-c", script.replace(":8080", f":{port}")],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert done.returncode == 0, done.stderr
    before, answer = done.stdout.split("ANSWER")
    for words in ('"findings":[]', '"status":"RUNNING"', '"name":"Review the application"', '"status":"OPEN"'):
        assert words in before
    for words in ('"status":"COMPLETED"', '"currentState":[]', '"approved":true', '"score":600'):
        assert words in answer


def until_shell(url: str, words: str) -> str:
    """Shell that waits until an answer has these words: a reader is slower than the server."""
    asked = f'curl -s -H "Authorization: Bearer $TOKEN" {url}'
    return f"until {asked} | grep -q {words}; do sleep 0.1; done"


def test_should_have_a_connector_that_works_in_the_how_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connector_code, test_code = blocks(ROOT / "docs/howto/write-a-connector.md", "python")
    (tmp_path / "my_connectors.py").write_text(connector_code, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    names: dict[str, object] = {}
    exec(compile(test_code, "how-to", "exec"), names)
    try:
        names["test_should_refuse_minors"]()  # type: ignore[operator]
        score = names["score"]
        assert isinstance(score, Connector)
        assert run_connector(score, variables={"age": 30, "income": 1000}).variables == {"score": 10}
        assert run_connector(score, variables={"age": 30}).retryable is False
    finally:
        sys.modules.pop("my_connectors", None)


TRANSLATE = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
             targetNamespace="urn:test"><process id="translation" isExecutable="true">
  <startEvent id="start"/><sequenceFlow id="a" sourceRef="start" targetRef="translate"/>
  <serviceTask id="translate" camunda:type="external" camunda:topic="translate"/>
  <sequenceFlow id="b" sourceRef="translate" targetRef="end"/><endEvent id="end"/></process></definitions>"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[httpx.Client]:
    """A server in a process of its own, with a process that needs a translator."""
    with Cluster({"BPMND_DATA_DIR": str(tmp_path), "BPMND_ADMIN_TOKEN": TOKEN}, tmp_path) as cluster:
        cluster.add_api("server", "all")
        cluster.wait_ready("server")
        with cluster.client("server") as client:
            client.post("/deployments", files={"files": ("t.bpmn", TRANSLATE.encode())}).raise_for_status()
            yield client


def start_translation(server: httpx.Client, **variables: str) -> str:
    answer = server.post("/instances", json={"definitionKey": "translation", "variables": variables})
    instance_id: str = answer.raise_for_status().json()["id"]
    return instance_id


@pytest.mark.acceptance
def test_should_have_a_worker_over_http_that_works_in_the_how_to(
    server: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = ROOT / "docs/howto/write-a-worker-over-http.md"
    (worker,) = blocks(page, "python")
    monkeypatch.setenv("BPMND_SERVER", str(server.base_url).removesuffix("/api/v1/"))
    monkeypatch.setenv("BPMND_TOKEN", TOKEN)
    done, failed = start_translation(server, text="Hello"), start_translation(server)
    names: dict[str, object] = {"__name__": "how_to"}

    exec(compile(worker, str(page), "exec"), names)
    try:
        took = 0
        while took < 2:
            took += names["work_once"]()  # type: ignore[operator]
    finally:
        names["client"].close()  # type: ignore[attr-defined]

    ended = until(lambda: _with_status(server, done, "COMPLETED"), 10, "the translation to end")
    assert ended["context"]["german"] == "HELLO"
    assert server.get(f"/instances/{failed}").json()["incidents"] == 1


@pytest.mark.acceptance
def test_should_have_curl_lines_that_work_in_the_how_to(server: httpx.Client) -> None:
    if shutil.which("curl") is None or shutil.which("sh") is None:
        pytest.skip("needs sh and curl")
    activate, complete = blocks(ROOT / "docs/howto/write-a-worker-over-http.md", "sh")
    base = str(server.base_url).removesuffix("/api/v1/")
    instance = start_translation(server, text="Hello")

    def shell(script: str, **variables: str) -> str:
        environment = {"TOKEN": TOKEN, "PATH": "/usr/bin:/bin:/usr/local/bin", **variables}
        script = script.replace("http://127.0.0.1:8080", base)
        return subprocess.run(
            ["sh", "-eu", "-c", script], env=environment, capture_output=True, text=True, timeout=60, check=True
        ).stdout

    job = re.search(r'"id":"(\d+)"', shell(activate))
    assert job is not None
    shell(complete, JOB=job[1])

    ended = until(lambda: _with_status(server, instance, "COMPLETED"), 10, "the translation to end")
    assert ended["context"]["german"] == "Hallo"


def _with_status(server: httpx.Client, id: str, status: str) -> dict[str, object] | None:
    found: dict[str, object] = server.get(f"/instances/{id}").json()
    return found if found["status"] == status else None
