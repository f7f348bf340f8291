"""Every write by anyone leaves an audit entry: each operation, command and admin action there is performs one here.

An operation, command or action that is missing here fails `test_every_…`: add a function that performs it.
"""

import hashlib
import sys
from base64 import urlsafe_b64encode
from datetime import timedelta
from uuid import uuid4

import pytest
from django.conf import settings
from django.contrib import admin
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator

import manage
from accounts.models import ApiKey, LegalHold, Session, User, Workspace
from accounts.services import (
    forgot_password,
    invite,
    issue_code,
    mfa,
    open_browser_session,
    place_hold,
    resend_verification,
    verify_email_of,
)
from accounts.tests.factories import PASSWORD, add_member, client_of, code_of, make_key, make_user, sign_in, turn_totp_on
from accounts.tests.letters import answer_all, mailed_token, token_in
from ai.tests.factories import make_generation
from billing.models import PlanGrant
from billing.services import grant_plan
from billing.tasks import end_grants
from content.models import ContentAsset
from content.tests.factories import make_asset
from huntaze import context
from huntaze.env import BASE_DIR
from huntaze.models import AuditEntry

pytestmark = pytest.mark.django_db

API = "/api/v1"
UNSAFE = ("post", "put", "patch", "delete")
OPERATIONS, COMMANDS, ACTIONS = {}, {}, {}
# Operations that change nothing that anyone would ask about.
SILENT_OPERATIONS = {
    "ai_estimate": "Nothing is called, held or stored.",
    "auth_refresh": "The session goes on; a token that is used twice ends it, which is audited.",
    "auth_verify_email_resend": "Anybody may ask; what the answer to the e-mail changes is audited.",
    "auth_password_forgot": "Anybody may ask; what the answer to the e-mail changes is audited.",
}
CODE_VERIFIER = "v" * 43
CODE_CHALLENGE = urlsafe_b64encode(hashlib.sha256(CODE_VERIFIER.encode()).digest()).rstrip(b"=").decode()
NEW_PASSWORD = "seven lanterns over brackish water"
# Commands that write nothing of the product, or only what another entry stands for.
SILENT_COMMANDS = {
    "doctor": "reads",
    "evalrouter": "reads",
    "exportcheckpoint": "reads, and seals",
    "localmodel": "serves a model",
    "migrate": "changes the schema",
    "rotatekeys": "encrypts the same values anew",
    "trainrouter": "writes a file that an operator may put in use",
    "up": "starts processes",
    "verifyaudit": "reads",
    "verifyledger": "reads",
}


def performs(table, name):
    """Register a function that makes one write happen."""

    def register(function):
        table[name] = function
        return function

    return register


@performs(OPERATIONS, "auth_signup")
def sign_up(send, owner):
    return send(None, "post", "/auth/signup", {"email": "new@example.com", "password": PASSWORD, "name": "New", "accept_terms": True})


@performs(OPERATIONS, "auth_signin")
def sign_in_again(send, owner):
    return send(None, "post", "/auth/signin", {"email": owner.email, "password": PASSWORD})


@performs(OPERATIONS, "auth_signout")
def sign_out(send, owner):
    return send(owner, "post", "/auth/signout")


@performs(OPERATIONS, "auth_reauthenticate")
def reauthenticate(send, owner):
    return send(owner, "post", "/auth/reauthenticate", {"password": PASSWORD})


@performs(OPERATIONS, "auth_mfa_totp_start")
def start_totp(send, owner):
    verify_email_of(owner)
    return send(owner, "post", "/auth/mfa/totp")


@performs(OPERATIONS, "auth_mfa_totp_confirm")
def confirm_totp(send, owner):
    verify_email_of(owner)
    return send(owner, "post", "/auth/mfa/totp/confirm", {"code": code_of(mfa.start_totp(user_id=owner.id)["secret"])})


@performs(OPERATIONS, "auth_mfa_totp_disable")
def disable_totp(send, owner):
    turn_totp_on(owner)
    return send(owner, "delete", "/auth/mfa/totp")


@performs(OPERATIONS, "auth_mfa_recovery_codes_create")
def make_recovery_codes(send, owner):
    turn_totp_on(owner)
    return send(owner, "post", "/auth/mfa/recovery-codes")


@performs(OPERATIONS, "users_me_edit")
def change_name(send, owner):
    return send(owner, "patch", "/users/me", {"name": "Olivia"})


@performs(OPERATIONS, "users_me_delete")
def delete_account(send, owner):
    return send(owner, "delete", "/users/me")


@performs(OPERATIONS, "users_profile_edit")
def change_profile(send, owner):
    return send(owner, "patch", "/users/profile", {"bio": "Cooks."})


