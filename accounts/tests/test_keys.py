"""API keys: their form, what they open, and how they end."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts import keys, services
from accounts.models import ApiKey, MemberRole, Membership, Session, User
from accounts.permissions import KEY_SCOPES
from accounts.tests.factories import add_member, client_of, client_with, make_key, make_user, make_workspace
from accounts.tests.parallel import in_parallel
from huntaze.models import AuditEntry, Event, IdempotencyRecord

KEYS, ME, ASSETS = "/api/v1/api-keys", "/api/v1/users/me", "/api/v1/content/assets"
ORDER = {"name": "Dashboard", "scopes": ["assets:read"]}


def refusal(answer) -> dict:
    return {**answer.json(), "request_id": ""}


def test_key_is_a_prefix_32_random_characters_and_6_of_a_checksum():
    key = keys.new_key()
    assert (key[:3], len(key), set(key[3:]) <= set(keys.ALPHABET), keys.is_key(key)) == ("hz_", 41, True, True)


def test_checksum_is_the_crc_32_of_what_stands_before_it():
    assert keys.is_key("hz_0000000000000000000000000000000038eu88")  # CRC-32 of "hz_00000000000000000000000000000000", in base 62


@given(st.integers(min_value=3, max_value=40), st.sampled_from(keys.ALPHABET))
def test_any_wrong_character_is_seen(place, character):
    key = keys.new_key()
    altered = key[:place] + character + key[place + 1 :]
    assert keys.is_key(altered) == (altered == key)


@given(st.text(max_size=60))
def test_no_other_text_is_a_key(text):
    assert not keys.is_key(text)


@pytest.mark.django_db
class TestComingIn:
    def test_key_acts_in_the_name_of_its_maker(self, owner, workspace):
        _, secret = make_key(workspace, owner)
        me = client_with(secret).get(ME).json()
        assert (me["id"], me["workspace"]["id"], me["workspace"]["role"]) == (str(owner.id), str(workspace.id), "owner")

    def test_key_acts_in_its_own_workspace_whatever_the_makers_default(self, owner):
        other = make_workspace(owner=owner)
        _, secret = make_key(other, owner)
        assert client_with(secret).get(ME).json()["workspace"]["id"] == str(other.id)

    def test_key_may_name_its_workspace_and_no_other(self, owner, workspace):
        _, secret = make_key(workspace, owner)
        statuses = [
            client_with(secret).get(ME, HTTP_HUNTAZE_WORKSPACE=str(at)).status_code for at in (workspace.id, make_workspace(owner=owner).id)
        ]
        assert statuses == [200, 404]

    def test_key_in_use_makes_one_query(self, owner, workspace, django_assert_num_queries):
        _, secret = make_key(workspace, owner)
        client_with(secret).get(ME)
        with django_assert_num_queries(1):
            client_with(secret).get(ME)

    @pytest.mark.parametrize("wrong", ["hz_", "hz_garbage", "hz_" + "0" * 38, "hz_" + "é" * 38])
    def test_garbage_is_refused_before_any_query(self, wrong, django_assert_num_queries):
        with django_assert_num_queries(0):
            assert client_with(wrong).get(ME).status_code == 401

    def test_every_fault_of_a_key_answers_the_same_bytes_as_no_token(self, owner, workspace, anonymous):
        _, secret = make_key(workspace, owner)
        wrong = [secret[:-1] + ("A" if secret[-1] != "A" else "B"), keys.new_key(), "hz_"]
        assert [refusal(client_with(key).get(ME)) for key in wrong] == [refusal(anonymous.get(ME))] * 3

    def test_scope_is_needed_and_named(self, owner, workspace):
        _, secret = make_key(workspace, owner, scopes=["assets:read"])
        read, write = client_with(secret).get(ASSETS), client_with(secret).post(ASSETS, {"title": "a", "type": "post"})
        assert (read.status_code, write.status_code, write.json()["code"], write.json()["scope"]) == (
            200,
            403,
            "insufficient_scope",
            "assets:write",
        )

    def test_key_never_may_more_than_its_maker(self, owner, workspace):
        editor = make_user()
        add_member(workspace, editor, MemberRole.EDITOR)
        _, secret = make_key(workspace, editor)
        before = client_with(secret).post(ASSETS, {"title": "a", "type": "post"}).status_code
        services.change_role(workspace_id=workspace.id, user_id=editor.id, role="analyst")
        after = client_with(secret).post(ASSETS, {"title": "a", "type": "post"})
        assert (before, after.status_code, after.json()["code"]) == (201, 403, "forbidden")

    @pytest.mark.parametrize("end", ["suspended", "deleted", "removed", "revoked", "expired"])
    def test_key_ends_at_once(self, end, workspace, anonymous):
        editor = make_user()
        add_member(workspace, editor, MemberRole.EDITOR)
        key, secret = make_key(workspace, editor)
        if end == "suspended":
            User.objects.filter(id=editor.id).update(suspended_at=timezone.now())
        elif end == "deleted":
            User.objects.filter(id=editor.id).update(deleted_at=timezone.now())
        elif end == "removed":
            Membership.objects.filter(user=editor, workspace=workspace).delete()
        elif end == "revoked":
            services.revoke_key(key=key)
        else:
            ApiKey.objects.update(expires_at=timezone.now())
        assert refusal(client_with(secret).get(ME)) == refusal(anonymous.get(ME))

    def test_key_never_changes_its_makers_account(self, owner, workspace):
        _, secret = make_key(workspace, owner)
        answer = client_with(secret).post("/api/v1/workspaces", {"name": "Mine"})
        assert (answer.status_code, answer.json()["scope"]) == (403, "account:write")

    def test_key_makes_rotates_and_changes_no_key(self, owner, workspace):
        key, secret = make_key(workspace, owner)
        client = client_with(secret)
        answers = [
            client.post(KEYS, ORDER),
            client.post(f"{KEYS}/{key.id}/rotate", {}),
            client.patch(f"{KEYS}/{key.id}", {"scopes": list(KEY_SCOPES)}),
        ]
        assert [answer.json()["code"] for answer in answers] == ["reauthentication_required"] * 3

    def test_entry_of_the_audit_log_names_the_key(self, owner, workspace):
        key, secret = make_key(workspace, owner)
        client_with(secret).post(ASSETS, {"title": "a", "type": "post"})
        entry = AuditEntry.objects.get(action="asset.create")
        assert (entry.actor_kind, entry.actor_id, entry.credential_id) == ("key", owner.id, key.id)

    def test_repeated_request_of_a_key_has_one_effect(self, owner, workspace):
        _, secret = make_key(workspace, owner)
        first, second = (client_with(secret).post(ASSETS, {"title": "a", "type": "post"}, HTTP_IDEMPOTENCY_KEY="k") for _ in range(2))
        assert (first.content, second["Idempotent-Replayed"]) == (second.content, "true")


@pytest.mark.django_db
class TestLastUse:
    def test_first_use_is_noted(self, owner, workspace):
        _, secret = make_key(workspace, owner)
        client_with(secret).get(ME)
        assert timezone.now() - ApiKey.objects.get().last_used_at < timedelta(seconds=10)

    def test_use_within_a_minute_is_not_written_again(self, owner, workspace):
        _, secret = make_key(workspace, owner)
        noted = timezone.now() - timedelta(seconds=50)
        ApiKey.objects.update(last_used_at=noted)
        client_with(secret).get(ME)
        assert ApiKey.objects.get().last_used_at == noted

    def test_use_after_a_minute_is_written(self, owner, workspace):
        _, secret = make_key(workspace, owner)
        noted = timezone.now() - timedelta(seconds=61)
        ApiKey.objects.update(last_used_at=noted)
        client_with(secret).get(ME)
        assert ApiKey.objects.get().last_used_at > noted


@pytest.mark.django_db(transaction=True)
def test_use_does_not_wait_for_somebody_who_changes_the_key(owner, workspace):
    _, secret = make_key(workspace, owner)
    with transaction.atomic():
        ApiKey.objects.select_for_update().get()
        (answer,) = in_parallel(lambda: client_with(secret).get(ME).status_code, 1)
    connection.close()
    assert (answer, ApiKey.objects.get().last_used_at) == (200, None)


@pytest.mark.django_db
class TestManaging:
    def test_making_shows_the_secret_once(self, api, owner):
        answer = api.post(KEYS, ORDER)
        key, body = ApiKey.objects.get(), answer.json()
        secret = body.pop("secret")
        shown = api.get(KEYS).json()["data"]
        assert (answer.status_code, answer["Cache-Control"], bytes(key.key_hash), secret[:9], shown) == (
            201,
            "no-store",
            keys.hash_key(secret),
            body["prefix"],
            [body],
        )

    def test_answer_describes_the_key(self, api, owner):
        body = api.post(KEYS, ORDER).json()
        del body["id"], body["secret"], body["prefix"], body["created_at"]
        assert body == {
            "name": "Dashboard",
            "scopes": ["assets:read"],
            "connection_ids": None,
            "user_id": str(owner.id),
            "expires_at": None,
            "last_used_at": None,
            "previous_until": None,
        }

    def test_secret_is_never_stored(self, api):
        answer = api.post(KEYS, ORDER, HTTP_IDEMPOTENCY_KEY="k")
        assert (answer.status_code, IdempotencyRecord.objects.count()) == (201, 0)

    def test_making_is_audited_emitted_and_told(self, api, owner):
        api.post(KEYS, ORDER)
        entry = AuditEntry.objects.get(action="api_key.create")
        types = Event.objects.filter(type__contains="api_key").order_by("id").values_list("type", flat=True)
        assert (entry.subject_id, entry.changes, list(types)) == (
            ApiKey.objects.get().id,
            {"name": [None, "Dashboard"], "scopes": [None, ["assets:read"]]},
            ["api_key.created", "notice.api_key_created"],
        )

    @pytest.mark.parametrize("scope", ["account:write", "ownership:write", "everything", "assets:delete", ""])
    def test_scope_that_no_key_has_is_refused(self, scope, api):
        assert api.post(KEYS, {**ORDER, "scopes": [scope]}).json()["errors"][0]["pointer"] == "/scopes/0"

    def test_key_without_scopes_is_refused(self, api):
        assert api.post(KEYS, {**ORDER, "scopes": []}).status_code == 422

    @pytest.mark.parametrize("method", ["post", "patch"])
    def test_expiry_in_the_past_is_refused(self, method, api):
        key = api.post(KEYS, ORDER).json()
        path = KEYS if method == "post" else f"{KEYS}/{key['id']}"
        answer = getattr(api, method)(path, {**ORDER, "expires_at": "2020-01-01T00:00:00Z"})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/expires_at")

    def test_unknown_connection_is_refused(self, api):
        answer = api.post(KEYS, {**ORDER, "connection_ids": [str(uuid4())]})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/connection_ids/0")

    def test_allow_list_of_no_connection_is_kept(self, api, owner, workspace):
        assert api.post(KEYS, {**ORDER, "connection_ids": []}).json()["connection_ids"] == []

    @pytest.mark.parametrize(
        ("method", "path"),
        [("post", KEYS), ("patch", f"{KEYS}/{{id}}"), ("post", f"{KEYS}/{{id}}/rotate")],
        ids=["make", "change", "rotate"],
    )
    def test_making_changing_and_rotating_ask_for_a_recent_sign_in(self, method, path, api):
        key = api.post(KEYS, ORDER).json()
        Session.objects.update(authenticated_at=timezone.now() - timedelta(minutes=16))
        assert getattr(api, method)(path.format(**key), {}).json()["code"] == "reauthentication_required"

    def test_changing_writes_what_is_named(self, api):
        key = api.post(KEYS, ORDER).json()
        answer = api.patch(f"{KEYS}/{key['id']}", {"name": "New", "scopes": ["assets:write", "assets:read"]})
        assert (answer.status_code, answer.json()["name"], answer.json()["scopes"]) == (200, "New", ["assets:read", "assets:write"])

    def test_change_counts_at_once(self, api, owner, workspace):
        key, secret = make_key(workspace, owner)
        api.patch(f"{KEYS}/{key.id}", {"scopes": ["account:read"]})
        assert client_with(secret).get(ASSETS).status_code == 403

    def test_change_is_audited_with_old_and_new(self, api):
        key = api.post(KEYS, ORDER).json()
        api.patch(f"{KEYS}/{key['id']}", {"name": "New", "scopes": ["assets:read"]})
        assert AuditEntry.objects.get(action="api_key.update").changes == {"name": ["Dashboard", "New"]}

    def test_another_manager_revokes_a_key_but_neither_changes_nor_rotates_it(self, workspace, owner):
        key, _ = make_key(workspace, owner)
        manager = make_user()
        add_member(workspace, manager, MemberRole.MANAGER)
        client, where = client_of(manager), {"HTTP_HUNTAZE_WORKSPACE": str(workspace.id)}
        answers = [
            client.patch(f"{KEYS}/{key.id}", {"name": "Mine"}, **where),
            client.post(f"{KEYS}/{key.id}/rotate", {}, **where),
            client.delete(f"{KEYS}/{key.id}", **where),
        ]
        assert [answer.status_code for answer in answers] == [403, 403, 204]

    def test_revoked_key_ends_at_once_and_is_gone(self, api, owner, workspace):
        key, secret = make_key(workspace, owner)
        first = api.delete(f"{KEYS}/{key.id}")
        statuses = [client_with(secret).get(ME).status_code, api.delete(f"{KEYS}/{key.id}").status_code, len(api.get(KEYS).json()["data"])]
        assert (first.status_code, statuses) == (204, [401, 404, 0])

    def test_workspace_has_only_so_many_keys(self, api, owner, workspace):
        for _ in range(100):
            make_key(workspace, owner)
        assert api.post(KEYS, ORDER).json()["code"] == "too_many_api_keys"


@pytest.mark.django_db
class TestRotating:
    def test_old_secret_works_until_the_overlap_ends(self, api, owner, workspace):
        key, old = make_key(workspace, owner)
        answer = api.post(f"{KEYS}/{key.id}/rotate", {"overlap_seconds": 60})
        new = answer.json()["secret"]
        during = [client_with(secret).get(ME).status_code for secret in (old, new)]
        ApiKey.objects.update(previous_until=timezone.now())
        after = [client_with(secret).get(ME).status_code for secret in (old, new)]
        assert (answer.status_code, answer.json()["id"], during, after) == (201, str(key.id), [200, 200], [401, 200])

    def test_overlap_is_an_hour_unless_told(self, api, owner, workspace):
        key, _old = make_key(workspace, owner)
        before = timezone.now()
        until = datetime.fromisoformat(api.post(f"{KEYS}/{key.id}/rotate", {}).json()["previous_until"])
        assert timedelta(hours=1) <= until - before < timedelta(hours=1, minutes=1)

    def test_overlap_of_none_ends_the_old_secret_at_once(self, api, owner, workspace):
        key, old = make_key(workspace, owner)
        api.post(f"{KEYS}/{key.id}/rotate", {"overlap_seconds": 0})
        assert client_with(old).get(ME).status_code == 401

    @pytest.mark.parametrize("seconds", [-1, 86_401, "60", 1.5])
    def test_overlap_is_at_most_a_day(self, seconds, api, owner, workspace):
        key, _ = make_key(workspace, owner)
        assert api.post(f"{KEYS}/{key.id}/rotate", {"overlap_seconds": seconds}).status_code == 422

    def test_second_rotation_ends_the_first_secret(self, api, owner, workspace):
        key, first = make_key(workspace, owner)
        for _ in range(2):
            api.post(f"{KEYS}/{key.id}/rotate", {"overlap_seconds": 60})
        assert client_with(first).get(ME).status_code == 401

    def test_revoking_ends_both_secrets(self, api, owner, workspace):
        key, old = make_key(workspace, owner)
        new = api.post(f"{KEYS}/{key.id}/rotate", {"overlap_seconds": 60}).json()["secret"]
        api.delete(f"{KEYS}/{key.id}")
        assert [client_with(secret).get(ME).status_code for secret in (old, new)] == [401, 401]

    def test_rotating_is_audited_without_the_secret(self, api, owner, workspace):
        key, _ = make_key(workspace, owner)
        api.post(f"{KEYS}/{key.id}/rotate", {})
        assert list(AuditEntry.objects.get(action="api_key.rotate").changes) == ["previous_until"]


@pytest.mark.django_db(transaction=True)
def test_two_rotations_at_once_leave_one_key_before(owner, workspace):
    key, first = make_key(workspace, owner)
    made = in_parallel(lambda: services.rotate_key(key=key, by_id=owner.id, overlap=timedelta(minutes=1))[1], 2)
    assert sorted(client_with(secret).get(ME).status_code for secret in (first, *made)) == [200, 200, 401]


@pytest.mark.django_db
@pytest.mark.parametrize("rows", [1, 10])
def test_list_makes_two_queries(rows, api, owner, workspace, django_assert_num_queries):
    for _ in range(rows):
        make_key(workspace, owner)
    with django_assert_num_queries(2):
        assert len(api.get(KEYS).json()["data"]) == rows


@pytest.mark.django_db
@pytest.mark.parametrize("rows", [1, 10])
def test_writes_make_as_many_queries_whatever_the_rows(rows, api, owner, workspace, django_assert_num_queries):
    for _ in range(rows):
        key, _ = make_key(workspace, owner)
    with django_assert_num_queries(12):
        api.post(KEYS, ORDER)
    with django_assert_num_queries(8):
        api.patch(f"{KEYS}/{key.id}", {"name": "New"})
    with django_assert_num_queries(9):
        api.post(f"{KEYS}/{key.id}/rotate", {})
    with django_assert_num_queries(8):
        api.delete(f"{KEYS}/{key.id}")


@pytest.mark.django_db
def test_command_makes_a_key_of_the_persons_default_workspace(owner, workspace, capsys):
    call_command("createapikey", "owner@example.com", "CI", "--scope", "assets:read", "--scope", "assets:write", "--days", "30")
    secret = capsys.readouterr().out.split()[-1]
    key = ApiKey.objects.get()
    assert (key.scopes, key.workspace_id, keys.is_key(secret), client_with(secret).get(ASSETS).status_code) == (
        ["assets:read", "assets:write"],
        workspace.id,
        True,
        200,
    )
