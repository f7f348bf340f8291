"""Archives of all that is known about a person. `docs/data-rights.md` describes what is in one."""

import hashlib
import logging
import os
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from typing import IO, Any
from uuid import UUID

import orjson
from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import tasks
from accounts.models import Export, ExportStatus, User
from accounts.models.privacy import OPEN
from accounts.services.privacy import subject_of
from huntaze import audit, leases, personal
from huntaze.api.errors import Problem
from huntaze.personal import Subject, Table

log = logging.getLogger(__name__)

FORMAT = "huntaze.export.1"
HEARTBEAT_SECONDS = 0.5
ROWS_AT_ONCE = 500
EXPIRE_AT_ONCE = 500
READ_ME = """\
This archive holds what this installation of Huntaze knows about one person.

manifest.json       who and when, and for each table its file, the number of rows and the meaning of each column
data/<table>.json   one JSON array for each table, a row a line, oldest first; times are ISO 8601 in UTC, ids are UUIDs
media/              files that the person uploaded, if any

Left out are secrets: hashes of passwords and tokens, keys, and the words of e-mails, which bear links that let people in.
"""


class ExportNotReady(Problem):
    status = 409
    code = "export_not_ready"
    title = gettext_lazy("There is no archive to download.")


class _Stopped(Exception):
    """The lease was lost, or the worker must stop."""


def request_export(*, user_id: UUID, workspace_id: UUID | None = None) -> Export:
    """Queue an archive of all that is known about a person, and wake a worker; return the one that is open where there is one.

    Audited for the workspace that the person acts in.
    """
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).only("id").get(id=user_id)
        export = Export.objects.filter(user_id=user_id, status__in=OPEN).first()
        if export is None:
            export = Export.objects.create(user_id=user_id)
            audit.record("export.request", workspace_id=workspace_id, subject_id=export.id, actor_id=user_id)
            export_id = export.id
            transaction.on_commit(lambda: leases.wake(tasks.run_export, export_id))
    return export


def run_export(*, export_id: UUID | str) -> None:
    """Make an archive that waits; do nothing where another worker holds it, or its person is gone.

    Each try writes a file of its own, and only the holder of the lease says which one counts.
    """
    lease = leases.claim(Export, UUID(str(export_id)))
    if lease is None:
        return
    user = User.everyone.get(exports=lease.pk)
    stopped = threading.Event()
    with leases.kept_alive(lease, interval=HEARTBEAT_SECONDS, is_wanted=lambda: _is_wanted(lease), stop=stopped.set):
        try:
            result = _store(user, name=f"exports/{lease.pk}/{lease.token}.zip", stopped=stopped)
        except _Stopped:
            if lease.give_back():
                leases.wake_now(tasks.run_export, lease.pk)
            return
        except Exception:
            log.exception("Export %s failed by a fault of ours", lease.pk)
            lease.finish(status=ExportStatus.FAILED, error="internal_error", finished_at=Now())
            return
        until = Now() + settings.EXPORT_LIFETIME
        if lease.finish(status=ExportStatus.SUCCEEDED, finished_at=Now(), expires_at=until, **result):
            _delete_files(lease.pk, but=result["file"])
        else:
            default_storage.delete(result["file"])


def note_export(*, user_id: UUID) -> None:
    """Audit that an archive of a person was written by other hands than theirs."""
    workspace_id = User.everyone.values_list("default_workspace_id", flat=True).get(id=user_id)
    audit.record("export.write", workspace_id=workspace_id, subject_id=user_id)


def sweep_exports() -> None:
    """Wake a worker for each archive that waits or whose worker was lost; fail those with no tries left; delete expired files."""
    due = leases.sweep(Export)
    for export_id in due.wake:
        leases.wake(tasks.run_export, export_id)
    for export_id in due.dead:
        if leases.bury(Export, export_id, status=ExportStatus.FAILED, error="attempts_exhausted", finished_at=Now()):
            log.error("Export %s is a dead letter: its workers were lost", export_id)
            _delete_files(export_id)
    expired = Export.objects.exclude(file="").filter(expires_at__lte=Now())
    for export_id in list(expired.values_list("id", flat=True)[:EXPIRE_AT_ONCE]):
        _delete_files(export_id)
        Export.objects.filter(id=export_id).update(status=ExportStatus.EXPIRED, file="")