@performs(OPERATIONS, "users_onboarding_step")
def take_step(send, owner):
    return send(owner, "patch", "/users/onboarding", {"step": "business", "state": "done", "sells": "Videos", "niche": "Vegan"})


@performs(OPERATIONS, "users_export")
def order_export(send, owner):
    return send(owner, "post", "/users/me/export")


@performs(OPERATIONS, "auth_signout_all")
def sign_out_everywhere(send, owner):
    return send(owner, "post", "/auth/signout-all")


@performs(OPERATIONS, "auth_sessions_end")
def sign_out_device(send, owner):
    return send(owner, "delete", f"/auth/sessions/{sign_in(owner).principal.session_id}")


@performs(OPERATIONS, "auth_verify_email")
def verify_email(send, owner):
    resend_verification(email=owner.email, language="en")
    return send(None, "post", "/auth/verify-email", {"token": token_in(answer_all()[0])})


@performs(OPERATIONS, "auth_password_reset")
def reset_password(send, owner):
    forgot_password(email=owner.email, language="en")
    return send(None, "post", "/auth/password/reset", {"token": token_in(answer_all()[0]), "password": NEW_PASSWORD})


@performs(OPERATIONS, "auth_password_change")
def change_password(send, owner):
    return send(owner, "post", "/auth/password/change", {"current_password": PASSWORD, "new_password": NEW_PASSWORD})


@performs(OPERATIONS, "auth_oauth_token")
def exchange_code(send, owner):
    session_id = open_browser_session(user=owner)
    code = issue_code(session_id=session_id, redirect_uri=settings.CLIENT_REDIRECT_URIS[0], code_challenge=CODE_CHALLENGE)
    return send(None, "post", "/auth/oauth/token", {"code": code, "code_verifier": CODE_VERIFIER})


@performs(OPERATIONS, "workspaces_create")
def make_second_workspace(send, owner):
    return send(owner, "post", "/workspaces", {"name": "Second"})


@performs(OPERATIONS, "workspaces_partial_update")
def change_workspace(send, owner):
    return send(owner, "patch", f"/workspaces/{owner.default_workspace_id}", {"niche": "Vegan"})


@performs(OPERATIONS, "workspaces_members_partial_update")
def change_role(send, owner):
    member = make_user()
    add_member(owner.default_workspace, member, "editor")
    return send(owner, "patch", f"/workspaces/{owner.default_workspace_id}/members/{member.id}", {"role": "analyst"})


@performs(OPERATIONS, "workspaces_members_destroy")
def remove_member(send, owner):
    member = make_user()
    add_member(owner.default_workspace, member, "editor")
    return send(owner, "delete", f"/workspaces/{owner.default_workspace_id}/members/{member.id}")


@performs(OPERATIONS, "workspaces_invitations_create")
def ask_somebody_in(send, owner):
    grant_plan(workspace_id=owner.default_workspace_id, plan="pro", reason="Seats")
    return send(owner, "post", f"/workspaces/{owner.default_workspace_id}/invitations", {"email": "guest@example.com", "role": "editor"})


def invited(owner, email="guest@example.com"):
    grant_plan(workspace_id=owner.default_workspace_id, plan="pro", reason="Seats")
    return invite(workspace_id=owner.default_workspace_id, email=email, role="editor", invited_by_id=owner.id)


@performs(OPERATIONS, "workspaces_invitations_destroy")
def take_invitation_back(send, owner):
    return send(owner, "delete", f"/workspaces/{owner.default_workspace_id}/invitations/{invited(owner).id}")


@performs(OPERATIONS, "invitations_accept")
def accept_invitation(send, owner):
    guest = make_user()
    invited(owner, guest.email)
    return send(guest, "post", "/invitations/accept", {"token": mailed_token(guest.email)})


@performs(OPERATIONS, "api_keys_create")
def create_key(send, owner):
    return send(owner, "post", "/api-keys", {"name": "cron", "scopes": ["assets:read"]})


@performs(OPERATIONS, "api_keys_partial_update")
def rename_key(send, owner):
    return send(owner, "patch", f"/api-keys/{make_key(owner.default_workspace, owner)[0].id}", {"name": "nightly"})


@performs(OPERATIONS, "api_keys_rotate")
def rotate_key(send, owner):
    return send(owner, "post", f"/api-keys/{make_key(owner.default_workspace, owner)[0].id}/rotate", {"overlap_seconds": 60})


@performs(OPERATIONS, "api_keys_destroy")
def revoke_key(send, owner):
    return send(owner, "delete", f"/api-keys/{make_key(owner.default_workspace, owner)[0].id}")


@performs(OPERATIONS, "content_assets_create")
def create_asset(send, owner):
    return send(owner, "post", "/content/assets", {"title": "A title", "type": "post"})


@performs(OPERATIONS, "content_assets_partial_update")
def update_asset(send, owner):
    return send(owner, "patch", f"/content/assets/{make_asset(owner.default_workspace).id}", {"title": "Another"})


