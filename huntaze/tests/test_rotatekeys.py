"""Changing the encryption key while the product runs, and with the change killed half-way."""

import subprocess
import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.db import connection

from huntaze import crypto
from huntaze.embedded import programs
from huntaze.models import OutgoingEmail
from huntaze.tests.processes import eventually

OLD, NEW = "old:" + "o" * 32, "new:" + "n" * 32
ROWS = 60
# Run inside of the stack, which has keys of its own.
_FILL = "from huntaze.models import OutgoingEmail as E; [E.objects.create(to='a@example.com', template='t', language='en', subject=f's{n}', text=f't{n}', html='h') for n in range(700)]"  # noqa: E501
_READ = (
    "from huntaze.models import OutgoingEmail as E; print(all(e.text == 't' + e.subject[1:] for e in E.objects.all()), E.objects.count())"
)


def make_email(text: str) -> OutgoingEmail:
    return OutgoingEmail.objects.create(to="person@example.com", template="t", language="en", subject=text, text=text, html=text)


def running(call: Callable[[], Any], until: threading.Event) -> threading.Thread:
    """Repeat `call` in a thread until the event is set."""

    def repeat() -> None:
        try:
            while not until.is_set():
                call()
        finally:
            connection.close()

    thread = threading.Thread(target=repeat)
    thread.start()
    return thread


@pytest.mark.django_db(transaction=True)
def test_rotation_loses_nothing_that_is_written_meanwhile(settings):
    settings.ENCRYPTION_KEYS = [OLD]
    ids = [make_email("0").id for _ in range(ROWS)]
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    written = dict.fromkeys(ids, 0)
    done = threading.Event()

    def write(mine: list[Any]) -> None:
        for id in mine:
            email = OutgoingEmail.objects.get(id=id)
            email.text = str(int(email.text) + 1)
            email.save(update_fields=["text"])
            written[id] += 1

    def save_unread(mine: list[Any]) -> None:
        """Write ciphertexts back as they were read, as a change of another column with a plain save does."""
        for id in mine:
            OutgoingEmail.objects.get(id=id).save()

    writers = [running(lambda part=part: write(ids[part : ROWS // 2 : 2]), done) for part in (0, 1)]
    savers = [running(lambda: save_unread(ids[ROWS // 2 :]), done)]

    def rounds() -> int:
        return min(written[id] for id in ids[: ROWS // 2])

    eventually(rounds, lambda count: count >= 2)
    crypto.rotate()
    at_the_end = rounds()
    eventually(rounds, lambda count: count > at_the_end)
    done.set()
    for thread in [*writers, *savers]:
        thread.join()
    crypto.rotate()
    settings.ENCRYPTION_KEYS = [NEW]
    assert {email.id: int(email.text) for email in OutgoingEmail.objects.all()} == written


def test_rotation_killed_half_way_leaves_all_readable_and_is_gone_on_with(start_stack):
    stack = start_stack(ENCRYPTION_KEYS=OLD)
    stack.manage("shell", "--no-imports", "-c", _FILL)
    stack.env["ENCRYPTION_KEYS"] = f"{NEW},{OLD}"
    last = stack.query("SELECT id FROM huntaze_outgoingemail ORDER BY id DESC LIMIT 1")[0][0]
    with psycopg.connect(stack.env["DATABASE_URL"]) as holder:
        holder.execute("SELECT 1 FROM huntaze_outgoingemail WHERE id = %s FOR UPDATE", [last])
        rotation = subprocess.Popen([*programs.MANAGE, "rotatekeys"], env=stack.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        eventually(lambda: stack.query("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"))
        rotation.kill()
        rotation.wait()
    kids = "SELECT split_part(subject, '.', 1), split_part(text, '.', 1), count(*) FROM huntaze_outgoingemail GROUP BY 1, 2 ORDER BY 1"
    assert stack.query(kids) == [("new", "old", 500), ("old", "old", 200)]
    assert stack.manage("shell", "--no-imports", "-c", _READ) == "True 700\n"
    stack.manage("rotatekeys")
    assert stack.query(kids) == [("new", "new", 700)]
    stack.env["ENCRYPTION_KEYS"] = NEW
    assert stack.manage("shell", "--no-imports", "-c", _READ) == "True 700\n"


def test_second_run_has_nothing_to_do(settings, db):
    settings.ENCRYPTION_KEYS = [OLD]
    make_email("text")
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    assert [crypto.rotate().resealed for _ in range(2)] == [3, 0]


def test_value_that_no_key_reads_is_named_and_stops_nothing(settings, db):
    settings.ENCRYPTION_KEYS = ["lost:" + "l" * 32]
    lost = make_email("lost")
    settings.ENCRYPTION_KEYS = [OLD]
    make_email("text")
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    rotation = crypto.rotate()
    named = [f"huntaze_outgoingemail.{column}:{lost.id}" for column in ("subject", "text", "html")]
    assert (rotation.resealed, sorted(rotation.unreadable)) == (3, sorted(named))
