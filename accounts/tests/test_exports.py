"""Archives of all that is known about a person (guarantee S14)."""

import hashlib
import io
import json
import stat
import zipfile
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from accounts import services
from accounts.models import Export, Session
from accounts.services import exports
from accounts.tests.factories import add_member, client_of, make_user
from accounts.tests.parallel import in_parallel
from content.models import ContentAsset
from huntaze.models import AuditEntry
from huntaze.tests.client import ApiClient
from huntaze.tests.processes import eventually

# Archives are made beside a thread that looks at the lease through a connection of its own.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("media")]
EXPORT = "/api/v1/users/me/export"
LEASE_SECONDS = 3


def made(user) -> Export:
    """Order an archive and make it here."""
    export = services.request_export(user_id=user.id)
    exports.run_export(export_id=export.id)
    export.refresh_from_db()
    return export


def opened(export: Export) -> zipfile.ZipFile:
    with default_storage.open(export.file) as file:
        return zipfile.ZipFile(io.BytesIO(file.read()))


def files() -> list[str]:
    folders = default_storage.listdir("exports")[0] if default_storage.exists("exports") else []
    return [name for folder in folders for name in default_storage.listdir(f"exports/{folder}")[1]]


def body(response) -> bytes:
    return b"".join(response.streaming_content)


def test_order_answers_202_with_the_export(api):
    response = api.post(EXPORT)
    answer = response.json()
    path = f"/api/v1/users/me/exports/{answer['id']}"
    assert (response.status_code, response["Location"], answer["status"], answer["download_url"]) == (202, path, "queued", None)
    assert api.get(path).json() == answer


def test_finished_export_says_what_is_downloaded(api, owner, settings):
    export = made(owner)
    shown = api.get(f"/api/v1/users/me/exports/{export.id}").json()
    response = api.get(shown["download_url"].removeprefix(settings.HUNTAZE_URL))
    archive = body(response)
    assert (response.status_code, response["Content-Type"], response["Cache-Control"]) == (200, "application/zip", "no-store")
    assert (shown["status"], shown["size"], shown["sha256"]) == ("succeeded", len(archive), hashlib.sha256(archive).hexdigest())


def test_archive_is_described_by_its_manifest(owner):
    with opened(made(owner)) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        found = {name: len(json.loads(archive.read(table["file"]))) for name, table in manifest["tables"].items()}
        names = {table["file"] for table in manifest["tables"].values()} | {"README.txt", "media/", "manifest.json"}
        (person,) = json.loads(archive.read("data/accounts.user.json"))
    assert (manifest["format"], manifest["person"], names) == ("huntaze.export.1", str(owner.id), set(archive.namelist()))
    assert found == {name: table["rows"] for name, table in manifest["tables"].items()}
    assert sorted(person) == sorted(manifest["tables"]["accounts.user"]["columns"])


def test_archive_has_no_secret(owner):
    with opened(made(owner)) as archive:
        columns = {
            (name, column) for name, table in json.loads(archive.read("manifest.json"))["tables"].items() for column in table["columns"]
        }
    secrets = {("accounts.user", "password"), ("accounts.refreshtoken", "token_hash"), ("mfa.authenticator", "data")}
    assert columns & secrets == set()


def test_table_larger_than_a_page_is_written_whole(owner, workspace):
    titles = [f"Soup {number}" for number in range(exports.ROWS_AT_ONCE + 1)]
    ContentAsset.objects.bulk_create(ContentAsset(workspace=workspace, title=title, type="post") for title in titles)
    with opened(made(owner)) as archive:
        assert [row["title"] for row in json.loads(archive.read("data/content.contentasset.json"))] == titles


def test_archive_leaves_out_what_is_of_others(owner, stranger):
    add_member(stranger.default_workspace, owner, "editor")
    client_of(stranger).post("/api/v1/content/assets", {"title": "Not yours", "type": "post"})
    export = made(owner)
    with opened(export) as archive:
        text = b"".join(archive.read(name) for name in archive.namelist())
    assert (b"Not yours" in text, stranger.email.encode() in text) == (False, False)


def test_archive_is_readable_by_its_process_alone(owner):
    path = Path(default_storage.path(made(owner).file))
    assert (stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(path.parent.stat().st_mode)) == (0o600, 0o700)


def test_second_order_gets_the_open_export(owner):
    first, second = (services.request_export(user_id=owner.id) for _ in range(2))
    assert (first.id, Export.objects.count(), AuditEntry.objects.filter(action="export.request").count()) == (second.id, 1, 1)


def test_orders_at_once_are_one_export():
    user = make_user()
    answers = in_parallel(lambda: services.request_export(user_id=user.id).id, 4)
    assert len(set(answers)) == 1, answers


def test_export_that_is_not_ready_answers_409(api, owner):
    export = services.request_export(user_id=owner.id)
    response = api.get(f"/api/v1/users/me/exports/{export.id}/archive")
    assert (response.status_code, response.json()["code"]) == (409, "export_not_ready")


