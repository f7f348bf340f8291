"""E-mail: what is stored, and what reaches a mail server in a process of its own."""

import stat
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from django.core import mail as outbox
from django.core.mail import EmailMessage
from django.db import connection
from django.db.models.functions import Now

from huntaze import leases, mail
from huntaze.env import EnvError
from huntaze.models import OutgoingEmail
from huntaze.settings import mail_settings_from_url
from huntaze.tests.processes import eventually

TEMPLATE = "accounts/mail/password_changed"
SEND = (
    "from django.utils import timezone; from huntaze import mail; "
    "mail.send(to='{to}', template='accounts/mail/password_changed', language='en', context={{'name': 'Ann', 'at': timezone.now()}})"
)


def send(**changes) -> OutgoingEmail:
    from django.utils import timezone

    values = {"to": "ann@example.com", "template": TEMPLATE, "language": "en", "context": {"name": "Ann & Bo", "at": timezone.now()}}
    return mail.send(**values | changes)


class Mailbox:
    """A mail server in its own process, and what it took."""

    def __init__(self, start_simulator, folder: Path) -> None:
        self.folder = folder
        self.process = start_simulator("huntaze.tests.smtp_server", "--folder", str(folder))
        self.url = self.process.url.replace("http://", "smtp://")

    def messages(self):
        return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in sorted(self.folder.glob("*.eml"))]


@pytest.fixture
def mailbox(start_simulator, tmp_path):
    """Return a mail server that runs."""
    return Mailbox(start_simulator, tmp_path)


def use(settings, url: str) -> None:
    for name, value in mail_settings_from_url(url).items():
        setattr(settings, name, value)


@pytest.mark.django_db
def test_html_escapes_what_it_is_given_and_text_does_not():
    email = send()
    assert ("Ann &amp; Bo" in email.html, "Ann & Bo" in email.text) == (True, True)


@pytest.mark.django_db
def test_email_is_written_in_the_language_asked_for():
    assert [send(language=language).subject for language in ("en", "fr")] == [
        "Your password was changed",
        "Votre mot de passe a été changé",
    ]


@pytest.mark.django_db
def test_words_are_encrypted_in_the_database():
    email = send()
    with connection.cursor() as cursor:
        cursor.execute("SELECT subject || text || html FROM huntaze_outgoingemail WHERE id = %s", [email.id])
        stored = cursor.fetchone()[0]
    assert ("password" in stored, "Ann" in stored, stored.count("test.")) == (False, False, 3)


@pytest.mark.django_db
def test_email_that_waits_is_delivered_once():
    email = send()
    mail.deliver(email_id=email.id)
    mail.deliver(email_id=email.id)
    assert [message.to for message in outbox.outbox] == [["ann@example.com"]]


@pytest.mark.django_db
@pytest.mark.parametrize(("embedded", "kept"), [(True, "Your password was changed"), (False, None)])
def test_words_are_wiped_after_delivery_unless_the_run_is_embedded(settings, embedded, kept):
    settings.HUNTAZE_EMBEDDED = embedded
    email = send()
    mail.deliver(email_id=email.id)
    row = OutgoingEmail.objects.get()
    assert (row.status, row.subject, row.text is None, row.html is None) == ("sent", kept, not embedded, not embedded)


@pytest.mark.django_db(transaction=True)
def test_server_gets_both_forms_under_an_id_that_repeats(settings, mailbox):
    use(settings, mailbox.url)
    email = send()
    mail.deliver(email_id=email.id)
    OutgoingEmail.objects.filter(pk=email.pk).update(status="queued")
    email.save(update_fields=["subject", "text", "html"])
    mail.deliver(email_id=email.id)
    first, second = mailbox.messages()
    assert (first["Message-ID"], [part.get_content_type() for part in first.iter_parts()]) == (
        second["Message-ID"],
        ["text/plain", "text/html"],
    )
    assert (first["Message-ID"], first["Subject"]) == (f"<{email.id}@127.0.0.1>", "Your password was changed")


@pytest.mark.django_db(transaction=True)
def test_recipient_that_does_not_exist_fails_at_once(settings, mailbox):
    use(settings, mailbox.url)
    mail.deliver(email_id=send(to="nobody@example.com").id)
    row = OutgoingEmail.objects.get()
    assert (row.status, row.attempts, row.text, "550" in row.error) == ("failed", 1, None, True)


@pytest.mark.django_db(transaction=True)
def test_recipient_that_is_refused_for_now_waits_and_is_tried_again(settings, mailbox):
    use(settings, mailbox.url)
    email = send(to="later@example.com")
    mail.deliver(email_id=email.id)
    waits = OutgoingEmail.objects.get()
    (mailbox.folder / "later").touch()
    mail.deliver(email_id=email.id)
    assert (waits.status, waits.attempts, "451" in waits.error, OutgoingEmail.objects.get().status) == ("queued", 1, True, "sent")


