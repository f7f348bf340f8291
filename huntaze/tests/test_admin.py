"""What every staff screen does alike, and the two logs."""

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model

from accounts.tests.factories import make_user
from ai.models import AiModel
from ai.tests.factories import make_generation
from huntaze.admin import AuditedAdmin
from huntaze.models import AuditEntry

pytestmark = pytest.mark.django_db

MODEL = {"provider": "openai", "name": "gpt-7", "deployment": "", "enabled": "on", "rank": "5", "retires_on": "2028-01-01"}
NO_PRICES = {"prices-TOTAL_FORMS": "0", "prices-INITIAL_FORMS": "0"}


@pytest.fixture
def staff(staff_browser):
    """Return the member of staff who is signed in."""
    return get_user_model().objects.get(email="staff@example.com")


def entries(**wanted):
    return list(AuditEntry.objects.filter(**wanted).order_by("id").values_list("action", "changes"))


def test_every_screen_has_the_audited_base():
    assert [type(screen).__name__ for screen in admin.site._registry.values() if not isinstance(screen, AuditedAdmin)] == []


def test_action_is_audited_with_who_did_it_from_where(staff_browser, staff, workspace):
    generation = make_generation(workspace)
    fields = {"action": "cancel", "_selected_action": [str(generation.id)]}
    staff_browser.post("/admin/ai/generation/", fields, headers={"X-Request-ID": "from-the-admin"}, REMOTE_ADDR="192.0.2.7")
    entry = AuditEntry.objects.get(action="generation.cancel")
    assert (entry.actor_id, entry.address, entry.request_id) == (staff.id, "192.0.2.7", "from-the-admin")


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


def test_password_is_never_in_an_entry(rf, staff):
    class Screen(AuditedAdmin):
        pass

    person = make_user()
    old = person.password
    person.set_password("another long enough word")
    Screen(type(person), admin.site).save_model(rf.post("/"), person, None, change=True)
    assert (entries(subject_id=person.id, action="user.edit"), old == person.password) == ([("user.edit", {"password": ["…", "…"]})], False)