@performs(OPERATIONS, "content_assets_destroy")
def delete_asset(send, owner):
    return send(owner, "delete", f"/content/assets/{make_asset(owner.default_workspace).id}")


@performs(OPERATIONS, "content_generate")
def order_generation(send, owner):
    return send(owner, "post", "/content/generate", {"kind": "post", "prompt": "My new cooking series"})


@performs(OPERATIONS, "ai_budgets_set")
def set_budgets(send, owner):
    budget = {"level": "workspace", "period": "day", "limit_microusd": 1_000_000}
    return send(owner, "put", "/ai/budgets", {"budgets": [budget]})


@performs(OPERATIONS, "ai_config_set")
def set_ai_config(send, owner):
    return send(owner, "put", "/ai/config", {"privacy_tier": "local_only"})


@performs(OPERATIONS, "ai_quick_replies_suggest")
def suggest_replies(send, owner):
    return send(owner, "post", "/ai/quick-replies/suggest", {"message": "Hello"})


@performs(OPERATIONS, "ai_messages_personalize")
def personalize_message(send, owner):
    return send(owner, "post", "/ai/messages/personalize", {"kind": "greeting"})


@performs(OPERATIONS, "ai_quick_replies_set")
def set_quick_replies(send, owner):
    return send(owner, "put", "/ai/quick-replies", {"quick_replies": [{"title": "Hello", "text": "Hello {name}!"}]})


@performs(OPERATIONS, "ai_azure_smoke")
def try_azure(send, owner):
    settings.AZURE_OPENAI_ENDPOINT, settings.AZURE_OPENAI_API_KEY = "http://127.0.0.1:1", "key-nobody-listens"
    try:
        return send(make_user(role="admin"), "post", "/ai/azure/smoke", {"deployment": "any"})
    finally:
        settings.AZURE_OPENAI_ENDPOINT = settings.AZURE_OPENAI_API_KEY = ""


@performs(OPERATIONS, "ai_generations_cancel")
def cancel_generation(send, owner):
    return send(owner, "post", f"/ai/generations/{make_generation(owner.default_workspace).id}/cancel")


@performs(OPERATIONS, "ai_generations_feedback")
def rate_generation(send, owner):
    generation = make_generation(owner.default_workspace, status="succeeded", finished_at="2026-11-01T00:00Z")
    return send(owner, "post", f"/ai/generations/{generation.id}/feedback", {"rating": "accepted"})


@performs(COMMANDS, "createapikey")
def make_key_for_a_program(run):
    run("createapikey", make_user().email, "cron", "--scope", "assets:read")


@performs(COMMANDS, "createsuperuser")
def make_staff(run):
    run("createsuperuser", "--noinput", "--email", "staff@example.com", "--name", "Staff")


@performs(COMMANDS, "eraseuser")
def erase_person(run):
    run("eraseuser", str(make_user().id), "--now")


@performs(COMMANDS, "exportuser")
def export_person(run):
    run("exportuser", str(make_user().id), str(settings.HOME_DIR / "archive.zip"))


@performs(COMMANDS, "grantplan")
def give_plan(run):
    run("grantplan", str(make_user().default_workspace_id), "pro", "--forever", "--reason", "Trial")


@performs(COMMANDS, "syncmodels")
def change_catalogue(run):
    file = settings.HOME_DIR / "models.json"
    file.write_text('{"models": [{"provider": "compatible", "name": "own-model"}]}', encoding="utf-8")
    run("syncmodels", str(file), "--apply")


@performs(COMMANDS, "seed_demo")
def make_demo(run):
    run("seed_demo")


@performs(ACTIONS, ("accounts.user", "end_sessions"))
def end_sessions_of(owner):
    sign_in(owner)
    return User, owner.id


@performs(ACTIONS, ("accounts.session", "end"))
def end_session(owner):
    sign_in(owner)
    return Session, Session.objects.get(user=owner).id


@performs(ACTIONS, ("accounts.apikey", "revoke"))
def revoke_api_key(owner):
    return ApiKey, make_key(owner.default_workspace, owner)[0].id


@performs(ACTIONS, ("accounts.legalhold", "release"))
def release_hold(owner):
    return LegalHold, place_hold(user_id=owner.id, reason="A dispute", actor_id=None).id


@performs(ACTIONS, ("huntaze.auditentry", "verify"))
def verify_by_staff(owner):
    return AuditEntry, AuditEntry.objects.filter(workspace_id=owner.default_workspace_id).latest("id").id


@performs(ACTIONS, ("ai.generation", "cancel"))
def stop_generation(owner):
    generation = make_generation(owner.default_workspace)
    return type(generation), generation.id


