"""`bpmnd demo` with samples of the test: driven to the end, every step shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from server.cli import app, demo
from server.samples import Sample
from tests.support.api import document

ORDER = """
    <startEvent id="start"/>
    <sequenceFlow id="f1" sourceRef="start" targetRef="check"/>
    <userTask id="check" name="Check it"/>
    <sequenceFlow id="f2" sourceRef="check" targetRef="pause"/>
    <intermediateCatchEvent id="pause"><timerEventDefinition><timeDuration>PT0.2S</timeDuration></timerEventDefinition>
    </intermediateCatchEvent>
    <sequenceFlow id="f3" sourceRef="pause" targetRef="note"/>
    <serviceTask id="note" camunda:type="external" camunda:topic="log"><extensionElements><camunda:inputOutput>
      <camunda:inputParameter name="message">five</camunda:inputParameter></camunda:inputOutput></extensionElements>
    </serviceTask>
    <sequenceFlow id="f4" sourceRef="note" targetRef="paid"/>
    <intermediateCatchEvent id="paid"><messageEventDefinition messageRef="paid"/></intermediateCatchEvent>
    <sequenceFlow id="f5" sourceRef="paid" targetRef="end"/>
    <endEvent id="end"/>"""


def _sample(directory: Path, name: str, body: str, **script: Any) -> Sample:
    model = document(name, body=body).replace(
        b"<definitions ", b'<definitions xmlns:camunda="http://camunda.org/schema/1.0/bpmn" '
    )
    file = directory / "process.bpmn"
    file.write_bytes(model)
    return Sample(name, (file,), {"title": "A sample", **script}, None)


def test_should_drive_the_samples_to_their_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sample = _sample(
        tmp_path,
        "order",
        ORDER,
        variables={"amount": 5},
        tasks={"check": {"variables": {"ok": True}}},
        message={"name": "paid", "after": "note"},
    )
    monkeypatch.setattr(demo, "find_samples", lambda: [sample])

    result = CliRunner().invoke(app, ["demo", "--seconds", "30"], env={"COLUMNS": "200"})

    assert result.exit_code == 0, result.output
    told = [
        "deployed         order",
        '/instances {"definitionKey": "order", "variables": {"amount": 5}}',
        "started          process 'Order'",
        "task offered     'Check it'",
        '/complete {"variables": {"ok": true}}',
        "task done        'Check it'",
        "timer set        'pause'",
        "timer fired      'pause'",
        "'note' goes over the bus to connector 'log'",
        "job done         'note' logged: five",
        "waits            at 'paid' for message 'paid'",
        '/messages {"name": "paid"}',
        "message came     'paid'",
        "end event        'end'",
        "completed        instance",
        "All 1 samples reached their end",
    ]
    places = [result.output.find(words) for words in told]
    assert -1 not in places, f"{told[places.index(-1)]!r} is not in\n{result.output}"
    assert places == sorted(places)


def test_should_say_which_sample_stands_still(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = """<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="t"/>
      <scriptTask id="t" scriptFormat="python"><script>x = nothing</script></scriptTask>"""
    sample = _sample(tmp_path, "broken", broken)
    monkeypatch.setattr(demo, "find_samples", lambda: [sample])

    result = CliRunner().invoke(app, ["demo", "--seconds", "30"])

    assert result.exit_code == 1
    assert "stands still" in result.output
    assert "incident         at 't'" in result.output
    assert "broken did not" in result.output


def test_should_say_which_sample_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sample = _sample(tmp_path, "wrong", '<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="gone"/>')
    monkeypatch.setattr(demo, "find_samples", lambda: [sample])

    result = CliRunner().invoke(app, ["demo", "--seconds", "30"])

    assert result.exit_code == 1
    assert "refused" in result.output
    assert "'gone'" in result.output
