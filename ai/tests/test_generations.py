"""A generation from its order to its outcome, with the real adapter and the simulated vendor."""

import re
import threading
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection

from ai import queries, services, sse, stream
from ai.models import AiModel, Generation
from ai.providers.base import Usage
from ai.signals import generation_finished
from ai.tests.factories import make_generation, run
from content import services as library
from content.models import ContentAsset
from huntaze.models import Event

pytestmark = pytest.mark.django_db(transaction=True)

GENERATE = "/api/v1/content/generate"
GENERATIONS = "/api/v1/ai/generations"
ORDER = {"kind": "post", "prompt": "A post about my new cooking series", "length": "short", "platforms": ["instagram"]}


def streamed(generation: Generation) -> list[str]:
    return [entry.event for entry in stream.read(generation.pk, after=stream.FROM_START, wait_seconds=0.01)]


def test_ordered_generation_waits_and_is_where_location_says(api):
    ordered = api.post(GENERATE, ORDER)
    body = ordered.json()
    assert (ordered.status_code, body["status"], api.get(ordered["Location"]).json()) == (202, "queued", body)


def test_finished_generation_carries_what_the_provider_billed(vendor, workspace):
    generation = run(make_generation(workspace))
    (line,) = vendor.bill()
    assert (generation.status, generation.input_tokens, generation.output_tokens, generation.usage_source, generation.cost_nanousd) == (
        "succeeded",
        line["prompt_tokens"],
        line["completion_tokens"],
        "reported",
        line["amount_nanousd"],
    )


def test_finished_generation_names_model_and_prompt(vendor, workspace):
    generation = run(make_generation(workspace))
    assert (generation.provider, generation.model, generation.prompt_name, len(generation.prompt_hash)) == (
        "openai",
        "gpt-4o-mini",
        "post",
        64,
    )


def test_first_variant_becomes_a_draft_with_its_provenance(vendor, workspace):
    generation = run(make_generation(workspace))
    asset = ContentAsset.objects.get()
    assert (asset.id, asset.content, asset.status, asset.type, asset.provenance["origin"], asset.provenance["model"]) == (
        generation.asset_id,
        generation.outputs[0]["text"],
        "draft",
        "post",
        "model",
        "gpt-4o-mini",
    )


def test_further_variants_become_assets_on_request_and_once(vendor, workspace, api):
    generation = run(make_generation(workspace, input={"variants": 2}))
    body = {"generation_id": str(generation.id), "variant": 2, "title": "Second"}
    saved, again = api.post("/api/v1/content/assets", body), api.post("/api/v1/content/assets", body)
    assert (saved.status_code, saved.json()["title"], saved.json()["content"], again.status_code, again.json()["code"]) == (
        201,
        "Second",
        generation.outputs[1]["text"],
        409,
        "variant_already_saved",
    )


@pytest.mark.parametrize(
    ("change", "pointer"), [({"variant": 2}, "/variant"), ({"generation_id": "00000000-0000-7000-8000-000000000000"}, "/generation_id")]
)
def test_variant_that_does_not_exist_is_refused(vendor, workspace, api, change, pointer):
    generation = run(make_generation(workspace))
    refused = api.post("/api/v1/content/assets", {"generation_id": str(generation.id), "variant": 1, **change})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer)


def test_variant_of_a_person_who_is_gone_is_no_variant_that_was_saved(vendor, workspace):
    generation = run(make_generation(workspace, input={"variants": 2}))
    with pytest.raises(IntegrityError, match="created_by_id"):
        library.save_variant(generation=generation, variant=2, created_by_id=uuid4())


def test_full_library_keeps_the_outputs_and_says_why_there_is_no_asset(vendor, workspace, api):
    for number in range(5):
        api.post("/api/v1/content/assets", {"title": f"{number}", "type": "post"})
    generation = run(make_generation(workspace))
    assert (generation.status, len(generation.outputs), generation.asset_id, generation.asset_reason) == (
        "succeeded",
        1,
        None,
        "plan_limit_reached",
    )


