"""The canary subject (guarantee S14): a person whose every field says one word, which the export shows and erasure removes."""

import io
import json
import zipfile

import pytest
from allauth.socialaccount.models import SocialAccount
from django.apps import apps
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from accounts import services
from accounts.models import Export, User, Workspace
from accounts.services import exports
from accounts.tests.factories import PASSWORD, client_of, make_user
from ai import services as ai
from ai.models import Generation
from billing.services import grant_plan
from huntaze import audit, personal, valkey
from huntaze.models import AuditEntry

CANARY = "quetzalcoatlus"
EMAIL = f"{CANARY}@example.com"
ADDRESS = "203.0.113.77"
HEADERS = {"HTTP_USER_AGENT": f"{CANARY} browser", "REMOTE_ADDR": ADDRESS}
# Every column that the export must show the word in, or the address.
SHOWN = {
    "account.emailaddress": {"email"},
    "accounts.apikey": {"name"},
    "accounts.emailchallenge": {"address", "email", "user_agent"},
    "accounts.invitation": {"email"},
    "accounts.legalhold": {"reason"},
    "accounts.session": {"address", "user_agent"},
    "accounts.user": {"avatar", "bio", "display_name", "email", "name"},
    "accounts.workspace": {"name", "niche", "sells"},
    "ai.aiconfig": {"boundaries", "disclosure_text", "forbidden_words", "persona", "response_style"},
    "ai.generation": {"input"},
    "ai.generationfeedback": {"comment"},
    "ai.quickreply": {"text", "title"},
    "billing.plangrant": {"reason"},
    "content.contentasset": {"category", "content", "metadata", "tags", "title"},
    "huntaze.auditpayload": {"address", "changes", "user_agent"},
    "huntaze.outgoingemail": {"to"},
    "admin.logentry": {"object_repr"},
    "socialaccount.socialaccount": {"extra_data", "uid"},
}


def call(client: APIClient, method: str, path: str, body: dict | None = None, **headers: str) -> dict:
    response = getattr(client, method)(f"/api/v1{path}", body, **headers)
    assert response.status_code < 300, response.content
    return response.json() if response.content else {}


def live(friend: User, staff: User) -> User:
    """Let a person do all that this installation lets people do, with the word wherever words go."""
    friends = client_of(friend)
    anonymous = APIClient(**HEADERS)
    call(anonymous, "post", "/auth/signup", {"email": EMAIL, "password": PASSWORD, "name": f"Ann {CANARY}", "accept_terms": True})
    user = User.objects.get(email=EMAIL)
    grant_plan(workspace_id=user.default_workspace_id, plan="pro", reason=f"For {CANARY}", granted_by_id=staff.id)
    tokens = call(anonymous, "post", "/auth/signin", {"email": EMAIL, "password": PASSWORD})
    me = APIClient(HTTP_AUTHORIZATION=f"Bearer {tokens['access_token']}", **HEADERS)
    call(anonymous, "post", "/auth/refresh", {"refresh_token": tokens["refresh_token"]})
    call(anonymous, "post", "/auth/password/forgot", {"email": EMAIL})
    profile = {"display_name": CANARY, "bio": f"I am {CANARY}.", "avatar": f"https://example.com/{CANARY}.png", "timezone": "Asia/Tokyo"}
    call(me, "patch", "/users/profile", profile)
    call(me, "patch", "/users/onboarding", {"step": "business", "state": "done", "sells": f"{CANARY} eggs", "niche": CANARY})
    asset = {
        "title": CANARY,
        "type": "post",
        "content": f"About {CANARY}.",
        "category": CANARY,
        "tags": [CANARY],
        "metadata": {CANARY: CANARY},
    }
    call(me, "post", "/content/assets", asset, HTTP_IDEMPOTENCY_KEY="once")
    words = dict.fromkeys(("persona", "response_style", "boundaries", "disclosure_text"), f"I am {CANARY}.")
    call(me, "put", "/ai/config", {**words, "forbidden_words": [CANARY]})
    call(me, "put", "/ai/quick-replies", {"quick_replies": [{"title": CANARY, "text": f"{CANARY}, {{name}}"}]})
    order = {"kind": "post", "prompt": f"A post about {CANARY}", "length": "short", "audience": CANARY}
    generation_id = call(me, "post", "/content/generate", order)["id"]
    ai.run_generation(generation_id=generation_id)
    call(me, "post", f"/ai/generations/{generation_id}/feedback", {"rating": "edited", "comment": f"More {CANARY}."})
    call(me, "post", "/api-keys", {"name": CANARY, "scopes": ["assets:read"]})
    workspace = str(user.default_workspace_id)
    call(
        me,
        "post",
        f"/workspaces/{workspace}/invitations",
        {"email": "friend@example.com", "role": "editor"},
        HTTP_HUNTAZE_WORKSPACE=workspace,
    )
    theirs = str(friend.default_workspace_id)
    grant_plan(workspace_id=friend.default_workspace_id, plan="pro", reason="Seats")
    call(friends, "post", f"/workspaces/{theirs}/invitations", {"email": EMAIL, "role": "editor"}, HTTP_HUNTAZE_WORKSPACE=theirs)
    SocialAccount.objects.create(user=user, provider="google", uid=CANARY, extra_data={"given_name": CANARY})
    hold = services.place_hold(user_id=user.id, reason=f"A letter about {CANARY}", actor_id=staff.id)
    services.release_hold(hold_id=hold.id, actor_id=staff.id)
    Client(**HEADERS).force_login(user)
    desk = Client()
    desk.force_login(staff)
    page = f"/admin/accounts/user/{user.id}/change/"
    assert desk.post(page, {"name": f"Anna {CANARY}", "role": "creator"}).status_code == 302
    return user


