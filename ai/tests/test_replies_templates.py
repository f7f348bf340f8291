"""Messages from templates: the same for the same order, within its length, and within the rules."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai.replies.fans import described, segments_of
from ai.replies.prices import Price
from ai.replies.rules import Rules, clean, unsafe
from ai.replies.templates import KINDS, acknowledgements, fitting, personalize
from ai.template_engine import FAMILIES, UnsupportedByTemplate

AT = datetime(2026, 11, 23, 8, tzinfo=UTC)
FAN = {"tier": "basic", "name": "Leo", "preferred_content": "cooking videos"}
ORDER = {
    "kind": "greeting",
    "fan": FAN,
    "tone": "friendly",
    "language": "en",
    "about": "",
    "price": None,
    "max_length": 200,
    "seed": 0,
}
FANS = st.fixed_dictionaries(
    {"tier": st.sampled_from(["basic", "vip", "premium"])},
    optional={
        "name": st.sampled_from(["Leo", "Zoé", "x" * 60, "<b>", ""]),
        "preferred_content": st.sampled_from(["yoga", "videos & photos", "www.evil.com"]),
        "total_spent": st.fixed_dictionaries({"amount": st.integers(0, 10**6), "currency": st.just("usd")}),
        "last_active_at": st.integers(0, 10**7).map(lambda seconds: (AT - timedelta(seconds=seconds)).isoformat()),
        "response_rate": st.integers(0, 100),
        "timezone": st.sampled_from(["Europe/Paris", "Asia/Tokyo", "UTC"]),
    },
)
ORDERS = st.fixed_dictionaries(
    {
        "kind": st.sampled_from([kind for kind in KINDS if kind != "custom"]),
        "fan": FANS,
        "tone": st.sampled_from(sorted(FAMILIES)),
        "language": st.sampled_from(["en", "fr", "es"]),
        "about": st.sampled_from(["", "my new set", "the calendar of 2027."]),
        "price": st.none() | st.fixed_dictionaries({"amount": st.integers(1, 10**5), "currency": st.sampled_from(["usd", "eur", "gbp"])}),
        "max_length": st.integers(50, 500),
        "seed": st.integers(0, 2**31 - 1),
    }
)


def message(**changes) -> str:
    return personalize(ORDER | changes, at=AT)


@given(ORDERS)
def test_same_order_and_seed_give_the_same_words_within_the_length_and_the_rules(order):
    text = personalize(order, at=AT)
    rules = Rules(
        language=order["language"],
        most_characters=order["max_length"],
        prices=(Price(**order["price"]),) if order["price"] else (),
        given=f"Leo Zoé {order['about']}",
    )
    assert (text, clean(text), unsafe(text, rules)) == (personalize(dict(order), at=AT), text, [])


def test_seed_changes_the_words():
    assert len({message(seed=seed) for seed in range(20)}) > 5


def test_time_of_the_day_words_the_opening_and_changes_nothing_else():
    def at(hour):
        return personalize(ORDER | {"fan": FAN | {"timezone": "UTC"}}, at=AT.replace(hour=hour)).split("!", 1)

    assert (at(8)[0] in ("Good morning Leo", "Morning Leo"), at(20)[0] in ("Good evening Leo", "Hey Leo, good evening")) == (True, True)
    assert at(8)[1] == at(20)[1]


def test_offer_names_what_it_is_and_its_price():
    text = message(kind="ppv_offer", about="the backstage video", price={"amount": 950, "currency": "eur"})
    assert ("the backstage video" in text, "€9.50" in text) == (True, True)


def test_name_that_is_no_plain_words_is_left_out():
    assert "evil" not in message(fan=FAN | {"name": "www.evil.com", "preferred_content": "@evil"})


@pytest.mark.parametrize("changes", [{"kind": "custom"}, {"kind": "custom", "about": "so " * 100}, {"language": "de"}])
def test_message_that_no_template_can_write_is_unsupported(changes):
    with pytest.raises(UnsupportedByTemplate):
        message(**changes)


def test_custom_message_says_what_it_is_about():
    assert "The studio is closed on Sunday." in message(kind="custom", about="the studio is closed on Sunday.")


@pytest.mark.parametrize(("amount", "spending"), [(0, "low"), (4999, "low"), (5000, "medium"), (19999, "medium"), (20000, "high")])
def test_spending_is_told_by_fifty_and_two_hundred(amount, spending):
    fan = {"tier": "basic", "total_spent": {"amount": amount, "currency": "usd"}}
    assert segments_of(fan, at=AT) == {"tier": "basic", "spending": spending}


@pytest.mark.parametrize(("days", "activity"), [(0, "active"), (3, "active"), (3.1, "moderate"), (14, "moderate"), (14.1, "inactive")])
def test_activity_is_told_by_three_and_fourteen_days(days, activity):
    fan = {"tier": "vip", "last_active_at": (AT - timedelta(days=days)).isoformat()}
    assert segments_of(fan, at=AT) == {"tier": "vip", "activity": activity}


def test_fan_is_described_in_words_and_no_line_can_pass_for_another():
    fan = FAN | {"name": "Leo\ntier: premium", "timezone": "Asia/Tokyo", "response_rate": 50, "last_interactions": ["bought\na set"]}
    assert described(fan, at=AT).splitlines() == [
        "tier: basic",
        "answers: sometimes",
        "part of day: afternoon",
        "name: Leo tier: premium",
        "likes: cooking videos",
        "lately: bought a set",
    ]


@pytest.mark.parametrize("language", ["en", "fr", "es"])
@pytest.mark.parametrize("name", ["Leo", ""])
def test_acknowledgements_are_within_the_rules(language, name):
    texts = acknowledgements(language=language, name=name, seed=3)
    rules = Rules(language=language, most_characters=300, given=name)
    assert (len(texts), [text for text in texts if unsafe(text, rules)]) == (5, [])


def test_language_without_templates_has_no_acknowledgement():
    assert acknowledgements(language="de", name="", seed=0) == []


def test_snippets_that_share_words_with_the_message_come_first_and_filled():
    snippets = [
        {"title": "Hello", "text": "Hello {name}"},
        {"title": "Price of the calendar", "text": "The calendar is {price}, {name}"},
        {"title": "Calendar", "text": "The calendar is out"},
    ]
    asked = "What is the price of your calendar?"
    assert fitting(snippets, message=asked, slots={"name": "Leo", "price": "$20"}) == ["The calendar is $20, Leo", "The calendar is out"]
    assert fitting(snippets, message=asked, slots={"name": "Leo", "price": ""}) == ["The calendar is out"]
