"""Suggested replies and personal messages, ordered over HTTP and written through the real adapter."""

import itertools
import json

import pytest

from accounts.models import Workspace
from accounts.tests.factories import client_with, make_key
from ai.models import Generation, LedgerEntry, QuickReply
from ai.simulators import hostile
from ai.tests.factories import run
from ai.tests.test_replies_suggesting import INJECTIONS, assert_clean
from billing.plans import limits_for
from content.models import ContentAsset
from huntaze.models import AuditEntry, Event

pytestmark = pytest.mark.django_db(transaction=True)

SUGGEST = "/api/v1/ai/quick-replies/suggest"
PERSONALIZE = "/api/v1/ai/messages/personalize"
FAN = {
    "name": "Leo",
    "tier": "vip",
    "total_spent": {"amount": 12_000, "currency": "usd"},
    "last_active_at": "2026-11-01T00:00:00Z",
    "preferred_content": "cooking videos",
    "last_interactions": ["bought the calendar"],
    "response_rate": 80,
    "language": "en",
    "timezone": "Europe/Paris",
}
CALENDAR = {"name": "the calendar", "price": {"amount": 2000, "currency": "usd"}}


def order(client, path, **body):
    """Return the answer to an order."""
    return client.post(path, body, format="json")


def written(client, path, **body) -> Generation:
    """Order, write as a worker does, and return the row."""
    answer = order(client, path, **body)
    assert answer.status_code == 202, answer.content
    return run(Generation.objects.get(pk=answer.json()["id"]))


def suggested(client, message="What does the calendar cost?", **body) -> Generation:
    return written(client, SUGGEST, message=message, **{"count": 1, **body})


def said(text="Hi Leo, the calendar is $20.", decision="draft", reason="none") -> dict:
    return {"text": json.dumps({"decision": decision, "reason": reason, "text": text})}


def test_replies_are_drafted_by_the_model_and_judged_before_anybody_sees_them(api, vendor):
    vendor.script([said(), said("Leo, it is 20 dollars 💛")])
    generation = suggested(api, fan=FAN, prices=[CALENDAR], count=2)
    assert (generation.kind, generation.status, generation.provider, generation.model) == ("reply", "succeeded", "openai", "gpt-4o-mini")
    shown = [{name: output[name] for name in ("text", "origin", "decision", "reasons")} for output in generation.outputs]
    assert shown == [
        {"text": "Hi Leo, the calendar is $20.", "origin": "model", "decision": "draft", "reasons": []},
        {"text": "Leo, it is 20 dollars 💛", "origin": "model", "decision": "draft", "reasons": []},
    ]
    assert api.get(f"/api/v1/ai/generations/{generation.pk}").json()["outputs"][0]["decision"] == "draft"


def test_model_gets_a_schema_no_tools_no_ids_no_amounts(api, vendor, workspace):
    suggested(api, fan=FAN, prices=[CALENDAR], history=[{"by": "fan", "text": "Hello"}])
    (call,) = vendor.calls()
    body = json.dumps({name: value for name, value in call["body"].items() if name != "seed"})  # a number drawn by lot may hold any
    assert set(call["body"]) & {"tools", "functions", "tool_choice", "user", "metadata"} == set()
    assert call["body"]["response_format"]["json_schema"]["strict"] is True
    assert [known for known in (str(workspace.pk), "12000", "120", "2026-11", "Europe/Paris") if known in body] == []


def test_text_that_breaks_a_rule_is_asked_for_again(api, vendor):
    vendor.script([said("See evil.com"), said()])
    generation = suggested(api, fan=FAN, prices=[CALENDAR])
    assert ([check["code"] for check in generation.checks], generation.outputs[0]["text"]) == (["link"], "Hi Leo, the calendar is $20.")


def test_order_that_rules_send_to_a_person_asks_no_model_and_costs_nothing(api, vendor):
    generation = suggested(api, message="I want a r3fund, my lawyer says", count=3)
    assert (generation.status, generation.provider, generation.cost_nanousd, vendor.calls()) == ("succeeded", "rules", 0, [])
    assert generation.outputs == [
        {
            "variant": 1,
            "text": "",
            "decision": "escalate",
            "reasons": ["lawyer", "refund"],
            "origin": "rules",
            "provider": "rules",
            "model": "",
        }
    ]
    assert LedgerEntry.objects.count() == 0


def test_model_may_escalate(api, vendor):
    vendor.script([said("x", "escalate", "asked_if_human")])
    (output,) = suggested(api, message="Are you a bot?").outputs
    assert (output["decision"], output["reasons"], output["text"]) == ("escalate", ["asked_if_human"], "")


def test_quick_reply_stands_in_without_a_model(api, workspace):
    QuickReply.objects.create(workspace=workspace, position=0, title="Calendar", text="Hey {name}, the calendar is {price}.")
    (output,) = suggested(api, fan=FAN, prices=[CALENDAR]).outputs
    assert (output["text"], output["origin"], output["decision"]) == ("Hey Leo, the calendar is $20.", "template", "draft")


