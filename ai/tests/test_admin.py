"""Staff screens of generations and of the catalogue."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.tests.factories import make_user
from ai.models import AiConfig, AiModel, Generation, ModelPrice
from ai.tests.factories import make_generation

pytestmark = pytest.mark.django_db

GENERATIONS = "/admin/ai/generation/"
MODELS = "/admin/ai/aimodel/"
PRICES = "/admin/ai/modelprice/"


@pytest.mark.parametrize("rows", [1, 10])
def test_list_takes_the_same_queries_whatever_it_shows(staff_browser, django_assert_num_queries, rows):
    for _row in range(rows):
        creator = make_user()
        make_generation(creator.default_workspace, created_by=creator)
    with django_assert_num_queries(6):
        assert staff_browser.get(GENERATIONS).status_code == 200


@pytest.mark.parametrize("rows", [1, 10])
@pytest.mark.parametrize(("screen", "queries"), [("aimodel", 5), ("modelprice", 5)])
def test_catalogue_takes_the_same_queries_whatever_it_shows(screen, queries, rows, staff_browser, django_assert_num_queries):
    for number in range(rows):
        model = AiModel.objects.create(provider="local", name=f"small-{number}")
        ModelPrice.objects.create(model=model, starts_at="2026-11-01T00:00Z", input_price=0, cached_price=0, output_price=0)
    with django_assert_num_queries(queries):
        assert staff_browser.get(f"/admin/ai/{screen}/?q=small").context["cl"].result_count == rows


@pytest.mark.parametrize("rows", [1, 10])
def test_configurations_take_the_same_queries_whatever_is_shown(staff_browser, django_assert_num_queries, rows):
    for _row in range(rows):
        AiConfig.objects.create(workspace=make_user().default_workspace)
    with django_assert_num_queries(5):
        assert staff_browser.get("/admin/ai/aiconfig/").context["cl"].result_count == rows


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


@pytest.fixture
def begun(catalogue):
    """Return a price that is in force."""
    return ModelPrice.objects.get(model__provider="openai", model__name="gpt-4o-mini")


@pytest.fixture
def to_come(begun):
    """Return a price of the same model that will be in force."""
    prices = {"input_price": 100_000, "cached_price": 50_000, "output_price": 400_000}
    return ModelPrice.objects.create(model=begun.model, starts_at=timezone.now() + timedelta(days=30), **prices)


def price_form(model, day, prefix=""):
    fields = {"model": str(model.id), "starts_at_0": day, "starts_at_1": "00:00:00"}
    fields |= {"input_price": "7", "cached_price": "6", "output_price": "5"}
    return {f"{prefix}{name}": value for name, value in fields.items()}


def model_form(model, **fields):
    form = {"provider": model.provider, "name": model.name, "deployment": "", "enabled": "on", "rank": model.rank, "retires_on": ""}
    form |= {"tier": model.tier, "regions": "", "capabilities": ""}
    return form | {"prices-TOTAL_FORMS": "2", "prices-INITIAL_FORMS": "1"} | fields


def test_new_price_is_a_new_row(staff_browser, begun):
    rows = {"prices-0-id": str(begun.id)} | price_form(begun.model, "2020-01-01", "prices-0-")
    rows |= price_form(begun.model, "2037-01-01", "prices-1-")
    staff_browser.post(f"{MODELS}{begun.model_id}/change/", model_form(begun.model, **rows))
    assert list(ModelPrice.objects.filter(model=begun.model).values_list("input_price", flat=True)) == [7, begun.input_price]


def test_price_that_has_begun_is_shown_and_cannot_be_edited(staff_browser, begun):
    address = f"{PRICES}{begun.id}/change/"
    page = staff_browser.get(address)
    answer = staff_browser.post(address, price_form(begun.model, "2037-01-01"))
    assert (page.status_code, page.context["has_change_permission"], answer.status_code) == (200, False, 403)


def test_price_that_has_begun_cannot_be_removed(staff_browser, begun, to_come):
    chosen = {"action": "delete_selected", "_selected_action": [str(begun.id), str(to_come.id)], "post": "yes"}
    statuses = [
        staff_browser.post(f"{PRICES}{begun.id}/delete/", {"post": "yes"}).status_code,
        staff_browser.post(PRICES, chosen).status_code,
    ]
    assert (statuses, ModelPrice.objects.filter(model=begun.model).count()) == ([403, 403], 2)


def test_price_to_come_can_be_put_right(staff_browser, to_come):
    staff_browser.post(f"{PRICES}{to_come.id}/change/", price_form(to_come.model, "2037-01-01"))
    to_come.refresh_from_db()
    assert (to_come.input_price, to_come.starts_at.year) == (7, 2037)


def test_price_to_come_can_be_removed(staff_browser, to_come):
    staff_browser.post(f"{PRICES}{to_come.id}/delete/", {"post": "yes"})
    assert ModelPrice.objects.filter(id=to_come.id).exists() is False


def test_price_before_the_one_in_force_is_refused(staff_browser, begun):
    page = staff_browser.post(f"{PRICES}add/", price_form(begun.model, "2020-01-01"))
    assert page.context["adminform"].errors == {"starts_at": ["A later price is in force already; start this one now or later."]}


def test_model_with_prices_cannot_be_removed(staff_browser, begun):
    staff_browser.post(f"{MODELS}{begun.model_id}/delete/", {"post": "yes"})
    assert AiModel.objects.filter(id=begun.model_id).exists() is True


@pytest.mark.parametrize("write", [lambda prices: prices.update(input_price=1), lambda prices: prices.delete()])
def test_database_refuses_to_rewrite_a_price_that_has_begun(write, begun):
    with pytest.raises(IntegrityError, match="A price that is or was in force stays as it is"), transaction.atomic():
        write(ModelPrice.objects.filter(id=begun.id))


def test_database_lets_a_price_to_come_be_changed(to_come):
    assert ModelPrice.objects.filter(id=to_come.id).update(input_price=1) == 1
