"""What every staff screen does alike, and the two logs."""

import json
import re
from html import unescape
from pathlib import Path
from urllib.parse import urljoin
from uuid import uuid4

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.contrib.staticfiles import finders
from django.db import connection

from accounts.tests.factories import make_user
from ai.models import AiModel
from ai.tests.factories import make_generation
from huntaze import audit, context
from huntaze.admin import AuditedAdmin
from huntaze.models import AuditEntry, Event, OutgoingEmail

pytestmark = pytest.mark.django_db

MODEL = {
    "tier": "strong",
    "provider": "openai",
    "name": "gpt-7",
    "deployment": "",
    "enabled": "on",
    "rank": "5",
    "retires_on": "2028-01-01",
}
NO_PRICES = {"prices-TOTAL_FORMS": "0", "prices-INITIAL_FORMS": "0"}


@pytest.fixture
def staff(staff_browser):
    """Return the member of staff who is signed in."""
    return get_user_model().objects.get(email="staff@example.com")


def entries(**wanted):
    return list(AuditEntry.objects.filter(**wanted).order_by("id").values_list("action", "changes"))


def test_every_screen_has_the_audited_base():
    assert [type(screen).__name__ for screen in admin.site._registry.values() if not isinstance(screen, AuditedAdmin)] == []


def test_screens_are_listed_in_plain_words_once_each(staff_browser):
    listed = {group["name"]: [model["name"] for model in group["models"]] for group in staff_browser.get("/admin/").context["app_list"]}
    screens = {name: groups for name in {name for names in listed.values() for name in names} if len(groups := named(name, listed)) > 1}
    assert (screens, {name: listed[name] for name in ("Data rights", "People", "Records", "Signing in")}) == (
        {},
        {
            "Data rights": ["Deletions", "Erasure receipts", "Exports", "Legal holds"],
            "People": ["Invitations", "Memberships", "Users", "Workspaces"],
            "Records": ["Audit checkpoints", "Audit entries", "E-mails", "Events"],
            "Signing in": ["API keys", "E-mail addresses", "Linked providers", "Second factors", "Sessions"],
        },
    )


def named(name: str, listed: dict[str, list[str]]) -> list[str]:
    return [group for group, names in listed.items() for each in names if each == name]


def test_no_page_speaks_of_the_packages_below(staff_browser):
    pages = [staff_browser.get(f"/admin/{path}/").content.decode() for path in ("mfa/authenticator", "socialaccount/socialaccount")]
    assert [word for page in pages for word in ("MFA", "Social Accounts") if word in page] == []


def test_screen_that_is_not_listed_still_opens(staff_browser):
    assert staff_browser.get("/admin/accounts/emailchallenge/").status_code == 200


def test_screens_of_other_packages_are_gone():
    assert admin.site.is_registered(Group) is False


@pytest.mark.parametrize("page", ["/admin/", "/admin/ai/generation/", "/admin/login/", "/api/docs/"])
def test_page_loads_files_of_this_installation_only(page, staff_browser):
    addresses = re.findall(r'<(?:link|script|img)[^>]* (?:href|src)="([^"?]+)', staff_browser.get(page, follow=True).content.decode())
    files = [address for address in addresses if address not in ("/api/docs/", "/admin/jsi18n/")]
    assert [address for address in files if not finders.find(address.removeprefix("/static/"))] == []


def test_style_of_the_docs_builds_on_a_file_that_is_there():
    (imported,) = re.findall(r'@import url\("([^"]+)"\)', Path(finders.find("huntaze/docs.css")).read_text())
    assert finders.find(urljoin("huntaze/docs.css", imported).lstrip("/")) is not None


def test_action_is_audited_with_who_did_it_from_where(staff_browser, staff, workspace):
    generation = make_generation(workspace)
    fields = {"action": "cancel", "_selected_action": [str(generation.id)]}
    staff_browser.post("/admin/ai/generation/", fields, headers={"X-Request-ID": "from-the-admin"}, REMOTE_ADDR="192.0.2.7")
    entry = AuditEntry.objects.get(action="generation.cancel")
    assert (entry.actor_id, entry.address, entry.request_id) == (staff.id, "192.0.2.7", "from-the-admin")


@pytest.mark.parametrize("path", ["/admin/", "/admin/accounts/user/", "/admin/login/"])
@pytest.mark.parametrize("needs_a_second_factor", [False, True])
def test_creator_is_told_that_the_admin_is_for_staff(path, needs_a_second_factor, owner, client, settings):
    settings.ADMIN_REQUIRES_MFA = needs_a_second_factor
    client.force_login(owner)
    answer = client.get(path, follow=True)
    page = answer.content.decode()
    assert (answer.status_code, "The back office is for the staff of this installation." in page, 'href="/accounts/"' in page) == (
        403,
        True,
        True,
    )