def archive_of(user: User) -> dict[str, list[dict]]:
    """Return the rows of each table in the archive that the person gets."""
    client = client_of(user)
    export_id = call(client, "post", "/users/me/export")["id"]
    exports.run_export(export_id=export_id)
    response = client.get(f"/api/v1/users/me/exports/{export_id}/archive")
    with zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content))) as archive:
        tables = json.loads(archive.read("manifest.json"))["tables"]
        return {name: json.loads(archive.read(table["file"])) for name, table in tables.items()}


def columns_that_say(words: tuple[str, ...], rows: list[dict]) -> set[str]:
    return {column for row in rows for column, value in row.items() if any(word in json.dumps(value) for word in words)}


def tables_that_say(word: str) -> list[str]:
    """Return the tables of the whole database of which a row, written as text, has the word, plain or as bytes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'")
        names = sorted(name for (name,) in cursor.fetchall())
        found = []
        for name in names:
            cursor.execute(
                f'SELECT EXISTS (SELECT FROM "{name}" AS each WHERE each::text ILIKE %s OR each::text ILIKE %s)',
                [f"%{word}%", f"%{word.encode().hex()}%"],
            )
            if cursor.fetchone()[0]:
                found.append(name)
        return found


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("media")
def test_canary_is_in_the_export_and_nowhere_after_the_erasure():
    friend, staff = make_user(), make_user(role="admin", is_superuser=True)
    user = live(friend, staff)
    archive = archive_of(user)
    said = {name: columns for name, rows in archive.items() if (columns := columns_that_say((CANARY, ADDRESS), rows))}
    said["ai.generation"].discard("outputs")  # a template takes the word up, or does not
    before = (len(valkey.connection().keys("generation:*")), Generation.objects.count(), len(default_storage.listdir("exports")[0]))
    audit.seal()

    call(client_of(user), "delete", "/users/me")
    receipt = services.erase_account(user_id=user.id)
    audit.seal()

    assert said == SHOWN
    assert (before, valkey.connection().keys("generation:*"), default_storage.listdir("exports")[0]) == ((1, 1, 1), [], [])
    assert (tables_that_say(CANARY), tables_that_say(ADDRESS)) == ([], [])
    assert [finding for chain in audit.chains() for finding in audit.verify(chain).findings] == []
    assert (services.receipt_is_genuine(receipt), CANARY in json.dumps(receipt.rows)) == (True, False)
    assert AuditEntry.objects.filter(actor_id=user.id).exists()
    assert Export.objects.count() == 0


def test_every_column_that_can_be_personal_is_declared():
    installed = apps.get_models(include_auto_created=True)
    assert list(personal.undeclared(installed, owners=(User, Workspace))) == []


def test_every_declared_column_exists():
    missing = [
        f"{table.name}.{name}"
        for table in personal.tables()
        for name in table.fields
        if name not in {column.name for column in table.model._meta.concrete_fields}
    ]
    assert missing == []
