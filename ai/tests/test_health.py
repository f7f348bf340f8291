"""The AI providers over HTTP: how they are set up, how they do, and one call to try one."""

from datetime import UTC, datetime

import pytest

from accounts.tests.factories import client_of, client_with, make_key, make_user
from ai.models import AiModel
from ai.providers.circuit import CIRCUITS, MIN_CALLS
from huntaze.models import AuditEntry

STATUS, AZURE, SMOKE = "/api/v1/ai/status", "/api/v1/ai/azure", "/api/v1/ai/azure/smoke"


@pytest.fixture
def azure(openai_simulator, settings, catalogue):
    """Return the simulated vendor, configured as Azure with its v1 API."""
    settings.AZURE_OPENAI_ENDPOINT, settings.AZURE_OPENAI_API_KEY = openai_simulator.url, openai_simulator.key
    return openai_simulator


@pytest.fixture
def staff(db):
    return client_of(make_user(role="admin"))


def test_status_shows_every_provider_and_what_is_configured(api, settings):
    settings.OPENAI_API_KEY = "sk-openai"
    rows = {row.pop("provider"): row for row in api.get(STATUS).json()["data"]}
    well = {"circuit": "closed", "since": None, "last_error": "", "last_error_at": None, "deployments": []}
    assert rows["openai"] == {"configured": True, "capabilities": ["batch", "embed", "moderate", "schema", "seed", "temperature"], **well}
    assert rows["anthropic"] == {"configured": False, "capabilities": [], **well}
    assert sorted(rows) == ["anthropic", "azure", "compatible", "local", "openai"]


def test_status_shows_the_worst_circuit_and_each(api):
    CIRCUITS.report("openai", "gpt-4o", "", "good")
    for _ in range(MIN_CALLS):
        CIRCUITS.report("openai", "gpt-4o-mini", "", "bad", "timeout")
    row = next(row for row in api.get(STATUS).json()["data"] if row["provider"] == "openai")
    opened = datetime.fromisoformat(row["since"])
    assert (row["circuit"], row["last_error"], abs((datetime.now(UTC) - opened).total_seconds()) < 60) == ("open", "timeout", True)
    assert [(shown["deployment"], shown["circuit"], shown["last_error"]) for shown in row["deployments"]] == [
        ("gpt-4o", "closed", ""),
        ("gpt-4o-mini", "open", "timeout"),
    ]


def test_status_makes_one_query(api, django_assert_num_queries):
    with django_assert_num_queries(1):  # the caller
        api.get(STATUS)


def test_azure_shows_its_host_and_the_deployments_of_the_catalogue(api, settings, catalogue, django_assert_num_queries):
    settings.AZURE_OPENAI_ENDPOINT, settings.AZURE_OPENAI_API_KEY = "https://name.openai.azure.com", "key-azure"
    AiModel.objects.filter(provider="azure").exclude(name="gpt-4o-mini").update(enabled=False)
    AiModel.objects.filter(name="gpt-4o-mini").update(deployment="mini-eu")
    with django_assert_num_queries(2):  # the caller, the models
        answer = api.get(AZURE).json()
    assert answer == {
        "configured": True,
        "host": "name.openai.azure.com",
        "api": "v1",
        "api_version": "",
        "deployments": [{"model": "gpt-4o-mini", "deployment": "mini-eu", "retires_on": "2027-04-14"}],
    }


def test_azure_without_settings_says_so(api, settings, catalogue):
    settings.AZURE_OPENAI_API_VERSION = "2024-10-21"
    answer = api.get(AZURE).json()
    assert (answer["configured"], answer["host"], answer["api"], answer["api_version"]) == (False, "", "dated", "2024-10-21")


def test_staff_try_azure_with_one_billed_call(staff, azure):
    answer = staff.post(SMOKE, {}).json()
    [line] = azure.bill()
    assert {name: value for name, value in answer.items() if name != "latency_ms"} == {
        "ok": True,
        "deployment": "gpt-4o-mini",
        "model": "gpt-4o-mini",
        "usage": {
            "input_tokens": line["prompt_tokens"],
            "cached_tokens": 0,
            "cache_write_tokens": 0,
            "output_tokens": line["completion_tokens"],
            "source": "reported",
        },
        "error": None,
    }
    assert answer["latency_ms"] > 0


def test_named_deployment_is_tried(staff, azure):
    staff.post(SMOKE, {"deployment": "mini-eu"})
    assert [call["body"]["model"] for call in azure.calls()] == ["mini-eu"]


def test_failed_try_answers_the_typed_error_without_the_key(staff, azure):
    azure.script([{"kind": "key_echo"}])
    answer = staff.post(SMOKE, {})
    shown = answer.json()
    assert (answer.status_code, shown["ok"], shown["error"]["code"], shown["usage"]) == (200, False, "auth", None)
    assert azure.key not in answer.content.decode()


def test_try_is_audited_with_its_result(staff, azure):
    azure.script([{"kind": "content_filter_prompt"}])
    staff.post(SMOKE, {})
    entry = AuditEntry.objects.get(action="azure.smoke")
    assert entry.payload.changes == {"deployment": [None, "gpt-4o-mini"], "result": [None, "content_filter"]}


def test_try_without_settings_is_refused(staff, catalogue):
    answer = staff.post(SMOKE, {})
    assert (answer.status_code, answer.json()["code"]) == (409, "provider_not_configured")


def test_owner_who_is_not_staff_may_not_try(api, azure):
    assert (api.post(SMOKE, {}).status_code, azure.calls()) == (403, [])


def test_key_of_staff_may_not_try(azure, db):
    staff = make_user(role="admin")
    client = client_with(make_key(staff.default_workspace, staff)[1])
    answer = client.post(SMOKE, {})
    assert (answer.status_code, answer.json()["code"], azure.calls()) == (403, "insufficient_scope", [])