def test_cookie_of_the_admin_is_not_looked_at_elsewhere(staff_browser, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert staff_browser.get("/healthz").status_code == 200


def test_added_row_is_audited_with_its_values_by_the_member_of_staff(staff_browser, staff):
    staff_browser.post("/admin/ai/aimodel/add/", MODEL | NO_PRICES)
    entry = AuditEntry.objects.get(action="aimodel.create")
    assert (entry.actor_id, entry.subject_id) == (staff.id, AiModel.objects.get(name="gpt-7").id)
    assert entry.changes == {
        "provider": [None, "openai"],
        "name": [None, "gpt-7"],
        "deployment": [None, ""],
        "enabled": [None, True],
        "rank": [None, 5],
        "tier": [None, "strong"],
        "regions": [None, []],
        "capabilities": [None, []],
        "retires_on": [None, "2028-01-01"],
    }


def test_edited_row_is_audited_with_the_changed_fields_only(staff_browser):
    model = AiModel.objects.create(provider="openai", name="gpt-7")
    staff_browser.post(f"/admin/ai/aimodel/{model.id}/change/", MODEL | NO_PRICES)
    assert entries(subject_id=model.id) == [("aimodel.edit", {"rank": [100, 5], "retires_on": [None, "2028-01-01"]})]


def test_edit_that_changes_nothing_leaves_no_entry(staff_browser):
    model = AiModel.objects.create(provider="openai", name="gpt-7", rank=5, retires_on="2028-01-01")
    staff_browser.post(f"/admin/ai/aimodel/{model.id}/change/", MODEL | NO_PRICES)
    assert entries(subject_id=model.id) == []


def test_edit_in_the_list_is_audited(staff_browser):
    AiModel.objects.all().update(enabled=False)
    model = AiModel.objects.create(provider="openai", name="gpt-7")
    form = {"form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "1", "form-0-id": str(model.id), "form-0-rank": "7", "_save": "Save"}
    staff_browser.post("/admin/ai/aimodel/?q=gpt-7", form)
    assert entries(subject_id=model.id) == [("aimodel.edit", {"enabled": [True, False], "rank": [100, 7]})]


@pytest.mark.parametrize("by_action", [False, True])
def test_removed_row_is_audited_with_what_it_was(staff_browser, by_action):
    model = AiModel.objects.create(provider="openai", name="gpt-7")
    if by_action:
        fields = {"action": "delete_selected", "_selected_action": [str(model.id)], "post": "yes"}
        staff_browser.post("/admin/ai/aimodel/", fields)
    else:
        staff_browser.post(f"/admin/ai/aimodel/{model.id}/delete/", {"post": "yes"})
    ((action, changes),) = entries(subject_id=model.id)
    assert (action, changes["name"], AiModel.objects.filter(id=model.id).exists()) == ("aimodel.delete", ["gpt-7", None], False)


def test_row_added_inside_another_page_is_audited(staff_browser):
    model = AiModel.objects.create(provider="openai", name="gpt-7", rank=5, retires_on="2028-01-01")
    price = {"model": str(model.id), "starts_at_0": "2027-01-01", "starts_at_1": "00:00:00"}
    price |= {"input_price": "3", "cached_price": "2", "output_price": "1"}
    inline = {"prices-TOTAL_FORMS": "1", "prices-INITIAL_FORMS": "0"} | {f"prices-0-{name}": value for name, value in price.items()}
    staff_browser.post(f"/admin/ai/aimodel/{model.id}/change/", MODEL | inline)
    ((action, changes),) = entries(subject_id=model.prices.get().id)
    assert (action, changes["starts_at"], changes["input_price"]) == ("modelprice.create", [None, "2027-01-01T00:00:00+00:00"], [None, 3])


def log(action="note.write", request_id="", **fields):
    context.begin(context.RequestContext(request_id=request_id))
    return AuditEntry.objects.get(id=audit.record(action, subject_id=uuid4(), **fields).id)


@pytest.mark.parametrize("rows", [1, 10])
@pytest.mark.parametrize("screen", ["auditentry", "event"])
def test_log_takes_the_same_queries_whatever_it_shows(screen, rows, staff_browser, django_assert_num_queries):
    for _row in range(rows):
        log(actor_id=make_user().id)
    with django_assert_num_queries(6):
        assert staff_browser.get(f"/admin/huntaze/{screen}/").status_code == 200


def test_audit_log_shows_the_address_that_the_actor_signs_in_by(staff_browser, owner):
    log(actor_id=owner.id)
    page = staff_browser.get("/admin/huntaze/auditentry/?action=note.write").content.decode()
    assert (owner.email in page, str(owner.id) in page) == (True, False)


@pytest.mark.parametrize("wanted", ["actor", "actor_id", "subject_id", "workspace_id", "request_id"])
def test_audit_log_finds_one_entry(wanted, staff_browser, owner):
    entry = log(actor_id=owner.id, workspace_id=uuid4(), request_id="from-a-test")
    log(actor_id=make_user().id)
    term = owner.email if wanted == "actor" else getattr(entry, wanted)
    page = staff_browser.get("/admin/huntaze/auditentry/", {"q": str(term), "action": "note.write"})
    assert list(page.context["cl"].result_list) == [entry]


def test_event_is_found_by_its_subject(staff_browser, owner, stranger):
    page = staff_browser.get("/admin/huntaze/event/", {"q": str(owner.id)})
    assert [(event.type, event.subject_id) for event in page.context["cl"].result_list] == [("user.created", owner.id)]


@pytest.mark.parametrize(
    ("is_damaged", "told"),
    [(False, "the last 2 sealed entries are whole."), (True, "place 2: The entry is not what was sealed.")],
)
def test_action_verifies_the_chain_of_an_entry(is_damaged, told, staff_browser):
    chain = uuid4()
    entry = [log(workspace_id=chain) for _number in range(2)][1]
    audit.seal()
    if is_damaged:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute("UPDATE huntaze_auditentry SET action = 'x' WHERE id = %s", (entry.id,))
            cursor.execute("SET LOCAL session_replication_role = origin")
    fields = {"action": "verify", "_selected_action": [str(entry.id)]}
    page = staff_browser.post("/admin/huntaze/auditentry/", fields, follow=True)
    assert [str(message).partition(f"Chain {chain}")[2].strip(":, ") for message in page.context["messages"]] == [told]


@pytest.mark.parametrize("screen", ["auditentry", "event"])
def test_logs_are_only_read(screen, staff_browser, owner):
    row = AuditEntry.objects.latest("id") if screen == "auditentry" else Event.objects.latest("id")
    paths = ["add/", f"{row.id}/change/", f"{row.id}/delete/"]
    statuses = [staff_browser.post(f"/admin/huntaze/{screen}/{path}", {"action": "other"}).status_code for path in paths]
    assert statuses == [403, 403, 403]


def test_json_is_shown_in_the_letters_that_were_written(staff_browser):
    entry = log(changes={"name": ["Zoë", "<b>"]})
    page = staff_browser.get(f"/admin/huntaze/auditentry/{entry.id}/change/").content.decode()
    shown = page.partition('<pre class="json">')[2].partition("</pre>")[0]
    assert json.loads(unescape(shown)) == entry.changes
    assert ("Zoë" in shown, "<b>" in shown) == (True, False)


def test_read_only_page_shows_every_column(staff_browser):
    event = Event.objects.latest("id")
    page = staff_browser.get(f"/admin/huntaze/event/{event.id}/change/")
    shown = [getattr(field, "__name__", field) for field in page.context["adminform"].fieldsets[0][1]["fields"]]
    assert shown == [column.name for column in Event._meta.concrete_fields]


def test_password_is_never_in_an_entry(rf, staff):
    class Screen(AuditedAdmin):
        pass

    person = make_user()
    old = person.password
    person.set_password("another long enough word")
    Screen(type(person), admin.site).save_model(rf.post("/"), person, None, change=True)
    assert (entries(subject_id=person.id, action="user.edit"), old == person.password) == ([("user.edit", {"password": ["…", "…"]})], False)


@pytest.mark.parametrize(("embedded", "shown"), [(True, True), (False, False)])
def test_words_of_an_email_are_shown_in_the_embedded_run_only(embedded, shown, staff_browser, settings):
    settings.HUNTAZE_EMBEDDED = embedded
    email = OutgoingEmail.objects.create(
        to="a@example.com", template="t", language="en", subject="Subj3ct", text="T0ken", html="<p>T0ken</p>"
    )
    page = staff_browser.get(f"/admin/huntaze/outgoingemail/{email.id}/change/").content.decode()
    assert ("Subj3ct" in page, "T0ken" in page, "a@example.com" in page) == (shown, shown, True)