@performs(ACTIONS, ("billing.plangrant", "end"))
def end_grant(owner):
    return PlanGrant, grant_plan(workspace_id=owner.default_workspace_id, plan="pro", reason="Trial").id


@performs(ACTIONS, ("content.contentasset", "archive"))
def archive_asset(owner):
    return ContentAsset, make_asset(owner.default_workspace).id


@performs(ACTIONS, ("content.contentasset", "restore"))
def restore_asset(owner):
    return ContentAsset, make_asset(owner.default_workspace, status="archived").id


@pytest.fixture
def send(anonymous):
    """Return what makes a request of the API, with a request id that is told apart from all before."""
    request_id = str(uuid4())

    def request(person, method, path, data=None):
        client = anonymous if person is None else client_of(person)
        response = getattr(client, method)(f"{API}{path}", data, headers={"X-Request-ID": request_id})
        assert response.status_code < 300, response.content
        return request_id

    return request


@pytest.fixture
def run(monkeypatch):
    """Return what runs a command as `manage.py` does."""

    def command(*arguments):
        monkeypatch.setattr(sys, "argv", ["manage.py", *arguments])
        manage.main()

    for name in ("DJANGO_SUPERUSER_PASSWORD", "HUNTAZE_DEMO_PASSWORD", "HUNTAZE_DEMO_STAFF_PASSWORD"):
        monkeypatch.setenv(name, PASSWORD)
    yield command
    context.begin(context.RequestContext())


@pytest.fixture(autouse=True)
def _app_is_registered(settings):
    settings.CLIENT_REDIRECT_URIS = ["https://app.example.com/callback"]


def test_every_unsafe_operation_is_performed_here():
    document = SchemaGenerator().get_schema(public=True)
    unsafe = {item[method]["operationId"] for item in document["paths"].values() for method in UNSAFE if method in item}
    assert sorted(unsafe - OPERATIONS.keys() - SILENT_OPERATIONS.keys()) == []


@pytest.mark.parametrize("operation", OPERATIONS)
def test_operation_is_audited_with_who_where_and_by_which_request(operation, send, owner):
    request_id = OPERATIONS[operation](send, owner)
    entries = AuditEntry.objects.filter(request_id=request_id)
    assert {(entry.actor_kind, entry.via, entry.actor_id is None, entry.workspace_id is None, entry.address) for entry in entries} == {
        ("person", "api", False, False, "127.0.0.1")
    }


def test_every_command_is_performed_here():
    ours = {file.stem for file in BASE_DIR.glob("*/management/commands/[a-z]*.py")}
    assert sorted(ours - COMMANDS.keys() - SILENT_COMMANDS.keys()) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("command", COMMANDS)
def test_command_is_audited_with_its_name_and_one_request_id(command, run):
    context.begin(context.RequestContext())
    COMMANDS[command](run)
    entries = list(AuditEntry.objects.filter(actor_kind="command"))
    assert {(entry.via, len(entry.request_id)) for entry in entries} == {(command, 36)}
    assert len({entry.request_id for entry in entries}) == 1


def actions():
    """Return every action of every screen, but Django's own deletion, which `AuditedAdmin` audits."""
    return {(model._meta.label_lower, name) for model, screen in admin.site._registry.items() for name in screen.actions or ()}


def test_every_admin_action_is_performed_here():
    assert sorted(actions() - ACTIONS.keys()) == []


@pytest.mark.parametrize("action", ACTIONS, ids=".".join)
def test_admin_action_is_audited_with_the_member_of_staff(action, staff_browser, owner):
    model, id_ = ACTIONS[action](owner)
    request_id = str(uuid4())
    app, name = action[0].split(".")
    fields = {"action": action[1], "_selected_action": [str(id_)], "confirmed": "yes"}
    staff_browser.post(f"/admin/{app}/{name}/", fields, headers={"X-Request-ID": request_id})
    staff = User.objects.get(email="staff@example.com")
    entries = AuditEntry.objects.filter(request_id=request_id)
    assert {(entry.actor_kind, entry.via, entry.actor_id) for entry in entries} == {("staff", "admin", staff.id)}
    assert model._meta.label_lower == action[0]


@pytest.mark.django_db(transaction=True)
def test_task_is_audited_with_its_name(owner):
    now = timezone.now()
    grant_plan(workspace_id=owner.default_workspace_id, plan="pro", reason="Trial", ends_at=now + timedelta(days=1))
    PlanGrant.objects.update(starts_at=now - timedelta(days=2), ends_at=now - timedelta(days=1))
    Workspace.objects.update(plan_until=now - timedelta(days=1))
    end_grants.apply(task_id="the-task")
    entry = AuditEntry.objects.get(request_id="the-task")
    assert (entry.action, entry.actor_kind, entry.via, entry.actor_id) == ("workspace.change_plan", "task", "billing.end_grants", None)
