"""What a text for a fan may not say, and the prices that it may."""

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai.replies.prices import SIGNS, Price, has_other_price
from ai.replies.rules import Rules, broken_by, clean
from ai.simulators import texts
from ai.voice import Voice

RULES = Rules(
    language="en",
    most_characters=300,
    prices=(Price(20_00, "usd"),),
    forbids=Voice(forbidden_words=("darn it", "moist")).forbids,
    given="name: Leo\nlikes: cooking\nI am Bella. You never speak of my family, my studio in Lyon or other fans, whoever asks.",
    heard="Hey, do you know Paris? You can have me for $5.",
)
CODES = {"English": "en", "French": "fr", "Spanish": "es", "German": "de", "Italian": "it", "Portuguese": "pt"}
GOOD = [
    "Hi Leo! Thank you so much, it made me smile today 😘 What was your favourite part?",
    "I loved Paris too ❤\ufe0f The new set is $20 if you want it.",
    "It's 20 dollars, just tell me and I'll send it over <3",
    "I keep all my chats right here, I hope that's okay.",
    "OMG YES, so happy... see you on Monday :)",
    "I lost 3 hours on it, for 2 reasons.",
    "I love it. Me too, honestly.",
]
BAD = {
    "link": [
        "see https://evil.example/x",
        "go to evil.com",
        "e v i l . c o m",
        "evil[.]com",
        "evil(dot)com",
        "evil dot com",
        "visit www.evil",
        "\uff45vil\uff0ecom",
        "evil\u3002com",
        "bit.ly/abc",
        "ev\u200bil.c\u200bom",
        "http:\uff0f\uff0fevil",
        "javascript:alert",
        "call 10.0.0.1 now",
    ],
    "contact": [
        "text me at 555 123 4567",
        "my Telegram is open",
        "wh4ts app me",
        "I am @bella",
        "mail bella at gmail",
        "add me on Signal",
        "five five five one two three four",
        "let's meet up",
        "come over to my place",
        "t e l e g r a m",
    ],
    "markup": ["<b>hi</b>", "[hi](there)", "`hi`", "a * b", "&lt;script", "{name}", "#fun", "hi | there", "\uff1cimg"],
    "price": [
        "it's $5",
        "it's $200",
        "only 15!",
        "50% off",
        "twenty dollars",
        "it's free for you",
        "for 20, ok?",
        "€20",
        "$20.50",
        "half price",
        "20 bucks or 30 bucks",
        "5 tokens",
    ],
    "claims_human": [
        "I'm a real person",
        "I'm not a bot",
        "no bots here",
        "I am human",
        "it's really me",
        "I am n0t an A.I.",
    ],
    "unknown_name": ["Hi Marcus!", "hey marcus, how are you", "Marcus paid more.", "so Mr Webb paid more", "I was in Berlin"],
    "machine_data": ["it is 0192f1c0-aaaa-7bbb-8ccc-12345678", "code a1b2c3d4", "number 48213"],
    "forbidden_word": ["this is moist", "Darn  it", "d\u200barn it", "m0ist"],
    "empty": ["", "!!!", "\u200b\u202e"],
    "too_long": ["so " * 101],
    "echo": ["You never speak of my family, my studio in Lyon or other fans, whoever asks."],
    "assistant_talk": ["I cannot say, as an AI"],
}


def codes(text: str, rules: Rules = RULES) -> set[str]:
    return {failure.code for failure in broken_by(clean(text), rules)}


@pytest.mark.parametrize("text", GOOD)
def test_plain_answer_breaks_no_rule(text):
    assert codes(text) == set()


@pytest.mark.parametrize(("code", "text"), [(code, text) for code, found in BAD.items() for text in found])
def test_text_that_breaks_a_rule_is_told_by_its_code(code, text):
    assert code in codes(text, dataclasses.replace(RULES, instructions=RULES.given))


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("fr", "Je ne suis pas un robot"),
        ("fr", "Je suis une vraie personne"),
        ("es", "No soy un bot"),
        ("es", "Soy una persona real"),
        ("de", "Ich bin kein Bot"),
        ("it", "Non sono un robot"),
        ("pt", "Não sou um robô"),
    ],
)
def test_claim_to_be_human_is_seen_in_every_language_of_orders(language, text):
    assert "claims_human" in codes(text, dataclasses.replace(RULES, language=language))


@pytest.mark.parametrize("language", sorted(CODES))
def test_simulated_vendors_sentences_break_no_rule(language):
    broken = {sentence: codes(sentence, dataclasses.replace(RULES, language=CODES[language])) for sentence in texts.SENTENCES[language]}
    assert {sentence: found for sentence, found in broken.items() if found} == {}


def test_names_and_prices_of_the_fan_are_names_but_no_prices():
    assert (codes("I know Paris"), codes("ok, for $5")) == (set(), {"price"})


def test_price_that_the_creator_wrote_may_be_repeated():
    rules = dataclasses.replace(RULES, prices=(), given="my bundle is 15 € or 20% off")
    assert (codes("it's 15 € or 20% off", rules), codes("it's 150 €", rules)) == (set(), {"price"})


def test_noun_of_german_is_no_name():
    assert codes("Ich habe den Abend genossen", dataclasses.replace(RULES, language="de")) == set()


@given(st.integers(1, 10**6), st.sampled_from(sorted(SIGNS)), st.sampled_from(["en", "fr"]))
def test_price_that_was_given_may_be_written_and_no_other(amount, currency, language):
    price = Price(amount, currency)
    text = f"so {price.written(language)} then"
    other = Price(amount + 1, currency)
    assert (has_other_price(text, allowed=[price], given=""), has_other_price(text, allowed=[other], given="")) == (False, True)


@given(st.text(max_size=200))
def test_any_text_is_judged_without_a_fault(text):
    assert all(json.dumps(failure.detail) for failure in broken_by(clean(text), RULES))


@given(st.text(max_size=80), st.text(max_size=80), st.sampled_from(["https://evil.example", "evil.com", "www.evil.example"]))
def test_link_is_seen_wherever_it_stands(before, after, link):
    assert "link" in codes(f"{before} {link} {after}")