@pytest.mark.parametrize("path", ["", "/archive"])
def test_export_of_another_answers_as_an_absent_one(stranger_api, owner, path):
    foreign, absent = (
        stranger_api.get(f"/api/v1/users/me/exports/{export_id}{path}").json() | {"request_id": ""}
        for export_id in (made(owner).id, "0190aaaa-0000-7000-8000-000000000000")
    )
    assert (foreign, foreign["status"]) == (absent, 404)


def test_download_needs_a_recent_sign_in(api, owner):
    export = made(owner)
    Session.objects.update(authenticated_at=timezone.now() - timedelta(hours=1))
    response = api.get(f"/api/v1/users/me/exports/{export.id}/archive")
    assert (response.status_code, response.json()["code"]) == (403, "reauthentication_required")


def test_expired_export_is_not_served_and_its_file_goes(api, owner):
    export = made(owner)
    Export.objects.update(expires_at=timezone.now())
    refused = api.get(f"/api/v1/users/me/exports/{export.id}/archive").status_code
    exports.sweep_exports()
    export.refresh_from_db()
    assert (refused, export.status, files()) == (409, "expired", [])


def test_export_whose_file_is_lost_answers_409(api, owner):
    export = made(owner)
    default_storage.delete(export.file)
    assert api.get(f"/api/v1/users/me/exports/{export.id}/archive").json()["code"] == "export_not_ready"


def test_archives_of_a_deleted_account_go(owner):
    made(owner)
    services.delete_account(user_id=owner.id)
    exports.sweep_exports()
    assert (files(), Export.objects.get().status) == ([], "expired")


def test_account_deleted_while_an_archive_waits_gets_none(owner):
    export = services.request_export(user_id=owner.id)
    services.delete_account(user_id=owner.id)
    exports.run_export(export_id=export.id)
    assert (files(), Export.objects.get().status) == ([], "expired")


def test_exportuser_writes_a_private_file(owner, tmp_path, capsys):
    path = tmp_path / "archive.zip"
    call_command("exportuser", owner.email, str(path))
    with zipfile.ZipFile(path) as archive:
        assert json.loads(archive.read("data/accounts.user.json"))[0]["email"] == owner.email
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert capsys.readouterr().out == f"Wrote {path.stat().st_size} bytes about {owner.id} to {path}.\n"


def test_exportuser_never_overwrites(owner, tmp_path):
    path = tmp_path / "archive.zip"
    path.write_text("mine")
    with pytest.raises(CommandError, match="File exists"):
        call_command("exportuser", owner.email, str(path))
    assert path.read_text() == "mine"


@pytest.mark.parametrize(("name", "queries"), [("order", 7), ("status", 2), ("archive", 2)])
def test_query_count_of_each_operation(api, owner, name, queries, django_assert_num_queries):
    address = {"order": EXPORT}
    if name != "order":
        address["status"] = f"/api/v1/users/me/exports/{made(owner).id}"
        address["archive"] = f"{address['status']}/archive"
    with django_assert_num_queries(queries):
        response = api.generic("POST" if name == "order" else "GET", address[name])
    response.close()


@pytest.fixture
def stuck(start_stack):
    """Return a stack, a client whose archive a worker is in the middle of, its id, and what lets the worker go on."""
    stack = start_stack("web", "worker", "beat", LEASE_SECONDS=str(LEASE_SECONDS))
    client = ApiClient(stack.url).sign_up()
    lock = psycopg.connect(stack.env["DATABASE_URL"])
    lock.execute("LOCK TABLE content_contentasset IN ACCESS EXCLUSIVE MODE")
    export_id = client.call("POST", EXPORT).body["id"]
    eventually(lambda: status(stack, export_id) == "running")
    eventually(lambda: stack.query("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%%contentasset%%'"))
    yield stack, client, export_id, lock.rollback
    lock.close()


def status(stack, export_id) -> str:
    return stack.query("SELECT status FROM accounts_export WHERE id = %s", export_id)[0][0]


def archives(stack) -> list:
    return list((stack.home / "media").rglob("*.zip"))


def test_killed_worker_leaves_one_archive_after_the_lease(stuck):
    stack, client, export_id, go_on = stuck
    stack.kill("worker")
    go_on()
    stack.restart("worker")
    path = f"/api/v1/users/me/exports/{export_id}"
    row = eventually(lambda: client.call("GET", path).body, lambda row: row["status"] == "succeeded", seconds=LEASE_SECONDS + 15)
    (archive,) = archives(stack)
    content = archive.read_bytes()
    assert (row["sha256"], row["size"]) == (hashlib.sha256(content).hexdigest(), len(content))
    assert stack.query("SELECT attempts FROM accounts_export") == [(2,)]
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        assert opened.testzip() is None


def test_account_deleted_while_a_worker_writes_leaves_no_archive(stuck):
    stack, client, _export_id, go_on = stuck
    deleted = client.call("DELETE", "/api/v1/users/me").status
    go_on()
    eventually(
        lambda: (
            not stack.query(
                "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%%contentasset%%' AND state = 'active' AND pid <> pg_backend_pid()"
            )
        )
    )
    stack.manage("eraseuser", stack.query("SELECT id::text FROM accounts_user")[0][0], "--now")
    assert (deleted, archives(stack), stack.query("SELECT count(*) FROM accounts_export")) == (204, [], [(0,)])
