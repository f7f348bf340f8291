"""Staff screens of generations and of the catalogue."""

import pytest
from django.contrib.auth.models import Permission

from accounts.tests.factories import make_user
from ai.models import AiModel, Generation, ModelPrice
from ai.tests.factories import make_generation

pytestmark = pytest.mark.django_db

GENERATIONS = "/admin/ai/generation/"
MODELS = "/admin/ai/aimodel/"


@pytest.mark.parametrize("rows", [1, 10])
def test_list_takes_the_same_queries_whatever_it_shows(staff_browser, django_assert_num_queries, rows):
    for _row in range(rows):
        creator = make_user()
        make_generation(creator.default_workspace, created_by=creator)
    with django_assert_num_queries(5):
        assert staff_browser.get(GENERATIONS).status_code == 200


def test_generation_is_shown_with_its_error(staff_browser, workspace):
    generation = make_generation(workspace, status="failed", error={"code": "quota", "detail": "Used up."}, finished_at="2026-11-01T00:00Z")
    assert "Used up." in staff_browser.get(f"{GENERATIONS}{generation.id}/change/").content.decode()


def test_stop_action_cancels_what_is_open_and_leaves_the_rest(staff_browser, workspace):
    waiting = make_generation(workspace)
    ended = make_generation(workspace, status="failed", finished_at="2026-11-01T00:00Z")
    staff_browser.post(GENERATIONS, {"action": "cancel", "_selected_action": [str(waiting.id), str(ended.id)]})
    assert list(Generation.objects.order_by("id").values_list("status", flat=True)) == ["cancelled", "failed"]


def test_staff_who_may_only_look_cannot_stop_generations(client, workspace):
    looker = make_user(role="admin")
    looker.user_permissions.add(Permission.objects.get(codename="view_generation"))
    client.force_login(looker)
    client.post(GENERATIONS, {"action": "cancel", "_selected_action": [str(make_generation(workspace).id)]})
    assert Generation.objects.get().status == "queued"


def test_search_by_the_order_finds_it(staff_browser, workspace):
    make_generation(workspace)
    assert staff_browser.get(f"{GENERATIONS}?q=cooking").context["cl"].result_count == 1


def test_catalogue_lists_models_with_editable_rank(staff_browser, catalogue):
    assert staff_browser.get(MODELS).context["cl"].result_count == catalogue.count()


def test_new_price_is_a_new_row(staff_browser, catalogue):
    model = AiModel.objects.get(provider="openai", name="gpt-4o-mini")
    price = model.prices.get()
    form = {
        "provider": "openai",
        "name": "gpt-4o-mini",
        "deployment": "",
        "enabled": "on",
        "rank": "10",
        "retires_on": "",
        "prices-TOTAL_FORMS": "2",
        "prices-INITIAL_FORMS": "1",
        "prices-0-id": str(price.id),
        "prices-0-model": str(model.id),
        "prices-0-starts_at_0": "2026-11-01",
        "prices-0-starts_at_1": "00:00:00",
        "prices-0-input_price": "150000",
        "prices-0-cached_price": "75000",
        "prices-0-output_price": "600000",
        "prices-1-model": str(model.id),
        "prices-1-starts_at_0": "2027-01-01",
        "prices-1-starts_at_1": "00:00:00",
        "prices-1-input_price": "100000",
        "prices-1-cached_price": "50000",
        "prices-1-output_price": "400000",
    }
    staff_browser.post(f"{MODELS}{model.id}/change/", form)
    assert list(ModelPrice.objects.filter(model=model).values_list("input_price", flat=True)) == [100_000, 150_000]
