"""The home as any client sees it: what it shows to whom, and that what it does is done by the services that the API calls."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.test import Client

from accounts import services as accounts
from accounts.models import Session
from accounts.tests.factories import add_member, make_user, make_workspace
from ai.models import FINAL, LANGUAGES, PERSONAL_KINDS, Generation, GenerationFeedback
from ai.tests.factories import make_generation, settle
from content.forms import LANGUAGE_NAMES, LENGTH_NAMES, PLATFORM_NAMES, TONE_NAMES
from content.serializers import LENGTHS, PLATFORMS, TONES
from content.tests.factories import make_asset
from huntaze.api.middleware import PAGE_POLICY
from huntaze.charts import dollars
from huntaze.models import AuditEntry

pytestmark = pytest.mark.django_db

ORDER = {"kind": "caption", "prompt": "A slow Sunday morning", "tone": "playful", "length": "short", "language": "en", "variants": "2"}


@pytest.fixture
def browser(client: Client, owner) -> Client:
    """Return a browser that is signed in as the owner."""
    client.force_login(owner)
    return client


def home_of(workspace) -> str:
    return f"/home/{workspace.id}/"


def make_ended(workspace, **fields) -> Generation:
    outputs = [{"variant": 1, "text": "Good morning.", "origin": "model"}]
    return make_generation(workspace, **{"status": "succeeded", "finished_at": datetime.now(UTC), "outputs": outputs, **fields})


def page_of(generation) -> str:
    return f"/home/{generation.workspace_id}/generations/{generation.id}/"


# Who sees it


def test_visitor_is_welcomed_and_shown_the_ways_in(client):
    page = client.get("/").content.decode()
    assert [page.count(f'href="{address}"') for address in ("/accounts/login/", "/accounts/signup/", "/api/docs/")] == [1, 1, 1]


def test_signing_in_leads_home(client, owner):
    answer = client.post("/accounts/login/", {"login": owner.email, "password": "copper kettle on the ninth floor"})
    assert (answer["Location"], client.get("/").context["person"].workspace_id) == ("/", owner.default_workspace_id)


@pytest.mark.parametrize("end", ["", "generations/{id}/", "generations/{id}/events"])
def test_visitor_is_sent_to_sign_in(client, workspace, end):
    address = home_of(workspace) + end.format(id=uuid4())
    assert client.get(address)["Location"] == f"/accounts/login/?next={address}"


def test_ended_session_opens_nothing(browser, workspace):
    accounts.sign_out(session_id=Session.objects.get().id)
    assert browser.get(home_of(workspace)).status_code == 302


@pytest.mark.parametrize("end", ["", "generations/{id}/", "generations/{id}/events"])
def test_strangers_workspace_is_no_page(browser, stranger_workspace, end):
    address = home_of(stranger_workspace) + end.format(id=make_generation(stranger_workspace).id)
    assert browser.get(address).status_code == 404


@pytest.mark.parametrize("end", ["", "events"])
def test_strangers_text_is_no_page_in_ones_own_workspace(browser, workspace, stranger_workspace, end):
    foreign = make_generation(stranger_workspace)
    answers = [browser.get(f"{home_of(workspace)}generations/{id}/{end}") for id in (foreign.id, uuid4())]
    assert [answer.status_code for answer in answers] == [404, 404]


def test_strangers_text_cannot_be_stopped(browser, workspace, stranger_workspace):
    foreign = make_generation(stranger_workspace)
    assert (browser.post(f"{home_of(workspace)}generations/{foreign.id}/stop/").status_code, state_of(foreign)) == (404, "queued")


def test_member_of_several_workspaces_can_switch(browser, owner, workspace):
    other = make_workspace(owner=owner)
    page = browser.get(home_of(other)).content.decode()
    assert (f'href="{home_of(other)}" aria-current="page"' in page, f'href="{home_of(workspace)}"' in page) == (True, True)


def test_member_of_one_workspace_is_offered_no_other(browser, workspace):
    assert 'class="workspaces"' not in browser.get("/").content.decode()


@pytest.mark.parametrize(
    ("role", "orders", "sees_budgets"),
    [("manager", True, True), ("editor", True, False), ("chatter", True, False), ("analyst", False, False)],
)
def test_role_sees_what_the_api_lets_it(client, workspace, role, orders, sees_budgets):
    add_member(workspace, person := make_user(), role)
    client.force_login(person)
    shown = client.get(home_of(workspace)).context
    assert (shown["form"] is not None, len(shown["allowances"]) == 4) == (orders, sees_budgets)


def test_analyst_can_neither_order_nor_stop(client, workspace):
    add_member(workspace, person := make_user(), "analyst")
    client.force_login(person)
    row = make_generation(workspace)
    client.post(home_of(workspace), ORDER)
    refused = client.post(f"{page_of(row)}stop/")
    assert (refused.status_code, list(Generation.objects.values_list("id", "status"))) == (403, [(row.id, "queued")])


def test_staff_who_act_as_the_person_do_not_come_in(client, owner, workspace):
    client.force_login(make_user(role="admin", is_superuser=True))
    client.post(f"/admin/accounts/user/{owner.id}/act/impersonate/", {"confirmed": "yes", "reason": "Ticket 7"})
    answers = [client.get("/"), client.get(home_of(workspace)), client.post(home_of(workspace), ORDER)]
    assert ([answer.status_code for answer in answers], Generation.objects.count()) == ([403, 403, 403], 0)


# What it shows


def test_home_says_what_the_plan_leaves(browser, workspace):
    make_generation(workspace)
    make_asset(workspace)
    assert [(allowance.name, allowance.told) for allowance in browser.get("/").context["allowances"]] == [
        ("Texts this month", "19 left of 20"),
        ("Pieces in the library", "4 left of 5"),
        ("Seats of the team", "0 left of 1"),
        ("AI budget of the plan this month", "US$ 0.2500 left of US$ 0.2500"),
    ]


def test_what_is_nearly_used_says_which_plan_allows_more(browser, workspace):
    page = browser.get("/").content.decode()
    assert "The plan Pro allows more." in page


def test_home_shows_the_last_texts_and_drafts_newest_first(browser, workspace, stranger_workspace):
    make_generation(stranger_workspace)
    make_asset(stranger_workspace)
    make_asset(workspace, status="archived")
    texts = [make_generation(workspace).id for _number in range(6)]
    drafts = [make_asset(workspace, title=f"Draft {number}").id for number in range(6)]
    shown = browser.get("/").context
    assert ([row.id for row in shown["generations"]], [row.id for row in shown["drafts"]]) == (texts[:0:-1], drafts[:0:-1])


def test_spending_is_drawn_day_by_day_beside_the_thirty_days_before(browser, workspace, stranger_workspace):
    settle(workspace, days_ago=0, nanousd=2_000_000)
    settle(workspace, days_ago=29, nanousd=1_000_000)
    settle(workspace, days_ago=30, nanousd=4_000_000)
    settle(stranger_workspace, days_ago=0, nanousd=9_000_000)
    chart = browser.get("/").context["charts"][0]
    shown = [bar.shown for bar in chart.bars]
    assert (len(shown), shown[0], shown[-1], chart.bars[-1].before, chart.summary) == (
        30,
        dollars(1_000_000),
        dollars(2_000_000),
        dollars(4_000_000),
        "US$ 0.003000 in all. US$ 0.004000 in the period before.",
    )


def test_savings_are_drawn_day_by_day_losses_too(browser, workspace, stranger_workspace):
    now = datetime.now(UTC)
    for place, cost, days_ago in ((workspace, 1_000, 0), (workspace, 7_000, 1), (workspace, 1_000, 30), (stranger_workspace, 0, 0)):
        ended = {"status": "succeeded", "finished_at": now - timedelta(days=days_ago)}
        make_generation(place, cost_nanousd=cost, baseline_nanousd=5_000, **ended)
    chart = browser.get("/").context["charts"][1]
    shown = [bar.shown for bar in chart.bars]
    assert (shown[-3:], chart.bars[-1].before, chart.bars[-2].y) == (
        [dollars(0), dollars(-2_000), dollars(4_000)],
        dollars(4_000),
        chart.zero,
    )


@pytest.mark.parametrize("rows", [1, 10])
def test_home_takes_the_same_queries_whatever_it_shows(browser, owner, workspace, rows, django_assert_num_queries):
    for number in range(rows):
        make_generation(workspace)
        make_asset(workspace)
        settle(workspace, days_ago=number, nanousd=1000)
        make_workspace(owner=owner)
    # The cookie, its session, the person, who acts where; the workspaces, the texts, the drafts; what was spent, saved and rated;
    # of the plan: texts, pieces, members, invitations, limits and budgets.
    with django_assert_num_queries(16):
        browser.get("/")


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "<b>bold</b>"])
def test_words_of_people_and_models_are_no_markup(browser, workspace, text):
    row = make_generation(
        workspace,
        input={"prompt": text},
        status="succeeded",
        finished_at=datetime.now(UTC),
        outputs=[{"variant": 1, "text": text, "origin": "model"}],
    )
    make_asset(workspace, title=text, content=text)
    assert [text in browser.get(address).content.decode() for address in ("/", page_of(row))] == [False, False]


# What it does


def state_of(generation) -> str:
    return str(Generation.objects.values_list("status", flat=True).get(pk=generation.pk))


def test_order_is_made_as_the_api_makes_it(browser, api, workspace):
    answer = browser.post(home_of(workspace), ORDER | {"platforms": ["tiktok"]})
    by_page = Generation.objects.get()
    api.post("/api/v1/content/generate", {**ORDER, "variants": 2, "platforms": ["tiktok"]}, format="json")
    by_api = Generation.objects.exclude(pk=by_page.pk).get()
    assert (answer["Location"], by_page.kind, by_page.input, by_page.created_by) == (
        page_of(by_page),
        by_api.kind,
        by_api.input,
        by_api.created_by,
    )


def test_order_is_audited_in_its_workspace_from_a_page(browser, workspace, owner):
    browser.post(home_of(workspace), ORDER)
    entry = AuditEntry.objects.get(action="generation.create")
    assert (entry.workspace_id, entry.actor_id, entry.via) == (workspace.id, owner.id, "page")


@pytest.mark.parametrize("field", ["prompt", "kind", "tone", "length", "language", "variants"])
def test_order_needs_every_field_but_the_optional_ones(browser, workspace, field):
    answer = browser.post(home_of(workspace), {name: value for name, value in ORDER.items() if name != field})
    assert (list(answer.context["form"].errors), Generation.objects.count()) == ([field], 0)


def test_order_beyond_the_plan_is_refused_with_the_reason(browser, workspace):
    for _number in range(20):
        make_generation(workspace)
    answer = browser.post(home_of(workspace), ORDER)
    assert (answer.context["form"].non_field_errors(), Generation.objects.count()) == (
        ["Your plan allows 20 of `ai_generations`, and 20 are used."],
        20,
    )


def test_orders_count_against_the_limit_of_the_api(browser, workspace, settings):
    settings.API_REQUESTS_PER_MINUTE = settings.API_REQUESTS_PER_MINUTE | {"ai": 1}
    answers = [browser.post(home_of(workspace), ORDER) for _number in range(2)]
    assert ([answer.status_code for answer in answers], answers[1]["Retry-After"].isdigit()) == ([302, 429], True)


def test_order_needs_the_pages_own_form(owner, workspace):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(owner)
    assert (browser.post(home_of(workspace), ORDER).status_code, Generation.objects.count()) == (403, 0)


def test_text_in_the_making_renews_its_page_and_offers_to_stop(browser, workspace):
    page = browser.get(page_of(make_generation(workspace))).content.decode()
    assert [mark in page for mark in ('http-equiv="refresh"', "generation.js", "/stop/")] == [True, True, True]


@pytest.mark.parametrize("status", FINAL)
def test_text_that_has_ended_stays_as_it_is(browser, workspace, status):
    page = browser.get(page_of(make_generation(workspace, status=status, finished_at=datetime.now(UTC)))).content.decode()
    assert [mark in page for mark in ('http-equiv="refresh"', "generation.js", "/stop/")] == [False, False, False]


def test_stop_ends_a_text_that_waits(browser, workspace):
    row = make_generation(workspace)
    assert (browser.post(f"{page_of(row)}stop/")["Location"], state_of(row)) == (page_of(row), "cancelled")


def test_stop_leaves_what_has_ended(browser, workspace):
    row = make_generation(workspace, status="succeeded", finished_at=datetime.now(UTC))
    assert (browser.post(f"{page_of(row)}stop/").status_code, state_of(row)) == (302, "succeeded")


def test_what_the_person_made_of_a_text_is_kept_and_shown(browser, workspace, owner):
    row = make_ended(workspace)
    for rating in ("discarded", "edited"):
        browser.post(f"{page_of(row)}rate/", {"rating": rating})
    shown = [(rating, is_said) for rating, _name, is_said in browser.get(page_of(row)).context["ratings"]]
    assert (list(GenerationFeedback.objects.values_list("generation", "person", "rating")), shown) == (
        [(row.id, owner.id, "edited")],
        [("accepted", False), ("edited", True), ("discarded", False)],
    )


@pytest.mark.parametrize(("status", "rating"), [("running", "accepted"), ("succeeded", "adored")])
def test_nothing_is_kept_of_a_text_that_has_not_ended_nor_of_another_word(browser, workspace, status, rating):
    row = make_generation(workspace) if status == "running" else make_ended(workspace)
    assert (browser.post(f"{page_of(row)}rate/", {"rating": rating}).status_code, GenerationFeedback.objects.count()) == (302, 0)


def test_analyst_is_not_asked_what_they_make_of_a_text(client, workspace):
    add_member(workspace, person := make_user(), "analyst")
    client.force_login(person)
    row = make_ended(workspace)
    assert ("ratings" in client.get(page_of(row)).context, client.post(f"{page_of(row)}rate/", {"rating": "edited"}).status_code) == (
        False,
        403,
    )


@pytest.mark.parametrize("kind", PERSONAL_KINDS)
def test_message_to_a_fan_is_no_text_of_the_home(browser, workspace, kind):
    row = make_generation(workspace, kind=kind)
    assert (list(browser.get("/").context["generations"]), browser.get(page_of(row)).status_code) == ([], 404)


@pytest.mark.parametrize("rows", [1, 5])
def test_page_of_a_text_takes_six_queries(browser, workspace, rows, django_assert_num_queries):
    outputs = [{"variant": number, "text": "Good morning.", "origin": "model"} for number in range(rows)]
    row = make_ended(workspace, outputs=outputs)
    with django_assert_num_queries(6):  # the cookie, its session, the person, who acts where, the text, what they made of it
        browser.get(page_of(row))


@pytest.mark.django_db(transaction=True)
def test_events_of_a_text_are_the_apis(browser, api, workspace):
    row = make_generation(workspace, status="succeeded", finished_at=datetime.now(UTC))
    by_page = b"".join(browser.get(f"{page_of(row)}events").streaming_content)
    by_api = b"".join(api.get(f"/api/v1/ai/generations/{row.id}/stream").streaming_content)
    assert (by_page, by_page.startswith(b"id: 0-0\nevent: done\n")) == (by_api, True)


@pytest.mark.django_db(transaction=True)
def test_events_go_on_after_the_last_that_was_seen_only_where_that_is_one(browser, workspace):
    row = make_generation(workspace, status="succeeded", finished_at=datetime.now(UTC))
    assert browser.get(f"{page_of(row)}events", headers={"Last-Event-ID": "yesterday"}).status_code == 422


@pytest.mark.django_db(transaction=True)
def test_events_end_once_the_session_has_ended(browser, workspace):
    row = make_generation(workspace)
    stream = browser.get(f"{page_of(row)}events").streaming_content
    seen = [next(stream)]
    accounts.sign_out(session_id=Session.objects.get().id)
    seen += stream
    assert set(seen) == {b": keep-alive\n\n"}


# What it takes


def test_form_offers_exactly_what_the_api_takes():
    assert (tuple(TONE_NAMES), tuple(LENGTH_NAMES), tuple(LANGUAGE_NAMES), tuple(PLATFORM_NAMES)) == (TONES, LENGTHS, LANGUAGES, PLATFORMS)


@pytest.mark.parametrize("path", ["/", "/home/{id}/"])
def test_home_speaks_french_to_who_reads_french(browser, workspace, path):
    answer = browser.get(path.format(id=workspace.id), headers={"Accept-Language": "fr"})
    assert (answer["Content-Language"], b"Ce que laisse" in answer.content) == ("fr", True)


def test_pages_allow_no_inline_script_or_style(browser, workspace):
    assert browser.get("/")["Content-Security-Policy"] == PAGE_POLICY


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_home_takes_no_other_method(browser, workspace, method):
    assert [getattr(browser, method)(path).status_code for path in ("/", home_of(workspace))] == [405, 405]