def test_hashtags_make_no_asset(vendor, workspace):
    run(make_generation(workspace, kind="hashtags"))
    assert ContentAsset.objects.count() == 0


def test_stream_tells_start_text_and_end(vendor, workspace):
    generation = run(make_generation(workspace))
    events = streamed(generation)
    assert (events[0], set(events[1:-1]), events[-1]) == ("started", {"text"}, "done")


def test_draft_that_fails_the_checks_is_asked_for_again_with_the_reason(vendor, workspace):
    vendor.script([{"text": "Too short."}])
    generation = run(make_generation(workspace))
    again = vendor.calls()[1]["body"]["messages"]
    assert (generation.provider, len(vendor.calls()), again[-2]["content"], "replaced" in streamed(generation)) == (
        "openai",
        2,
        "Too short.",
        True,
    )


def test_second_draft_that_fails_is_replaced_by_a_template_and_says_so(vendor, workspace):
    vendor.script([{"text": "Too short."}, {"text": "Too short."}])
    generation = run(make_generation(workspace))
    asset = ContentAsset.objects.get()
    assert (
        generation.status,
        generation.provider,
        generation.model,
        {check["code"] for check in generation.checks},
        asset.provenance["origin"],
    ) == (
        "succeeded",
        "template",
        "",
        {"too_short"},
        "template",
    )


def test_each_variant_says_who_wrote_it(vendor, workspace, api):
    vendor.script([{"text": "Too short."}, {"text": "Too short."}])
    generation = run(make_generation(workspace, input={"variants": 2}))
    second = api.post("/api/v1/content/assets", {"generation_id": str(generation.id), "variant": 2}).json()["provenance"]
    first = ContentAsset.objects.get(variant=1).provenance
    assert [(asset["origin"], asset["provider"], asset["model"]) for asset in (first, second)] == [
        ("template", "template", ""),
        ("model", "openai", "gpt-4o-mini"),
    ]


def test_reader_is_not_told_what_a_lost_worker_still_writes(workspace):
    generation = make_generation(workspace, status="failed", finished_at="2026-11-01T00:00Z")
    for attempt, event in ((1, "started"), (2, "started"), (1, "text"), (2, "text"), (2, "done")):
        stream.Writer(generation.pk, attempt=attempt).append(event, {"attempt": attempt})
    told = b"".join(sse.events_of(generation.pk, after=stream.FROM_START, is_still_allowed=lambda: True)).decode()
    assert re.findall(r'event: (\w+)\ndata: {"attempt":(\d)', told) == [("started", "1"), ("started", "2"), ("text", "2")]


def test_cost_counts_the_drafts_that_were_not_kept(vendor, workspace):
    vendor.script([{"text": "Too short."}, {"text": "Too short."}])
    generation = run(make_generation(workspace))
    assert generation.cost_nanousd == sum(line["amount_nanousd"] for line in vendor.bill())


def test_kind_without_templates_fails_with_its_reason(vendor, workspace):
    vendor.script([{"text": "No."}, {"text": "No."}])
    generation = run(make_generation(workspace, kind="script"))
    assert (generation.status, generation.error["code"]) == ("failed", "unsupported_by_template")


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("insufficient_quota", "quota"),
        ("content_filter_prompt", "content_filter"),
        ("context_length", "context_length"),
        ("html", "garbage"),
        ("non_utf8", "garbage"),
        ("cut_mid_json", "garbage"),
        ("refusal", "refused"),
        ("key_echo", "auth"),
    ],
)
def test_provider_failure_is_typed(vendor, workspace, fault, code):
    vendor.script([{"kind": fault}] * 3)
    generation = run(make_generation(workspace))
    assert (generation.status, generation.error["code"], generation.asset_id) == ("failed", code, None)


def test_provider_failure_never_shows_the_key(vendor, workspace):
    vendor.script([{"kind": "key_echo"}])
    assert vendor.key not in str(run(make_generation(workspace)).error)


