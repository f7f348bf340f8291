"""How a workspace wants its texts: stored over HTTP, and its privacy tier obeyed."""

import pytest

from accounts.tests.factories import add_member, client_of, make_user
from ai.models import AiConfig, AiModel, LedgerEntry
from ai.tests.factories import make_generation, run
from ai.tests.test_cache import SEEDED
from ai.tests.test_ledger import allow, order
from huntaze.models import AuditEntry

pytestmark = pytest.mark.django_db(transaction=True)

CONFIG = "/api/v1/ai/config"
ORDER = {"kind": "post", "prompt": "My new cooking series", "length": "short"}
DEFAULTS = {
    "persona": "",
    "response_style": "",
    "boundaries": "",
    "languages": [],
    "forbidden_words": [],
    "privacy_tier": "any",
    "disclosure_text": "",
    "quality_floor": "99",
    "updated_at": None,
}
ALL = {
    "persona": "Ann, who cooks.",
    "response_style": "Short and warm.",
    "boundaries": "Never my family.",
    "languages": ["fr", "en"],
    "forbidden_words": ["cheap"],
    "privacy_tier": "eu_only",
    "disclosure_text": "Written with AI.",
    "quality_floor": "100",
}


def put(client, **fields):
    return client.put(CONFIG, fields, format="json")


def test_workspace_that_set_nothing_has_the_defaults_and_no_row(api):
    assert (api.get(CONFIG).json(), AiConfig.objects.count()) == (DEFAULTS, 0)


def test_what_is_set_is_shown(api):
    answer = put(api, **ALL)
    shown = answer.json()
    assert (answer.status_code, shown | {"updated_at": None}, api.get(CONFIG).json()) == (200, ALL | {"updated_at": None}, shown)


def test_field_that_is_left_out_stays(api):
    put(api, **ALL)
    shown = put(api, persona="").json()
    assert shown | {"updated_at": None} == ALL | {"persona": "", "updated_at": None}


def test_changes_are_audited(api):
    put(api, privacy_tier="local_only", persona="Ann")
    put(api, privacy_tier="any", persona="Ann")
    assert [entry.changes for entry in AuditEntry.objects.filter(action="ai_config.set").order_by("id")] == [
        {"privacy_tier": ["any", "local_only"], "persona": ["", "Ann"]},
        {"privacy_tier": ["local_only", "any"]},
    ]


def test_stranger_reads_their_own(api, stranger_api):
    put(api, **ALL)
    assert stranger_api.get(CONFIG).json() == DEFAULTS


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"persona": "x" * 2001}, "/persona"),
        ({"response_style": "x" * 1001}, "/response_style"),
        ({"boundaries": "x" * 2001}, "/boundaries"),
        ({"disclosure_text": "x" * 501}, "/disclosure_text"),
        ({"forbidden_words": ["x"] * 101}, "/forbidden_words"),
        ({"forbidden_words": ["x", "x" * 65]}, "/forbidden_words/1"),
        ({"languages": ["en", "tlh"]}, "/languages/1"),
        ({"privacy_tier": "everyone"}, "/privacy_tier"),
        ({"quality_floor": 99}, "/quality_floor"),
        ({"quality_floor": "98"}, "/quality_floor"),
        ({"persona": None}, "/persona"),
        ({"workspace": "x"}, "/workspace"),
    ],
)
def test_wrong_field_is_refused_and_stores_nothing(api, fields, pointer):
    answer = put(api, **fields)
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]], AiConfig.objects.count()) == (422, [pointer], 0)


@pytest.mark.parametrize(("role", "reads", "writes"), [("manager", 200, 200), ("editor", 200, 403), ("analyst", 403, 403)])
def test_role_reads_and_writes_as_the_table_says(workspace, role, reads, writes):
    allow(workspace, seats=3)
    add_member(workspace, member := make_user(), role)
    client = client_of(member)
    client.credentials(HTTP_HUNTAZE_WORKSPACE=str(workspace.id), **client._credentials)
    assert (client.get(CONFIG).status_code, put(client, persona="x").status_code) == (reads, writes)


