"""What people say of themselves, over HTTP."""

import pytest

from accounts import notices
from accounts.models import User
from accounts.tests.factories import add_member, client_of, make_workspace
from huntaze.models import AuditEntry

pytestmark = pytest.mark.django_db
ME = "/api/v1/users/me"
PROFILE = "/api/v1/users/profile"
NOTICES = dict.fromkeys(notices.KINDS, True)
EMPTY = {"display_name": "", "bio": "", "timezone": "UTC", "language": "en", "avatar": "", "notices": NOTICES}
FULL = {
    "display_name": "Olive",
    "bio": "Cooks on camera.",
    "timezone": "Europe/Paris",
    "language": "fr",
    "avatar": "https://pictures.example/olive.webp",
    "notices": {**NOTICES, "role_changed": False},
}


def test_profile_of_a_new_person_is_empty(api):
    assert api.get(PROFILE).json() == EMPTY


def test_profile_shows_what_was_written(api):
    written = api.patch(PROFILE, FULL)
    assert (written.status_code, written.json(), api.get(PROFILE).json()) == (200, FULL, FULL)


def test_profile_fields_that_are_not_sent_stay(api):
    api.patch(PROFILE, FULL)
    assert api.patch(PROFILE, {"bio": ""}).json() == FULL | {"bio": ""}


def test_profile_edit_is_audited_with_the_values_before_and_after(api, owner):
    api.patch(PROFILE, {"bio": "One."})
    api.patch(PROFILE, {"bio": "Two.", "language": "en"})
    entry = AuditEntry.objects.filter(action="profile.update").latest("id")
    assert (entry.actor_id, entry.subject_id, entry.changes) == (owner.id, owner.id, {"bio": ["One.", "Two."]})


@pytest.mark.parametrize("body", [{}, {"timezone": "UTC", "bio": ""}])
def test_profile_edit_that_changes_nothing_is_not_audited(api, body):
    assert (api.patch(PROFILE, body).json(), AuditEntry.objects.filter(action="profile.update").count()) == (EMPTY, 0)


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"display_name": "x" * 101}, "/display_name", "max_length"),
        ({"display_name": 5}, "/display_name", "wrong_type"),
        ({"display_name": None}, "/display_name", "null"),
        ({"bio": "x" * 1001}, "/bio", "max_length"),
        ({"timezone": "Mars/Olympus"}, "/timezone", "unknown_time_zone"),
        ({"timezone": "../../etc/passwd"}, "/timezone", "unknown_time_zone"),
        ({"timezone": ""}, "/timezone", "blank"),
        ({"timezone": ["UTC"]}, "/timezone", "invalid"),
        ({"language": "de"}, "/language", "invalid_choice"),
        ({"language": {}}, "/language", "invalid_choice"),
        ({"avatar": "http://pictures.example/a.png"}, "/avatar", "invalid"),
        ({"avatar": "javascript:alert(1)"}, "/avatar", "invalid"),
        ({"avatar": "https://pictures.example/" + "a" * 200}, "/avatar", "max_length"),
        ({"avatar": None}, "/avatar", "null"),
        ({"notices": {"password_changed": False}}, "/notices/password_changed", "always_mailed"),
        ({"notices": {"role_changed": "no"}}, "/notices/role_changed", "wrong_type"),
        ({"notices": {"gossip": True}}, "/notices/gossip", "unknown_field"),
        ({"email": "new@example.com"}, "/email", "unknown_field"),
        ({"role": "admin"}, "/role", "unknown_field"),
    ],
)
def test_profile_with_a_wrong_field_answers_422_and_changes_nothing(api, body, pointer, code):
    response = api.patch(PROFILE, {"display_name": "Olive"} | body)
    errors = [(error["pointer"], error["code"]) for error in response.json()["errors"]]
    assert (response.status_code, errors, api.get(PROFILE).json()) == (422, [(pointer, code)], EMPTY)


def test_name_is_changed_and_audited(api, owner):
    response = api.patch(ME, {"name": "Olivia Owner"})
    entry = AuditEntry.objects.filter(action="profile.update").get()
    assert (response.status_code, response.json(), entry.changes) == (
        200,
        api.get(ME).json(),
        {"name": ["Olive Owner", "Olivia Owner"]},
    )
    assert response.json()["name"] == "Olivia Owner"


@pytest.mark.parametrize("body", [{"name": ""}, {"name": "x" * 101}, {"name": 1}, {"email": "a@example.com"}, {"avatar": ""}, []])
def test_me_with_a_wrong_field_answers_422_and_changes_nothing(api, owner, body):
    response = api.patch(ME, body)
    assert (response.status_code, User.objects.get(id=owner.id).name) == (422, "Olive Owner")


@pytest.mark.parametrize("path", [ME, PROFILE])
def test_editing_needs_a_token(anonymous, path):
    assert anonymous.patch(path, {}).status_code == 401


def test_everybody_may_edit_themselves_in_a_workspace_of_others(owner, stranger):
    workspace = make_workspace(owner=owner)
    add_member(workspace, stranger, "analyst")
    response = client_of(stranger).patch(PROFILE, {"bio": "Counts."}, HTTP_HUNTAZE_WORKSPACE=str(workspace.id))
    assert (response.status_code, User.objects.get(id=stranger.id).bio, User.objects.get(id=owner.id).bio) == (200, "Counts.", "")


# The savepoint of an edit and its release count too.
@pytest.mark.parametrize(
    ("method", "path", "body", "queries"),
    [("get", PROFILE, None, 3), ("patch", PROFILE, {"bio": "x"}, 7), ("patch", PROFILE, {}, 5), ("patch", ME, {"name": "x"}, 6)],
)
def test_query_count_of_each_operation(api, method, path, body, queries, django_assert_num_queries):
    with django_assert_num_queries(queries):
        getattr(api, method)(path, body)


@pytest.mark.parametrize("name", ["Ana\r\nBcc: x@example.com", "Ana\u202egnp.exe", "\u200b", "\u200d", "Bell\u0007", "Two\u2028lines"])
def test_name_that_is_not_one_visible_line_is_refused(api, name):
    refused = api.patch("/api/v1/users/me", {"name": name})
    assert (refused.status_code, [(error["pointer"], error["code"]) for error in refused.json()["errors"]]) == (
        422,
        [("/name", "invalid_name")],
    )


@pytest.mark.parametrize("name", ["Ana", "Zoë Núñez-Ó Sé", "नमस्ते क्‍ष", "👩‍🍳 Chef", "李 小龙"])
def test_name_in_any_script_is_taken(api, name):
    assert api.patch("/api/v1/users/me", {"name": name}).json()["name"] == name