def test_provider_that_is_not_there_fails_the_generation(vendor, workspace, settings, unused_port):
    settings.OPENAI_BASE_URL = f"http://127.0.0.1:{unused_port}/v1"
    assert run(make_generation(workspace)).error["code"] == "connection"


def test_provider_that_drips_is_cut_off(vendor, workspace, settings):
    settings.AI_TOTAL_TIMEOUT_SECONDS = 1
    vendor.script([{"kind": "slow_drip", "delay": 0.3}] * 3)
    assert run(make_generation(workspace)).error["code"] == "timeout"


def test_output_that_broke_off_is_paid_for_as_estimated(vendor, workspace):
    vendor.script([{"kind": "cut_before_usage", "tokens": 5}] * 3)
    generation = run(make_generation(workspace))
    assert (generation.usage_source, generation.cost_nanousd >= sum(line["amount_nanousd"] for line in vendor.bill())) == (
        "estimated",
        True,
    )


def test_transient_failure_is_tried_again(vendor, workspace):
    vendor.script([{"kind": "unavailable", "retry_after": 0}])
    assert (run(make_generation(workspace)).status, len(vendor.calls())) == ("succeeded", 2)


def test_failed_generation_does_not_count_against_the_plan(vendor, workspace):
    vendor.script([{"kind": "insufficient_quota"}])
    run(make_generation(workspace))
    run(make_generation(workspace))
    assert queries.count_generations_this_month(workspace.id) == 1


def test_order_beyond_the_plan_is_refused(api, workspace):
    for _generation in range(20):
        make_generation(workspace)
    refused = api.post(GENERATE, ORDER)
    assert (refused.status_code, refused.json()["limit"]["name"], refused.json()["limit"]["used"]) == (402, "ai_generations", 20)


def test_order_that_may_cost_too_much_is_refused_before_any_call(vendor, api):
    refused = api.post(GENERATE, ORDER | {"max_cost_microusd": 1})
    assert (refused.status_code, refused.json()["code"], refused.json()["limit"]["value"], Generation.objects.count()) == (
        402,
        "budget_exceeded",
        1,
        0,
    )


def test_fault_of_our_own_ends_the_generation_instead_of_repeating_it(vendor, workspace):
    generation = run(make_generation(workspace, input={"tone": "not one lower-case word"}))
    assert (generation.status, generation.error["code"], generation.attempts, vendor.calls()) == ("failed", "internal_error", 1, [])


@pytest.fixture
def broken_receiver():
    def fail(**kwargs):
        raise RuntimeError("a receiver's fault")

    generation_finished.connect(fail)
    yield
    generation_finished.disconnect(fail)


def test_receiver_that_fails_cannot_undo_a_text_that_is_paid_for(vendor, workspace, broken_receiver):
    generation = run(make_generation(workspace))
    assert (generation.status, len(generation.outputs), generation.asset_id, generation.asset_reason, len(vendor.calls())) == (
        "succeeded",
        1,
        None,
        "internal_error",
        1,
    )


def test_no_database_connection_is_held_while_the_provider_writes(vendor, workspace):
    vendor.script([{"kind": "hang_mid_stream", "tokens": 2}])
    generation = make_generation(workspace)
    worker = threading.Thread(target=run, args=(generation,))
    worker.start()
    vendor.wait_for_calls(lambda calls: bool(calls) and calls[0]["tokens_sent"] >= 2)
    idle = connections_of_this_database()
    vendor.release()
    worker.join()
    assert idle == 1


def connections_of_this_database() -> int:
    """Return how many connections the pool has given out, this thread's included."""
    stats = connection.pool.get_stats()
    return stats["pool_size"] - stats["pool_available"]


def test_second_wake_up_does_nothing(vendor, workspace):
    generation = run(make_generation(workspace))
    run(generation)
    assert (len(vendor.calls()), ContentAsset.objects.count()) == (1, 1)


def test_material_of_another_asset_reaches_the_model_as_data(vendor, api):
    asset = api.post("/api/v1/content/assets", {"title": "Recipe", "content": "Seven spices and a secret.", "type": "post"}).json()
    ordered = api.post(GENERATE, ORDER | {"asset_id": asset["id"]})
    services.run_generation(generation_id=ordered.json()["id"])
    assert "Seven spices and a secret." in str(vendor.calls()[0]["body"]["messages"])