def open_archive(export: Export) -> IO[bytes]:
    """Return the archive, to read; raises ExportNotReady where it is not finished, or no longer kept."""
    if export.status != ExportStatus.SUCCEEDED or export.expires_at is None or export.expires_at <= timezone.now():
        raise ExportNotReady(_("It is %(status)s.") % {"status": export.status})
    try:
        archive: IO[bytes] = default_storage.open(export.file)
    except FileNotFoundError:
        raise ExportNotReady(_("Its file is gone; ask for a new one.")) from None
    return archive


def delete_archives(subject: Subject) -> int:
    """Delete the files of a person's archives, whatever became of them; return of how many archives."""
    ids = list(Export.objects.filter(user_id=subject.person_id).values_list("id", flat=True))
    return sum(_delete_files(export_id) > 0 for export_id in ids)


def write_archive(file: IO[bytes], *, user: User, stopped: Callable[[], bool] = lambda: False) -> None:
    """Write the ZIP of all that is known about `user` to `file`, holding at most `ROWS_AT_ONCE` rows in memory."""
    subject = subject_of(user)
    manifest: dict[str, Any] = {"format": FORMAT, "person": user.id, "made_at": timezone.now(), "tables": {}}
    with zipfile.ZipFile(file, "w", compression=zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", READ_ME)
        archive.mkdir("media")
        for table in sorted(personal.tables(), key=lambda table: table.name):
            if table.exported:
                manifest["tables"][table.name] = _write_table(archive, table, subject, stopped)
        archive.writestr("manifest.json", orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z, default=str))


def _write_table(archive: zipfile.ZipFile, table: Table, subject: Subject, stopped: Callable[[], bool]) -> dict[str, Any]:
    name, count = f"data/{table.name}.json", 0
    with archive.open(name, "w", force_zip64=True) as file:
        file.write(b"[")
        for row in _rows(table, subject):
            if stopped():
                raise _Stopped
            file.write(b",\n" if count else b"\n")
            file.write(orjson.dumps(row, option=orjson.OPT_UTC_Z | orjson.OPT_PASSTHROUGH_SUBCLASS, default=_plain))
            count += 1
        file.write(b"\n]\n")
    return {"file": name, "rows": count, "columns": table.exported_columns}


def _rows(table: Table, subject: Subject) -> Iterator[dict[str, Any]]:
    """Yield the rows oldest first, a page at a time by key, so that no cursor stays open while a page is written."""
    rows = table.exported_rows(subject).values(*table.exported_columns)
    key = table.model._meta.pk.attname
    page = list(rows[:ROWS_AT_ONCE])
    while page:
        yield from page
        page = list(rows.filter(pk__gt=page[-1][key])[:ROWS_AT_ONCE])


def _plain(value: Any) -> Any:
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else str(value)


def _store(user: User, *, name: str, stopped: threading.Event) -> dict[str, Any]:
    """Make the archive in a file without a name, which a killed worker leaves no trace of, then store it under `name`."""
    with tempfile.TemporaryFile() as file:
        write_archive(file, user=user, stopped=stopped.is_set)
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        if not connection.in_atomic_block:
            connection.close()  # a storage may take long, and the pool is small
        return {"file": default_storage.save(name, File(file)), "size": size, "sha256": digest}


def _is_wanted(lease: leases.Lease) -> bool:
    return Export.objects.filter(pk=lease.pk, lease_token=lease.token).exists()


def _delete_files(export_id: UUID, *, but: str = "") -> int:
    """Delete what tries of this archive have stored, `but` for one; return how many files there were."""
    folder = f"exports/{export_id}"
    try:
        _folders, names = default_storage.listdir(folder)
    except FileNotFoundError:
        return 0
    doomed = [f"{folder}/{name}" for name in names if f"{folder}/{name}" != but]
    for name in doomed:
        default_storage.delete(name)
    if not but:
        default_storage.delete(folder)
    return len(doomed)