@pytest.mark.django_db
def test_email_fails_after_its_last_try(settings):
    use(settings, "smtp://127.0.0.1:9")
    email = send()
    OutgoingEmail.objects.filter(pk=email.pk).update(attempts=OutgoingEmail.max_attempts - 1)
    mail.deliver(email_id=email.id)
    assert OutgoingEmail.objects.values_list("status", "text").get() == ("failed", None)


@pytest.mark.django_db
def test_tries_are_further_and_further_apart(settings):
    use(settings, "smtp://127.0.0.1:9")
    email, waits = send(), []
    for _try in range(OutgoingEmail.max_attempts - 1):
        mail.deliver(email_id=email.id)
        row = OutgoingEmail.objects.annotate(now=Now()).get()
        waits.append(round((row.wake_at - row.now).total_seconds()))
    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600]


@pytest.mark.django_db
def test_email_whose_workers_were_lost_is_given_up():
    email = send()
    OutgoingEmail.objects.filter(pk=email.pk).update(attempts=OutgoingEmail.max_attempts - 1)
    leases.claim(OutgoingEmail, email.pk)
    OutgoingEmail.objects.update(lease_expires_at=Now(), wake_at=Now())
    mail.sweep()
    assert OutgoingEmail.objects.values_list("status", "text").get() == ("failed", None)


@pytest.mark.django_db
def test_rows_are_deleted_after_thirty_days():
    old, new = send(), send()
    OutgoingEmail.objects.filter(pk=old.pk).update(created_at=Now() - mail.KEPT_FOR)
    mail.expire()
    assert list(OutgoingEmail.objects.values_list("pk", flat=True)) == [new.pk]


def test_server_that_is_down_gets_the_email_when_it_is_back(start_stack, start_simulator, tmp_path):
    box = Mailbox(start_simulator, tmp_path)
    box.process.part.kill()
    stack = start_stack("worker", "beat", EMAIL_URL=box.url)
    stack.manage("shell", "-c", SEND.format(to="ann@example.com"))
    eventually(lambda: "waits for another try" in stack.log("worker"))
    box.process.part.start()
    eventually(box.messages)
    assert eventually(lambda: stack.query("SELECT status, text FROM huntaze_outgoingemail"), lambda rows: rows[0][0] == "sent") == [
        ("sent", None)
    ]


def test_killed_worker_is_followed_by_another_after_its_lease(start_stack, start_simulator, tmp_path):
    box = Mailbox(start_simulator, tmp_path)
    stack = start_stack("worker", "beat", EMAIL_URL=box.url, LEASE_SECONDS="3")
    stack.manage("shell", "-c", SEND.format(to="slow@example.com"))
    eventually(box.messages)
    stack.kill("worker")
    (tmp_path / "slow").touch()
    stack.restart("worker")
    eventually(lambda: stack.query("SELECT status FROM huntaze_outgoingemail") == [("sent",)])
    messages = box.messages()
    assert (len(messages), len({message["Message-ID"] for message in messages})) == (2, 1)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("console:", {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}),
        (
            "file:///var/mail%20box",
            {"EMAIL_BACKEND": "huntaze.mail.PrivateFiles", "EMAIL_FILE_PATH": "/var/mail box"},
        ),
        ("anymail+amazon_ses:", {"EMAIL_BACKEND": "anymail.backends.amazon_ses.EmailBackend", "ANYMAIL": {}}),
        (
            "anymail+postmark:?server_token=s%2Fx",
            {"EMAIL_BACKEND": "anymail.backends.postmark.EmailBackend", "ANYMAIL": {"POSTMARK_SERVER_TOKEN": "s/x"}},
        ),
    ],
)
def test_url_names_the_backend(url, expected):
    assert mail_settings_from_url(url) == expected


@pytest.mark.parametrize(
    ("url", "port", "ssl", "tls"),
    [
        ("smtp://ann:p%40ss@mail.example.com?tls=1", 587, False, True),
        ("smtp://ann:p%40ss@mail.example.com:25", 25, False, False),
        ("smtps://ann:p%40ss@mail.example.com", 465, True, False),
    ],
)
def test_url_names_a_mail_server(url, port, ssl, tls):
    found = mail_settings_from_url(url)
    assert (found["EMAIL_HOST_PASSWORD"], found["EMAIL_PORT"], found["EMAIL_USE_SSL"], found["EMAIL_USE_TLS"]) == ("p@ss", port, ssl, tls)


@pytest.mark.parametrize("url", ["mail.example.com", "smtp:", "file:", "pigeon://loft"])
def test_url_that_names_no_server_is_refused(url):
    with pytest.raises(EnvError, match="EMAIL_URL"):
        mail_settings_from_url(url)


def test_emails_in_files_are_read_by_their_owner_only(tmp_path, settings):
    settings.EMAIL_BACKEND, settings.EMAIL_FILE_PATH = "huntaze.mail.PrivateFiles", str(tmp_path / "mail")
    EmailMessage("A link", "Let me in.", to=["ana@example.com"]).send()
    assert (stat.S_IMODE((tmp_path / "mail").stat().st_mode), len(list((tmp_path / "mail").iterdir()))) == (0o700, 1)
