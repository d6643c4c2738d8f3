"""The `email` connector against a real SMTP server."""

from __future__ import annotations

import email
import email.policy
import socket
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from connectors.builtin.email import email_connector
from connectors.messages import Outcome, ResultMessage
from connectors.options import WorkerOptions
from connectors.testing import run_connector


class Mailbox:
    """Keeps what the server receives; refuses recipients by their name."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, to: str, options: Any) -> str:
        if to.startswith("nobody"):
            return "550 no such mailbox"
        if to.startswith("later"):
            return "450 come back later"
        envelope.rcpt_tos.append(to)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.envelopes.append(envelope)
        return "250 OK"

    def received(self) -> EmailMessage:
        """The only message."""
        [envelope] = self.envelopes
        assert isinstance(envelope.content, bytes)
        parsed = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def port(mailbox: Mailbox) -> Iterator[int]:
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield controller.port
    controller.stop()


def send(port: int, *, variables: dict[str, Any] | None = None, **headers: Any) -> ResultMessage:
    connector = email_connector(WorkerOptions(smtp_port=port, smtp_sender="Shop <shop@example.org>"))
    return run_connector(connector, headers=headers, variables=variables, id="4711")


def test_should_send_text_and_html(port: int, mailbox: Mailbox) -> None:
    # when
    result = send(
        port, to="zoe@example.org", subject="Grüße", text="Hallo Zoë", html="<b>Hallo</b>", cc="Ann <ann@example.org>"
    )

    # then
    assert (result.outcome, result.variables) == (Outcome.COMPLETED, {}), result.message
    message = mailbox.received()
    assert (message["Subject"], message["To"], message["Cc"]) == ("Grüße", "zoe@example.org", "Ann <ann@example.org>")
    assert message["From"] == "Shop <shop@example.org>"
    assert message["Message-ID"] == "<job-4711@example.org>"
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content().strip() == "Hallo Zoë"
    assert html.get_content().strip() == "<b>Hallo</b>"
    assert mailbox.envelopes[0].mail_from == "shop@example.org"
    assert mailbox.envelopes[0].rcpt_tos == ["zoe@example.org", "ann@example.org"]


def test_should_hide_blind_copies(port: int, mailbox: Mailbox) -> None:
    send(port, to=["a@example.org", "b@example.org"], bcc="c@example.org, d@example.org", html="<i>x</i>")
    assert mailbox.envelopes[0].rcpt_tos == ["a@example.org", "b@example.org", "c@example.org", "d@example.org"]
    assert mailbox.received()["Bcc"] is None
    assert mailbox.received().get_content_type() == "text/html"


def test_should_use_the_models_sender_and_charset(port: int, mailbox: Mailbox) -> None:
    send(port, to="a@example.org", text="Zoë", charset="iso-8859-1", **{"from": "me@example.com"})
    assert mailbox.received()["From"] == "me@example.com"
    assert mailbox.received().get_content_charset() == "iso-8859-1"
    assert mailbox.envelopes[0].mail_from == "me@example.com"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "a recipient"),
        ({"to": ""}, "a recipient"),
        ({"to": "no address"}, "mail addresses in 'to'"),
        ({"to": "a@"}, "mail addresses in 'to'"),
        ({"to": {"a": 1}}, "an address or a list"),
        ({"to": "a@example.org\r\nBcc: evil@example.org"}, "control characters"),
        ({"to": "a@example.org", "subject": "x\r\nBcc: evil@example.org"}, "one line"),
        ({"to": "a@example.org", "from": "a@example.org\nX: y"}, "control characters"),
        ({"to": "a@example.org", "from": "a@example.org, b@example.org"}, "one address in 'from'"),
        ({"to": "a@example.org", "text": "Zoë", "charset": "ascii"}, "charset 'ascii'"),
        ({"to": "a@example.org", "charset": "klingon"}, "charset 'klingon'"),
    ],
)
def test_should_refuse_fields_that_make_no_mail(
    port: int, mailbox: Mailbox, fields: dict[str, Any], expected: str
) -> None:
    result = send(port, **fields)
    assert (result.outcome, result.retryable) == (Outcome.FAILED, False), result
    assert expected in (result.message or "")
    assert mailbox.envelopes == []


@pytest.mark.parametrize(
    ("to", "retryable"),
    [("nobody@example.org", False), ("later@example.org", True), ("nobody@example.org, later@example.org", True)],
)
def test_should_try_again_only_what_the_server_refuses_for_now(port: int, to: str, retryable: bool) -> None:
    result = send(port, to=to)
    assert (result.outcome, result.retryable) == (Outcome.FAILED, retryable)


def test_should_complete_when_some_recipients_are_refused(
    port: int, mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    assert send(port, to="nobody@example.org, a@example.org").outcome is Outcome.COMPLETED
    assert mailbox.envelopes[0].rcpt_tos == ["a@example.org"]
    assert "refused 1 of 2 recipients" in caplog.text


def test_should_try_again_while_the_server_is_away() -> None:
    result = send(free_port(), to="a@example.org")
    assert (result.outcome, result.retryable) == (Outcome.FAILED, True)
    assert "Expected a mail server at '127.0.0.1:" in (result.message or "")


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")
def test_should_log_in(mailbox: Mailbox) -> None:
    # given a server that knows one password
    def authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=(data.login, data.password) == (b"shop", b"s3cret"), handled=False)

    controller = Controller(
        mailbox, hostname="127.0.0.1", port=free_port(), authenticator=authenticate,
        auth_required=True, auth_require_tls=False,
    )  # fmt: skip
    controller.start()
    try:
        # when
        results = [
            run_connector(
                email_connector(WorkerOptions(smtp_port=controller.port, smtp_user="shop", smtp_password=password)),
                headers={"to": "a@example.org"},
            )
            for password in ("s3cret", "wrong")
        ]
    finally:
        controller.stop()

    # then a wrong password is nothing to try again
    assert results[0].outcome is Outcome.COMPLETED, results[0].message
    assert (results[1].outcome, results[1].retryable) == (Outcome.FAILED, False)
    assert len(mailbox.envelopes) == 1


def test_should_insist_on_tls_where_it_is_configured(port: int, mailbox: Mailbox) -> None:
    connector = email_connector(WorkerOptions(smtp_port=port, smtp_tls="starttls"))
    result = run_connector(connector, headers={"to": "a@example.org"})
    assert (result.outcome, result.retryable) == (Outcome.FAILED, False)
    assert mailbox.envelopes == []
