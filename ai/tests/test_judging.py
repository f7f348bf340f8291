"""Moderation and embeddings, through the real adapter and the simulated vendor."""

from dataclasses import replace

import openai
import pytest
from openai.types import CreateEmbeddingResponse, ModerationCreateResponse

from ai import providers
from ai.providers.base import Embeddings, Moderation, ProviderError, Usage
from ai.providers.call import Timeouts
from ai.providers.openai import OpenAIProvider
from ai.simulators.openai.judging import CATEGORIES

IMAGE = "data:image/png;base64,aGk="


@pytest.fixture
def provider(openai_simulator):
    return OpenAIProvider(name="openai", base_url=f"{openai_simulator.url}/v1", timeouts=Timeouts(5, 5, 20), api_key=openai_simulator.key)


@pytest.fixture
def sdk(openai_simulator):
    with openai.OpenAI(base_url=f"{openai_simulator.url}/v1", api_key=openai_simulator.key, max_retries=0) as client:
        yield client


def test_simulated_moderation_is_what_the_sdk_calls_one(sdk):
    answer = sdk.moderations.with_raw_response.create(input=["a", "b"])
    parsed = ModerationCreateResponse.model_validate_json(answer.text, strict=True)
    assert ([result.flagged for result in parsed.results], parsed.model) == ([False, False], "omni-moderation-latest")


def test_simulated_embeddings_are_what_the_sdk_calls_them(sdk):
    answer = sdk.embeddings.with_raw_response.create(input=["a", "b"], model="text-embedding-3-small", encoding_format="float")
    parsed = CreateEmbeddingResponse.model_validate_json(answer.text, strict=True)
    assert [len(row.embedding) for row in parsed.data] == [1536, 1536]


def test_each_text_gets_its_finding_with_the_vendors_categories(provider, openai_simulator):
    first, second = provider.moderate(["a", "b"])
    assert first == second == Moderation("omni-moderation-latest", dict.fromkeys(CATEGORIES, 0.0001), frozenset())
    assert [call["body"] for call in openai_simulator.calls()] == [{"model": "omni-moderation-latest", "input": ["a", "b"]}]


def test_scores_and_flags_are_kept_apart(provider, openai_simulator):
    openai_simulator.script([{"scores": {"sexual": 0.97, "sexual/minors": 0.2}}])
    [finding] = provider.moderate(["a"])
    assert (finding.scores["sexual"], finding.scores["sexual/minors"], finding.flagged) == (0.97, 0.2, frozenset({"sexual"}))


def test_images_are_judged_one_by_one_after_the_texts(provider, openai_simulator):
    openai_simulator.script([{"scores": {"hate": 0.1}}, {"scores": {"hate": 0.2}}, {"scores": {"hate": 0.3}}])
    findings = provider.moderate(["a"], [IMAGE, IMAGE])
    assert [finding.scores["hate"] for finding in findings] == [0.1, 0.2, 0.3]
    assert [call["body"]["input"] for call in openai_simulator.calls()] == [
        ["a"],
        [{"type": "image_url", "image_url": {"url": IMAGE}}],
        [{"type": "image_url", "image_url": {"url": IMAGE}}],
    ]


def test_nothing_to_judge_calls_nobody(provider, openai_simulator):
    assert (provider.moderate([]), openai_simulator.calls()) == ((), [])


def test_moderation_is_free(provider, openai_simulator):
    provider.moderate(["a"])
    openai_simulator.script([{"kind": "reset"}])
    with pytest.raises(ProviderError) as caught:
        provider.moderate(["a"])
    assert (caught.value.usage, openai_simulator.bill()) == (Usage(0, 0, 0, "reported"), [])


@pytest.mark.parametrize("scores", [{"hate": 2.0}, {"hate": "much"}, {"hate": -0.1}])
def test_scores_that_are_none_are_garbage(provider, openai_simulator, scores):
    openai_simulator.script([{"scores": scores}])
    with pytest.raises(ProviderError) as caught:
        provider.moderate(["a"])
    assert caught.value.code == "garbage"


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("rate_limited", "rate_limited"),
        ("insufficient_quota", "quota"),
        ("server_error", "overloaded"),
        ("key_echo", "auth"),
        ("reset", "connection"),
        ("html", "garbage"),
        ("empty", "garbage"),
        ("deep", "garbage"),
        ("compressed", "garbage"),
    ],
)
def test_failure_of_a_judgement_is_translated(provider, openai_simulator, kind, code):
    openai_simulator.script([{"kind": kind}] * 2)
    codes = []
    for ask in (lambda: provider.moderate(["a"]), lambda: provider.embed(["a"], model="text-embedding-3-small")):
        with pytest.raises(ProviderError) as caught:
            ask()
        codes.append(caught.value.code)
        assert openai_simulator.key not in str(caught.value.upstream)
        assert caught.value.__context__ is None
    assert codes == [code, code]


def test_silence_is_a_timeout(provider, openai_simulator):
    provider.moderate(["a"])
    openai_simulator.script([{"kind": "hang_before_first_byte"}])
    with pytest.raises(ProviderError) as caught:
        replace(provider, timeouts=Timeouts(5, 60, 0.3)).moderate(["a"])
    assert caught.value.code == "timeout"


def test_embeddings_come_in_order_with_their_usage(provider, openai_simulator):
    both = provider.embed(["one two", "three"], model="text-embedding-3-small")
    alone = provider.embed(["three"], model="text-embedding-3-small")
    assert (len(both.vectors), both.vectors[1], both.usage) == (2, alone.vectors[0], Usage(3, 0, 0, "reported"))
    assert [line["amount_nanousd"] for line in openai_simulator.bill()] == [60, 20]


def test_embeddings_without_a_count_are_garbage_that_may_have_been_billed(provider, openai_simulator):
    openai_simulator.script([{"usage": {"prompt_tokens": -1}}])
    with pytest.raises(ProviderError) as caught:
        provider.embed(["one two"], model="text-embedding-3-small")
    [line] = openai_simulator.bill()
    assert (caught.value.code, caught.value.usage.source) == ("garbage", "unknown")
    assert caught.value.usage.input_tokens >= line["prompt_tokens"]


def test_azure_embeds_by_its_deployment(openai_simulator):
    azure = OpenAIProvider(
        name="azure", base_url=openai_simulator.url, timeouts=Timeouts(5, 5, 20), api_key=openai_simulator.key, api_version="2024-10-21"
    )
    assert isinstance(azure.embed(["a"], model="vectors"), Embeddings)
    assert [call["path"] for call in openai_simulator.calls()] == ["/openai/deployments/vectors/embeddings"]


def test_first_provider_that_can_moderates(settings):
    settings.AZURE_OPENAI_ENDPOINT, settings.AZURE_OPENAI_API_KEY = "https://name.openai.azure.com", "key-azure"
    settings.ANTHROPIC_API_KEY = "sk-anthropic"
    assert providers.moderator() is None
    settings.OPENAI_API_KEY = "sk-openai"
    assert (providers.moderator().name, providers.embedder().name) == ("openai", "azure")
