"""`email` (also `mail`, as Flowable and Camunda name the task): send a mail over SMTP."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterable
from email.message import EmailMessage
from email.utils import formatdate, getaddresses
from typing import Any

from connectors.builtin.fields import find, text
from connectors.connector import Connector, connector
from connectors.errors import Failure, NonRetryable
from connectors.job import Job
from connectors.options import WorkerOptions


def email_connector(options: WorkerOptions) -> Connector:
    """The connector for types `email` and `mail`.

    Fields: `to`, `cc`, `bcc` (one or many addresses, as a list or separated by commas), `from`, `subject`, `text`,
    `html`, `charset`. Several attempts carry the same Message-ID, so that mail systems may recognise a double.
    """

    @connector("email", "mail", timeout=options.smtp_timeout_seconds * 3)
    def email(job: Job) -> None:
        """Send a mail; fails for good where the server refuses every recipient."""
        message, sender, recipients = compose(job, options)
        try:
            with _connect(options) as smtp:
                if options.smtp_user:
                    smtp.login(options.smtp_user, options.smtp_password)
                refused = smtp.send_message(message, from_addr=sender, to_addrs=recipients)
        except smtplib.SMTPRecipientsRefused as error:
            raise _failure("the server refused every recipient", [code for code, _ in error.recipients.values()]) from (
                error
            )
        except (smtplib.SMTPNotSupportedError, smtplib.SMTPAuthenticationError) as error:
            raise NonRetryable(f"Expected to send a mail, but {_reason(error)}") from error
        except smtplib.SMTPResponseException as error:
            raise _failure(_reason(error), [error.smtp_code]) from error
        except (OSError, smtplib.SMTPException) as error:
            raise Failure(
                f"Expected a mail server at '{options.smtp_host}:{options.smtp_port}', but {_reason(error)}"
            ) from error
        if refused:
            job.log.warning("The mail server refused %d of %d recipients", len(refused), len(recipients))

    return email


def compose(job: Job, options: WorkerOptions) -> tuple[EmailMessage, str, list[str]]:
    """The mail of a job with its envelope sender and recipients.

    Raises NonRetryable where a field would break out of its header line, an address is none, or nobody is addressed.
    """
    message = EmailMessage()
    sender = text(job, "from", default=options.smtp_sender)
    [sender_address] = _addresses("from", [sender], exactly_one=True)
    recipients: list[str] = []
    _header(message, "From", sender)
    for name in ("to", "cc", "bcc"):
        given = _list(name, find(job, name))
        recipients += _addresses(name, given)
        if given and name != "bcc":
            _header(message, name.title(), ", ".join(given))
    if not recipients:
        raise NonRetryable("Expected a recipient in 'to', 'cc' or 'bcc', but there is none")
    _header(message, "Subject", text(job, "subject"))
    _header(message, "Date", formatdate(usegmt=True))
    _header(message, "Message-ID", f"<job-{job.id}@{sender_address.rpartition('@')[2]}>")
    plain, html = text(job, "text"), text(job, "html")
    charset = text(job, "charset", default="utf-8")
    try:
        if plain or not html:
            message.set_content(plain, charset=charset)
        if html and plain:
            message.add_alternative(html, subtype="html", charset=charset)
        elif html:
            message.set_content(html, subtype="html", charset=charset)
    except (LookupError, UnicodeError) as error:
        raise NonRetryable(f"Expected text that charset '{charset}' can say, but {error}") from error
    return message, sender_address, list(dict.fromkeys(recipients))


def _connect(options: WorkerOptions) -> smtplib.SMTP:
    if options.smtp_tls == "tls":
        return smtplib.SMTP_SSL(
            options.smtp_host,
            options.smtp_port,
            timeout=options.smtp_timeout_seconds,
            context=ssl.create_default_context(),
        )
    smtp = smtplib.SMTP(options.smtp_host, options.smtp_port, timeout=options.smtp_timeout_seconds)
    if options.smtp_tls == "starttls":
        try:
            smtp.starttls(context=ssl.create_default_context())
        except BaseException:
            smtp.close()
            raise
    return smtp


def _list(name: str, given: Any) -> list[str]:
    if given is None or given == "":
        return []
    if isinstance(given, str):
        return [given]
    if isinstance(given, list) and all(isinstance(each, str) for each in given):
        return [each for each in given if each.strip()]
    raise NonRetryable(f"Expected '{name}' to be an address or a list of them, but got {type(given).__name__}")


def _addresses(name: str, given: Iterable[str], *, exactly_one: bool = False) -> list[str]:
    given = list(given)
    if any(not character.isprintable() for each in given for character in each):
        raise NonRetryable(f"Expected '{name}' to be one line, but it has control characters")
    found = [address for _, address in getaddresses(given)]
    for address in found:
        local, _, domain = address.rpartition("@")
        if not local or not domain or any(character in address for character in " <>,;"):
            raise NonRetryable(f"Expected mail addresses in '{name}', but '{address or given[0]}' is none")
    if exactly_one and len(found) != 1:
        raise NonRetryable(f"Expected one address in '{name}', but got {len(found)}")
    return found


def _header(message: EmailMessage, name: str, value: str) -> None:
    if any(character in value for character in "\r\n\0"):
        raise NonRetryable(f"Expected '{name}' to be one line, but it has several")
    try:
        message[name] = value
    except (ValueError, IndexError) as error:
        raise NonRetryable(f"Expected '{name}' to be a mail header, but {error}") from error


def _failure(reason: str, codes: list[int]) -> Failure:
    """SMTP replies above 500 are for good (RFC 5321 section 4.2.1)."""
    return Failure(f"Expected to send a mail, but {reason}", retryable=any(code < 500 for code in codes))


def _reason(error: BaseException) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        detail = error.smtp_error
        said = detail.decode("utf-8", "replace") if isinstance(detail, bytes) else detail
        return f"the server said {error.smtp_code} {said}".strip()
    return str(error) or type(error).__name__
