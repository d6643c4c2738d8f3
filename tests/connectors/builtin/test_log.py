"""The `log` connector."""

from __future__ import annotations

import logging

import pytest

from connectors.builtin.log import log_connector
from connectors.messages import Outcome
from connectors.testing import run_connector


def test_should_log_a_message_with_variables(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        result = run_connector(
            log_connector(),
            headers={"message": "order {order} costs {price} {unknown}", "level": "warning"},
            variables={"order": "A1", "price": 3},
            id="5",
        )
    assert (result.outcome, result.variables) == (Outcome.COMPLETED, {})
    assert ("connectors.job", logging.WARNING, "[job 5] order A1 costs 3 {unknown}") in caplog.record_tuples


def test_should_not_let_a_variable_forge_lines(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        run_connector(log_connector(), headers={"message": "{a}"}, variables={"a": "x\nERROR forged\x1b[2J"})
    [line] = [message for _, level, message in caplog.record_tuples if level == logging.INFO]
    assert line.endswith("x\\nERROR forged\\x1b[2J")
    assert "\n" not in line
