"""The commands against a real server on a free port: what they print, and how they end."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from typer.testing import CliRunner, Result

from server.api.listener import Listener
from server.app import assemble
from server.cli import app, doctor, main
from server.cli.client import Client
from server.config import ConfigError, Settings
from tests.support.api import document
from tests.support.models import catch, end, model, on_condition, on_signal, signal, start, user_task

TOKEN = "the admin token of the tests"
runner = CliRunner()


@dataclass
class Shell:
    url: str
    directory: Path

    def run(self, *arguments: str, status: int = 0, token: str = TOKEN) -> Result:
        environment = {"BPMND_SERVER": self.url, "BPMND_TOKEN": token, "COLUMNS": "250"}
        result = runner.invoke(app, list(arguments), env=environment)
        assert result.exit_code == status, result.output
        return result

    def json(self, *arguments: str, status: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", status=status).stdout)

    def file(self, name: str, content: bytes) -> str:
        path = self.directory / name
        path.write_bytes(content)
        return str(path)


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    directory = tmp_path_factory.mktemp("cli")
    settings = Settings(data_dir=directory, admin_token=TOKEN, port=0)
    server = assemble(settings)
    assert server.flask is not None
    listener = Listener(server.flask, settings)
    stop = threading.Event()
    thread = threading.Thread(target=listener.run, args=(stop,))
    server.start()
    thread.start()
    yield Shell(listener.url, directory)
    stop.set()
    listener.wake()
    thread.join(15)
    server.stop()
    assert not thread.is_alive()


def test_should_deploy_start_and_complete_from_the_shell(shell: Shell) -> None:
    # given
    deployed = shell.run("deploy", shell.file("order.bpmn", document("order")), "--name", "first")
    assert "order version 1" in deployed.stdout
    variables = shell.file("variables.json", b'{"amount": 5, "note": "from file"}')

    # when
    started = shell.json(
        "start",
        "order",
        "-v",
        "amount=7",
        "-v",
        "city=Bonn",
        "-v",
        'tags=["a"]',
        "--variables",
        variables,
        "--business-key",
        "B1",
    )

    # then
    assert started["context"] == {"amount": 7, "note": "from file", "city": "Bonn", "tags": ["a"]}
    assert "RUNNING at check" in shell.run("show", started["id"]).stdout
    listed = shell.run("instances", "--key", "order", "--status", "RUNNING").stdout
    assert started["id"] in listed
    assert "B1" in listed
    [task] = shell.json("tasks", "--instance", started["id"])
    assert "Check it" in shell.run("tasks").stdout
    assert "COMPLETED" in shell.run("complete", task["id"], "-v", "ok=true").stdout
    shown = shell.run("show", started["id"], "--history").stdout
    assert "COMPLETED" in shown
    assert "ELEMENT_COMPLETED" in shown
    assert shell.run("tasks", "--instance", started["id"]).stdout == "No tasks.\n"


def test_should_say_that_nothing_changed(shell: Shell) -> None:
    file = shell.file("same.bpmn", document("same"))
    shell.run("deploy", file)

    assert "same version 1 (unchanged)" in shell.run("deploy", file).stdout


def test_should_print_findings_and_exit_1_when_a_model_cannot_run(shell: Shell) -> None:
    broken = shell.file(
        "broken.bpmn",
        document("broken", body='<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="nowhere"/>'),
    )

    for command in (("deploy", broken), ("validate", broken)):
        printed = shell.run(*command, status=1).output
        assert "broken.bpmn:" in printed
        assert "ERROR" in printed
        assert "nowhere" in printed
    report = shell.json("validate", broken, status=1)
    assert report["valid"] is False
    assert any(finding["elementId"] == "f" for finding in report["findings"])
    assert shell.json("validate", shell.file("good.bpmn", document("good")))["valid"] is True


def test_should_publish_messages(shell: Shell) -> None:
    answer = shell.json("message", "paid", "--correlation-key", "1", "--ttl", "60", "--message-id", "m1")
    again = shell.run("message", "paid", "--correlation-key", "1", "--ttl", "60", "--message-id", "m1").stdout

    assert answer["result"] == "BUFFERED"
    assert again.startswith("DUPLICATE")


def test_should_list_and_retry_incidents(shell: Shell) -> None:
    # given a script that fails until a variable is set
    body = """<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="t"/>
      <scriptTask id="t" scriptFormat="python"><script>total = amount * 2</script></scriptTask>
      <sequenceFlow id="g" sourceRef="t" targetRef="e"/><endEvent id="e"/>"""
    shell.run("deploy", shell.file("script.bpmn", document("script", body=body)))
    instance = shell.json("start", "script", "--wait", "1")
    [incident] = shell.json("incidents", "--instance", instance["id"])
    assert "amount" in shell.run("incidents").stdout

    # when
    retried = shell.run("retry", incident["id"], "-v", "amount=4")

    # then
    assert "at t resolved" in retried.stdout
    shown = shell.json("show", instance["id"])["instance"]
    assert (shown["status"], shown["context"]) == ("COMPLETED", {"amount": 4, "total": 8})


def test_should_broadcast_signals(shell: Shell) -> None:
    waiting = model(start(), catch("wait", on_signal("alarm")), end(), flows="start -> wait -> end",
                    roots=signal("alarm", "alarm"), key="alarmed")  # fmt: skip
    shell.run("deploy", shell.file("alarmed.bpmn", waiting))
    first, second = (shell.json("start", "alarmed")["id"] for _ in range(2))

    told = shell.run("signal", "alarm", "-v", "level=3").stdout
    again = shell.json("signal", "alarm")

    assert told == f"SIGNALLED 2 {first} {second}\n"
    assert again == {"instanceIds": [], "total": 0}
    assert shell.json("show", second)["instance"]["context"] == {"level": 3}


def test_should_start_by_conditions(shell: Shell) -> None:
    # given
    for key, condition in (("big", "${amount > 100}"), ("odd", "${amount}")):
        conditional = model(start("begin", on_condition(condition)), end(), flows="begin -> end", key=key)
        shell.run("deploy", shell.file(f"{key}.bpmn", conditional))

    # when
    told = shell.run("condition", "big", "-v", "amount=101", "--business-key", "B-1").stdout
    failing = shell.run("condition", "-v", "amount=5", status=1).stdout
    none = shell.json("condition", "big", "-v", "amount=100")

    # then
    [shown] = shell.json("instances", "--key", "big")
    assert (shown["id"], shown["businessKey"]) == (told.split()[-1], "B-1")
    assert told == f"STARTED 1 {shown['id']}\n"
    assert "STARTED 0\nFAILED odd at begin: " in failing
    assert none == {"instanceIds": [], "failures": []}


def test_should_say_how_many_more_a_signal_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Client, "post", lambda *_: {"instanceIds": ["1", "2"], "total": 7})

    assert runner.invoke(app, ["signal", "alarm", "--token", "x"]).stdout == "SIGNALLED 7 1 2 and 5 more\n"


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("start", "nowhere"), 1, ["nowhere", "Not found"]),
        (("show", "12345"), 1, ["12345"]),
        (("complete", "12345"), 1, ["12345"]),
        (("start", "order", "-v", "novalue"), 2, ["NAME=JSON", "novalue"]),
        (("start", "order", "--variables", "/nowhere.json"), 2, ["/nowhere.json"]),
        (("deploy", "/nowhere.bpmn"), 2, ["/nowhere.bpmn"]),
        (("tasks", "--server", "http://127.0.0.1:1"), 3, ["127.0.0.1:1", "bpmnd serve"]),
    ],
)
def test_should_say_what_went_wrong(shell: Shell, arguments: tuple[str, ...], status: int, words: list[str]) -> None:
    printed = shell.run(*arguments, status=status).output

    assert [word for word in words if word not in printed] == []


def test_should_say_where_the_token_is(shell: Shell) -> None:
    printed = shell.run("tasks", status=1, token="wrong").output

    assert "Not authenticated" in printed
    assert "BPMND_TOKEN" in printed


def test_should_read_the_local_admin_token(shell: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "admin-token").write_text(TOKEN + "\n")
    result = runner.invoke(app, ["tasks", "--server", shell.url], env={"BPMND_DATA_DIR": str(tmp_path)})

    assert result.exit_code == 0, result.output


def test_should_bring_the_schema_up_to_date(tmp_path: Path) -> None:
    environment = {"BPMND_DATA_DIR": str(tmp_path / "data")}

    def db(command: str) -> Result:
        return runner.invoke(app, ["db", command], env=environment)

    assert (db("current").stdout, db("check").exit_code) == ("empty\n", 1)
    assert db("upgrade").stdout.endswith("(was empty)\n")
    assert (db("check").exit_code, db("upgrade").stdout.endswith("(unchanged)\n")) == (0, True)


def test_should_find_what_is_wrong(tmp_path: Path) -> None:
    environment = {"BPMND_DATA_DIR": str(tmp_path), "BPMND_BROKER_URL": "amqp://127.0.0.1:1//", "BPMND_PROT": "80"}

    result = runner.invoke(app, ["doctor"], env={**environment, "COLUMNS": "250"})

    assert result.exit_code == 1
    assert "did you mean 'BPMND_PORT'" in result.stdout
    assert "problem" in result.stdout
    assert list(tmp_path.iterdir()) == []


def test_should_warn_when_another_distribution_owns_a_package() -> None:
    found = list(doctor.packages({"server": ["bpmnd", "other-server"], "bpmn": ["bpmnd"]}))

    assert [(entry.level, "other-server" in entry.text) for entry in found] == [(doctor.Level.WARNING, True)]


def test_should_exit_2_on_bad_settings(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["bpmnd", "serve"])
    monkeypatch.setenv("BPMND_PORT", "eighty")

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 2
    assert "BPMND_PORT" in capsys.readouterr().err


def test_should_say_that_a_port_is_in_use(shell: Shell, tmp_path: Path) -> None:
    port = int(shell.url.rsplit(":", 1)[1])

    with pytest.raises(ConfigError, match=f"port {port}.*--port"):
        Listener(Flask("other"), Settings(data_dir=tmp_path, port=port))


def test_should_let_an_instance_go_on_in_another_version(shell: Shell) -> None:
    # given
    def version(id: str) -> bytes:
        return model(start(), user_task(id), end(), flows=f"start -> {id} -> end", key="versions")

    shell.run("deploy", shell.file("versions.bpmn", version("a")))
    instance = shell.json("start", "versions")["id"]
    [target] = shell.json("deploy", shell.file("versions.bpmn", version("b")))["definitions"]

    # when
    impossible = shell.run("migrate", instance, target["id"], "--dry-run", status=1).stdout
    refused = shell.run("migrate", instance, target["id"], status=1)
    wrong = shell.run("migrate", instance, target["id"], "--map", "a", status=2)
    moved = shell.run("migrate", instance, target["id"], "--map", "a=b").stdout

    # then
    assert "ERROR ELEMENT_NOT_MAPPED at a: " in impossible
    assert "'a', which is active" in refused.stderr
    assert "OLD=NEW" in wrong.stderr
    assert [line.split() for line in moved.splitlines()][-3:] == [["a", "b"], ["end", "end"], ["start", "start"]]
    assert shell.json("show", instance)["instance"]["currentState"] == ["b"]