def test_reply_in_a_language_without_templates_goes_to_a_person_without_a_model(api):
    (output,) = suggested(api, fan={"language": "de"}).outputs
    assert (output["decision"], output["reasons"]) == ("escalate", ["no_draft"])


def test_configuration_is_told_to_the_model_and_holds(api, vendor):
    config = {"persona": "A cook.", "response_style": "Short.", "boundaries": "Family.", "forbidden_words": ["moist"], "languages": ["fr"]}
    api.put("/api/v1/ai/config", {**config, "disclosure_text": "Écrit avec une IA."}, format="json")
    vendor.script([said("C'est si moist, Leo."), said("Merci beaucoup, Leo !")])
    generation = suggested(api, fan=FAN)
    system = vendor.calls()[0]["body"]["messages"][0]["content"]
    assert [text for text in ("A cook.", "Short.", "Family.", "in French") if text not in system] == []
    assert [check["code"] for check in generation.checks] == ["forbidden_word"]
    assert generation.outputs[0]["text"] == "Merci beaucoup, Leo !\n\nÉcrit avec une IA."


def test_reply_is_not_streamed_before_it_has_passed(api, vendor):
    vendor.script([said("See evil.com"), said()])
    generation = suggested(api, fan=FAN, prices=[CALENDAR])
    stream = b"".join(api.get(f"/api/v1/ai/generations/{generation.pk}/stream").streaming_content).decode()
    events = [line.removeprefix("event: ") for line in stream.splitlines() if line.startswith("event: ")]
    assert (events, "evil" in stream) == (["started", "rejected", "replaced", "done"], False)


def test_message_is_rewritten_by_the_model(api, vendor):
    vendor.script([{"text": "Hi Leo, thank you for the calendar, it made my day."}])
    generation = written(api, PERSONALIZE, kind="thank_you", fan=FAN)
    assert (generation.kind, [output["text"] for output in generation.outputs]) == (
        "personalize",
        ["Hi Leo, thank you for the calendar, it made my day."],
    )
    asked = vendor.calls()[0]["body"]["messages"][1]["content"]
    assert [
        word for word in ("spending: medium", "activity: inactive", "answers: often", "lately: bought the calendar") if word not in asked
    ] == []


def test_message_is_never_what_was_written_for_the_same_order(api, vendor):
    for _ in range(2):
        written(api, PERSONALIZE, kind="greeting", fan=FAN, seed=1)
    assert (len(vendor.calls()), set(Generation.objects.values_list("cache_key", "cache"))) == (2, {("", "")})


def test_simulated_vendors_message_keeps_the_length(api, vendor):
    generation = written(api, PERSONALIZE, kind="greeting", fan=FAN, max_length=120)
    assert (generation.outputs[0]["origin"], len(generation.outputs[0]["text"]) <= 120) == ("model", True)


def test_template_writes_the_same_message_for_the_same_seed(api):
    body = {"kind": "ppv_offer", "fan": FAN, "about": "the calendar", "price": CALENDAR["price"]}
    first, again, other = (written(api, PERSONALIZE, **body, seed=seed).outputs[0]["text"] for seed in (7, 7, 8))
    assert (first == again, first == other, "$20" in first) == (True, False, True)


def test_message_that_cannot_be_sent_fails(api):
    generation = written(api, PERSONALIZE, kind="custom", about="Go to www.example.com")
    assert (generation.status, generation.error["code"], generation.outputs) == ("failed", "unsupported_by_template", [])


def test_personal_texts_never_become_assets(api, vendor):
    vendor.script([said("Thank you so much!"), {"text": "Thank you so much, Leo!"}])
    for generation in (suggested(api), written(api, PERSONALIZE, kind="thank_you", fan=FAN)):
        body = {"generation_id": str(generation.pk), "variant": 1}
        answer = api.post("/api/v1/content/assets", body, format="json")
        assert (generation.asset_id, answer.status_code, answer.json()["errors"][0]["code"]) == (None, 422, "not_found")
    assert ContentAsset.objects.count() == 0


@pytest.mark.parametrize("kind", ["reply", "personalize"])
def test_personal_kind_is_no_content(api, kind):
    answer = order(api, "/api/v1/content/generate", kind=kind, prompt="x")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "invalid_choice")


