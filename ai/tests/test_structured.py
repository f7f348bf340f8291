import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai.providers.base import Schema
from ai.structured import Fit, Unfit, read

DRAFT = Schema(
    "draft",
    {
        "type": "object",
        "properties": {"text": {"type": "string", "maxLength": 20}, "verdict": {"enum": ["DRAFT", "ESCALATE"]}},
        "required": ["text", "verdict"],
        "additionalProperties": False,
    },
)
ANYTHING = Schema("anything", {})
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")), inner, max_size=4)
    ),
    max_leaves=12,
)


def test_answer_as_asked_is_read():
    assert read('{"text": "Hi", "verdict": "DRAFT"}', DRAFT) == Fit({"text": "Hi", "verdict": "DRAFT"})


@pytest.mark.parametrize("fence", ["```json\n%s\n```", "```\n%s\n```", "  %s\n"])
def test_fence_and_blanks_around_are_forgiven(fence):
    assert read(fence % '{"text": "", "verdict": "DRAFT"}', DRAFT) == Fit({"text": "", "verdict": "DRAFT"})


@given(JSON)
def test_any_json_is_read_as_it_is(data):
    assert read(json.dumps(data), ANYTHING) == Fit(data)


@given(st.text())
def test_any_text_is_read_or_named_unfit(text):
    assert isinstance(read(text, DRAFT), Fit | Unfit)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "Here it is: {}",
        "{} I hope that helps",
        '{"text": "a", "text": "b", "verdict": "DRAFT"}',
        '{"text": NaN}',
        '{"text": -Infinity}',
        '{"text": 1e999}',
        r'{"text": "\ud800"}',
        r'{"text": "\u0000"}',
        "[" * 100_000,
    ],
)
def test_what_is_no_plain_json_is_refused(answer):
    assert read(answer, ANYTHING).code == "not_json"


def test_backslash_that_only_looks_like_nul_is_kept():
    assert read(r'"\\u0000"', ANYTHING) == Fit(r"\u0000")


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ('{"verdict": "DRAFT"}', "At $: 'text' is a required property."),
        ('{"text": "a", "verdict": "MAYBE"}', "At $.verdict: 'MAYBE' is not one of ['DRAFT', 'ESCALATE']."),
        ('{"text": 1, "verdict": "DRAFT"}', "At $.text: 1 is not of type 'string'."),
        ("[]", "At $: [] is not of type 'object'."),
    ],
)
def test_answer_that_is_not_as_asked_says_where_and_why(answer, problem):
    assert read(answer, DRAFT) == Unfit("not_as_asked", (problem,))


def test_request_for_repair_names_the_problems():
    unfit = read("[]", DRAFT)
    assert unfit.request_for_repair() == (
        "That answer cannot be used. At $: [] is not of type 'object'. Answer again, with the corrected JSON only."
    )


def test_request_for_repair_stays_short():
    unfit = read(json.dumps({"text": "x" * 50_000, "verdict": "DRAFT", **{str(number): number for number in range(1000)}}), DRAFT)
    assert len(unfit.request_for_repair()) < 600