def test_asset_of_a_stranger_is_no_material(api, stranger_api):
    asset = stranger_api.post("/api/v1/content/assets", {"title": "Theirs", "type": "post"}).json()
    assert api.post(GENERATE, ORDER | {"asset_id": asset["id"]}).json()["errors"][0]["pointer"] == "/asset_id"


@pytest.mark.parametrize("path", ["", "/cancel", "/stream"])
def test_stranger_sees_no_generation(stranger_api, workspace, path):
    address = f"{GENERATIONS}/{make_generation(workspace).id}{path}"
    assert (stranger_api.post if path == "/cancel" else stranger_api.get)(address).status_code == 404


def test_finish_is_announced_once(vendor, workspace):
    generation = run(make_generation(workspace))
    assert list(Event.objects.filter(subject_id=generation.id).values_list("type", flat=True)) == ["generation.succeeded"]


def test_without_any_model_the_template_engine_writes(workspace):
    generation = run(make_generation(workspace))
    assert (generation.status, generation.provider, generation.cost_nanousd) == ("succeeded", "template", 0)


def test_list_filters_by_kind_and_status(api, workspace):
    make_generation(workspace, kind="ideas")
    kept = make_generation(workspace, kind="post")
    assert [row["id"] for row in api.get(f"{GENERATIONS}?kind=post&status=queued").json()["data"]] == [str(kept.id)]


def test_cached_tokens_cost_their_own_price():
    prices = {"input_price": 150_000, "cached_price": 75_000, "output_price": 600_000}
    model = queries.PricedModel("openai", "gpt-4o-mini", "small", frozenset(), None, frozenset(), **prices)
    usage = Usage(input_tokens=1000, cached_tokens=400, output_tokens=10, source="reported")
    assert model.cost_nanousd(usage) == 600 * 150 + 400 * 75 + 10 * 600


@pytest.fixture
def embedded(openai_simulator, settings):
    """Return the simulated vendor in the place of the embedded model's server; it wants a key, so it refuses who asks."""
    settings.LOCAL_AI_URL = openai_simulator.url
    return openai_simulator


def written_by(generation: Generation) -> tuple:
    generation = run(generation)
    return generation.status, generation.provider, (generation.error or {}).get("code"), [check["code"] for check in generation.checks]


def test_embedded_model_is_asked_for_english(embedded, workspace):
    assert written_by(make_generation(workspace)) == ("failed", "local", "auth", [])


@pytest.mark.parametrize(("language", "status", "code"), [("fr", "succeeded", None), ("de", "failed", "unsupported_by_template")])
def test_embedded_model_is_asked_for_no_other_language(embedded, workspace, language, status, code):
    written = written_by(make_generation(workspace, input={"language": language}))
    assert (written, embedded.calls()) == ((status, "template", code, ["model_language"]), [])


def test_embedded_model_of_the_catalogue_is_asked_for_no_other_language(embedded, workspace):
    model = AiModel.objects.create(provider="local", name="SmolLM2")
    model.prices.create(starts_at="2026-01-01T00:00Z", input_price=0, cached_price=0, output_price=0)
    assert written_by(make_generation(workspace, input={"language": "fr"})) == ("succeeded", "template", None, ["model_language"])


def test_model_file_of_ones_own_is_asked_for_every_language(embedded, workspace, settings, tmp_path):
    settings.HUNTAZE_LOCAL_MODEL = str(tmp_path / "own.gguf")
    assert written_by(make_generation(workspace, input={"language": "fr"})) == ("failed", "local", "auth", [])


def test_retired_model_no_longer_writes(vendor, workspace):
    AiModel.objects.filter(provider="openai", name="gpt-4o-mini").update(retires_on="2020-01-01")
    generation = run(make_generation(workspace))
    assert (generation.provider, vendor.calls()) == ("template", [])