@pytest.mark.parametrize(
    ("path", "body", "fault"),
    [
        (SUGGEST, {}, ("/message", "required")),
        (SUGGEST, {"message": "x" * 2001}, ("/message", "max_length")),
        (SUGGEST, {"message": "x", "count": 6}, ("/count", "max_value")),
        (SUGGEST, {"message": "x", "history": [{"by": "me", "text": "x"}]}, ("/history/0/by", "invalid_choice")),
        (SUGGEST, {"message": "x", "history": [{"by": "fan", "text": "x"}] * 21}, ("/history", "max_length")),
        (SUGGEST, {"message": "x", "fan": {"id": "x"}}, ("/fan/id", "unknown_field")),
        (SUGGEST, {"message": "x", "fan": {"timezone": "Mars"}}, ("/fan/timezone", "unknown_time_zone")),
        (SUGGEST, {"message": "x", "fan": {"response_rate": "80"}}, ("/fan/response_rate", "wrong_type")),
        (
            SUGGEST,
            {"message": "x", "prices": [{"name": "x", "price": {"amount": 1, "currency": "xxx"}}]},
            ("/prices/0/price/currency", "invalid_choice"),
        ),
        (PERSONALIZE, {"kind": "insult"}, ("/kind", "invalid_choice")),
        (PERSONALIZE, {"kind": "custom"}, ("/about", "required")),
        (PERSONALIZE, {"kind": "greeting", "max_length": 49}, ("/max_length", "min_value")),
        (PERSONALIZE, {"kind": "greeting", "max_length": 501}, ("/max_length", "max_value")),
        (PERSONALIZE, {"kind": "greeting", "seed": -1}, ("/seed", "min_value")),
    ],
)
def test_wrong_order_is_refused_and_nothing_is_stored(api, path, body, fault):
    answer = order(api, path, **body)
    faults = [(error["pointer"], error["code"]) for error in answer.json()["errors"]]
    assert (answer.status_code, faults, Generation.objects.count()) == (422, [fault], 0)


def test_order_is_audited_counted_and_repeated_safely(api, vendor):
    body = {"message": "Hello"}
    first, again = (api.post(SUGGEST, body, format="json", headers={"Idempotency-Key": "one"}) for _ in range(2))
    assert (first.json()["id"], again.headers["Idempotent-Replayed"]) == (again.json()["id"], "true")
    assert (Generation.objects.count(), AuditEntry.objects.filter(action="generation.create").count()) == (1, 1)


@pytest.mark.usefixtures("vendor")
@pytest.mark.parametrize("rows", [1, 10])
@pytest.mark.parametrize(("path", "body"), [(SUGGEST, {"message": "Hello"}), (PERSONALIZE, {"kind": "greeting"})])
def test_ordering_takes_the_same_statements_whatever_the_workspace_has(api, workspace, django_assert_num_queries, rows, path, body):
    for number in range(rows):
        QuickReply.objects.create(workspace=workspace, position=number, title=f"{number}", text="x")
    # The caller; languages, the quick replies of a suggestion, how the workspace speaks, its name, the models that it may ask;
    # begin, limit, counter, row, audit, hold, entry, commit.
    with django_assert_num_queries(14 if path == SUGGEST else 13):
        order(api, path, **body)


def test_order_dearer_than_it_may_be_is_refused(api, vendor):
    answer = order(api, SUGGEST, message="Hello", max_cost_microusd=1)
    assert (answer.status_code, answer.json()["code"], Generation.objects.count()) == (402, "budget_exceeded", 0)


def test_key_needs_the_scope(workspace, owner):
    client = client_with(make_key(workspace, owner, scopes=["assets:read"])[1])
    answer = order(client, SUGGEST, message="Hello")
    assert (answer.status_code, answer.json()["scope"]) == (403, "generations:write")


def hostile_fan(text: str) -> dict:
    return {"name": text[:60], "preferred_content": text[:100], "last_interactions": [text]}


@pytest.mark.parametrize(("path", "answers"), [(SUGGEST, 100), (PERSONALIZE, 30)])
def test_s10_nothing_hostile_reaches_anybody(api, vendor, workspace, path, answers):
    """So many answers through the whole run of each operation; test_replies_suggesting.py shows every one to the judge."""
    Workspace.objects.filter(pk=workspace.pk).update(limits=limits_for("enterprise"))
    before = (ContentAsset.objects.count(), Event.objects.exclude(type__startswith="generation.").count())
    answered = 0
    for injected in itertools.cycle(INJECTIONS):
        vendor.script([{"kind": "hostile", "number": (answered + place) * 7 % hostile.HOSTILE_ANSWERS} for place in range(10)])
        body = {"message": injected, "count": 5} if path == SUGGEST else {"kind": "greeting"}
        generation = written(api, path, **body, fan=hostile_fan(injected))
        shown = api.get(f"/api/v1/ai/generations/{generation.pk}").json()
        stream = b"".join(api.get(f"/api/v1/ai/generations/{generation.pk}/stream").streaming_content).decode()
        assert_clean([shown["outputs"], shown["checks"], shown["error"]])
        assert_clean([json.loads(line[6:]) for line in stream.splitlines() if line.startswith("data: ") and '"input"' not in line])
        assert (generation.status, "event: text" in stream) == ("succeeded", False)
        answered += len(vendor.calls())
        vendor.reset()
        if answered >= answers:
            break
    assert (ContentAsset.objects.count(), Event.objects.exclude(type__startswith="generation.").count()) == before
