"""Durable e-mail: a row in the transaction that wants it, delivered by a worker through Django's e-mail backend.

Delivery is repeated until the server has taken the message: a worker that is lost between the server's yes and its own note sends
it twice, with the same Message-ID, by which mail programs recognise it.
"""

import logging
from datetime import timedelta
from pathlib import Path
from smtplib import SMTPDataError, SMTPRecipientsRefused
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from anymail.exceptions import AnymailRecipientsRefused
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.filebased import EmailBackend as FileEmailBackend
from django.db import connection, transaction
from django.db.models.functions import Now
from django.template import Context, Engine
from django.utils import translation

from huntaze import leases, tasks
from huntaze.models import EmailStatus, OutgoingEmail

log = logging.getLogger(__name__)

FIRST_DELAY = timedelta(seconds=5)
LONGEST_DELAY = timedelta(hours=1)
KEPT_FOR = timedelta(days=30)
HEARTBEAT_SECONDS = 0.5


class PrivateFiles(FileEmailBackend):
    """E-mails as files that nobody else on the machine may read: they hold links that let people in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        Path(self.file_path).chmod(0o700)


def send(*, to: str, template: str, language: str, context: dict[str, Any], person_id: UUID | None = None) -> OutgoingEmail:
    """Write one e-mail in the caller's transaction; a worker delivers it once that has committed.

    `template` is a path such as `accounts/mail/verify_email`, of which there are `.subject.txt`, `.txt` and `.html`; they are
    rendered here, in `language`, with `context` and `url`, the installation's address. `person_id` says whose address it is.
    """
    values = {"url": settings.HUNTAZE_URL, **context}
    with translation.override(language):
        subject, text, html = (
            _rendered(f"{template}{ending}", values, escape=ending == ".html") for ending in (".subject.txt", ".txt", ".html")
        )
    subject = " ".join(subject.split())  # a line break would end the header
    email = OutgoingEmail.objects.create(
        to=to, person_id=person_id, template=template, language=language, subject=subject, text=text, html=html
    )
    transaction.on_commit(lambda: leases.wake(tasks.deliver_mail, email.id))
    return email


def deliver(*, email_id: UUID | str) -> None:
    """Hand an e-mail that waits to the mail server; do nothing where another worker holds it.

    A server that is away, or refuses for now, is asked again after growing delays, up to `OutgoingEmail.max_attempts` times. What
    it refuses for good fails at once. The server is spoken to outside of any transaction.
    """
    lease = leases.claim(OutgoingEmail, UUID(str(email_id)))
    if lease is None:
        return
    email = OutgoingEmail.objects.get(pk=lease.pk)
    message = _message(email)
    if not connection.in_atomic_block:
        connection.close()  # the server may take long, and the pool is small
    try:
        with leases.kept_alive(lease, interval=HEARTBEAT_SECONDS, is_wanted=lambda: True, stop=lambda: None):
            message.send()
    except Exception as error:  # noqa: BLE001  (backends raise their vendors' own; whatever it is, the e-mail waits or fails)
        _give_up_or_wait(lease, email, error)
    else:
        lease.finish(status=EmailStatus.SENT, sent_at=Now(), error="", **_wiped())


def sweep() -> None:
    """Wake a worker for each e-mail that waits or whose worker was lost; fail those with no tries left."""
    due = leases.sweep(OutgoingEmail)
    for email_id in due.wake:
        leases.wake(tasks.deliver_mail, email_id)
    for email_id in due.dead:
        if leases.bury(OutgoingEmail, email_id, status=EmailStatus.FAILED, error="The worker was lost.", **_wiped()):
            log.error("E-mail %s is a dead letter: %s", email_id, "the worker was lost")


def expire() -> None:
    """Delete the rows of e-mails older than `KEPT_FOR`, whatever became of them."""
    OutgoingEmail.objects.filter(created_at__lt=Now() - KEPT_FOR).delete()


def _rendered(name: str, values: dict[str, Any], *, escape: bool) -> str:
    return Engine.get_default().get_template(name).render(Context(values, autoescape=escape))


def _message(email: OutgoingEmail) -> EmailMultiAlternatives:
    headers = {"Message-ID": f"<{email.id}@{urlsplit(settings.HUNTAZE_URL).hostname}>", "Auto-Submitted": "auto-generated"}
    message = EmailMultiAlternatives(email.subject, email.text, to=[email.to], headers=headers)
    message.attach_alternative(email.html, "text/html")
    return message


def _give_up_or_wait(lease: leases.Lease, email: OutgoingEmail, error: Exception) -> None:
    reason = f"{type(error).__name__}: {error}"[:500]
    if _is_permanent(error) or email.attempts >= email.max_attempts:
        if lease.finish(status=EmailStatus.FAILED, error=reason, **_wiped()):
            log.error("E-mail %s is a dead letter: %s", email.id, type(error).__name__)
    elif lease.put_off(min(FIRST_DELAY * 2 ** (email.attempts - 1), LONGEST_DELAY), error=reason):
        log.warning("E-mail %s was not taken and waits for another try: %s", email.id, type(error).__name__)


def _is_permanent(error: Exception) -> bool:
    """Return whether the server will never take the message: an answer of 5xx to its recipient or its words (RFC 5321, 4.2.1)."""
    if isinstance(error, SMTPRecipientsRefused):
        return all(code >= 500 for code, _reply in error.recipients.values())
    return isinstance(error, AnymailRecipientsRefused) or (isinstance(error, SMTPDataError) and error.smtp_code >= 500)


def _wiped() -> dict[str, None]:
    """Return what nobody needs any more; in the embedded run, staff read it in the admin."""
    return {} if settings.HUNTAZE_EMBEDDED else {"subject": None, "text": None, "html": None}