def test_reading_takes_two_statements(api, django_assert_num_queries):
    put(api, **ALL)
    with django_assert_num_queries(2):  # the caller, the row
        assert api.get(CONFIG).status_code == 200


def test_setting_takes_six_statements(api, django_assert_num_queries):
    put(api, **ALL)
    with django_assert_num_queries(6):  # the caller; begin, lock, update, audit, commit
        assert put(api, persona="Bo").status_code == 200


@pytest.fixture
def own_server(vendor, settings):
    """Return the simulated vendor, which is both OpenAI and the operator's own server."""
    settings.AI_BASE_URL, settings.AI_API_KEY = f"{vendor.url}/v1", vendor.key
    return vendor


@pytest.mark.parametrize(
    ("tier", "regions", "providers"),
    [
        ("any", [], ["compatible", "openai"]),
        ("eu_only", [], ["compatible", "compatible"]),
        ("eu_only", ["us", "eu"], ["compatible", "openai"]),
        ("local_only", ["eu"], ["compatible", "compatible"]),
    ],
)
def test_order_is_sent_to_whom_the_privacy_tier_allows(own_server, api, workspace, tier, regions, providers):
    AiModel.objects.filter(provider="openai").update(regions=regions)
    put(api, privacy_tier=tier)
    own_server.script([{"text": "Too short."}] * 2)
    generation = run(make_generation(workspace))
    asked = [settlement.provider for settlement in LedgerEntry.objects.filter(generation_id=generation.pk, kind="settle").order_by("id")]
    assert (asked, [attempt["provider"] for attempt in generation.route["attempts"]]) == (providers, providers)


def test_embedded_model_writes_where_only_local_ones_may(vendor, api, workspace, settings):
    settings.LOCAL_AI_URL = "http://127.0.0.1:1"
    put(api, privacy_tier="local_only")
    assert api.post("/api/v1/ai/estimate", ORDER).json()["provider"] == "local"


def test_order_that_no_provider_may_read_is_written_by_a_template_and_costs_nothing(vendor, api, workspace):
    put(api, privacy_tier="local_only")
    ordered = api.post("/api/v1/content/generate", ORDER).json()
    generation = run(make_generation(workspace))
    assert (ordered["status"], generation.status, generation.provider, [check["code"] for check in generation.checks]) == (
        "queued",
        "succeeded",
        "template",
        ["no_model"],
    )
    assert (vendor.calls(), LedgerEntry.objects.count()) == ([], 0)


def test_waiting_order_obeys_a_tier_that_was_set_after_it(vendor, api, workspace):
    waiting = make_generation(workspace)
    put(api, privacy_tier="local_only")
    assert (run(waiting).provider, vendor.calls()) == ("template", [])


def test_tier_of_one_workspace_does_not_bind_another(vendor, api, stranger_workspace):
    put(api, privacy_tier="local_only")
    assert run(make_generation(stranger_workspace)).provider == "openai"


def test_text_for_the_library_is_written_as_the_workspace_speaks(vendor, api, workspace):
    put(api, persona="Mia, a baker", response_style="short and dry", boundaries="never politics", forbidden_words=["moist"])
    run(make_generation(workspace))
    told = vendor.calls()[0]["body"]["messages"][0]["content"]
    assert told.endswith(
        "<persona>\nMia, a baker\n</persona>\n\n<style>\nshort and dry\n</style>\n\n<boundaries>\nnever politics\n</boundaries>\n\n"
        "<forbidden_words>\nmoist\n</forbidden_words>"
    )


@pytest.mark.parametrize("written", ["moist", "MOIST", "m0ist", "m o i s t"])
def test_text_with_a_forbidden_word_is_asked_for_again(vendor, api, workspace, written):
    put(api, forbidden_words=["moist"])
    vendor.script([{"text": f"My cake is {written}. " + " ".join(f"word{number}" for number in range(60))}])
    generation = run(make_generation(workspace))
    assert ("forbidden_word" in {check["code"] for check in generation.checks}, len(vendor.calls())) == (True, 2)


def test_order_is_written_anew_once_the_workspace_speaks_otherwise(vendor, api, workspace):
    run(order(workspace, order=SEEDED))
    put(api, persona="Bo")
    assert run(order(workspace, order=SEEDED)).cache == ""
