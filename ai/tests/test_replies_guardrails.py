"""What in a fan's message goes to a person, and what does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai.replies.guardrails import REASONS, reasons_in

ESCALATED = {
    "refund": ["I want a refund", "give me my money back", "Je veux être remboursé", "Quiero un reembolso", "rendez-moi mon argent"],
    "chargeback": ["I'll do a charge back", "I dispute this charge with my bank", "je vais appeler ma banque", "voy a llamar a mi banco"],
    "lawyer": ["my lawyer will write you", "J'ai parlé à un avocat", "hablé con mi abogada"],
    "legal": ["this is not legal", "see you in court", "I will sue you", "je vais porter plainte", "te voy a poner una demanda"],
    "police": ["I called the police", "j'appelle les flics", "voy a la policía"],
    "threat": ["I know where you live", "I will leak your pics", "je sais où tu habites", "te voy a matar", "you'll regret this"],
    "self_harm": ["I want to die", "thinking about suicide", "j'ai envie de mourir", "no quiero vivir", "I keep hurting myself"],
    "minor": [
        "I'm 15",
        "im sixteen btw",
        "15 yo here",
        "I turn 18 next month",
        "I'm in 10th grade",
        "my mom doesn't know",
        "j'ai 15 ans",
        "je suis mineure",
        "tengo quince años",
        "soy menor de edad",
    ],
}
FINE = [
    "Hi love, how are you today?",
    "I blinked twice, was that you?",
    "I'm 25 and from Paris",
    "I'm 15 minutes away",
    "I'll be 10 min late",
    "I'm 6 feet tall",
    "I'm ten out of ten happy",
    "the policeman in your story was funny",
    "that delegate was paranoid",
    "you're killing me haha",
    "my son is 15 years old",
    "a minor thing",
    "the therapist said so",
    "J'ai 35 ans et j'adore ta photo",
    "tengo 15 minutos",
    "what is your WhatsApp?",
    "pursue your dreams",
]


@pytest.mark.parametrize(("reason", "message"), [(reason, message) for reason, messages in ESCALATED.items() for message in messages])
def test_message_goes_to_a_person_with_the_reason(reason, message):
    assert reasons_in(message) == (reason,)


@pytest.mark.parametrize("message", FINE)
def test_message_may_be_answered_by_a_draft(message):
    assert reasons_in(message) == ()


@pytest.mark.parametrize(
    "message",
    [
        "REFUND",
        "r e f u n d",
        "r.e.f.u.n.d",
        "ref und",
        "re\u200bfund",
        "r3fund",
        "r\u0435fund",
        "reeefund",
        "re-fund",
        "\uff32efund",
        "🆁🅴🅵🆄🅽🅳",
        "r\u0435fúnd",
    ],
)
def test_spelling_that_hides_a_word_does_not(message):
    assert reasons_in(f"please {message} now") == ("refund",)


def test_reasons_come_once_and_the_gravest_first():
    assert reasons_in("Refund! My lawyer and the police will refund me, I'm 16.") == ("minor", "police", "lawyer", "refund")


def test_of_earlier_messages_only_what_lasts_counts():
    assert reasons_in("ok thanks", earlier=["I'm 15", "I want a refund", "I want to die"]) == ("minor", "self_harm")


@given(st.sampled_from([message for messages in ESCALATED.values() for message in messages]), st.text(max_size=40), st.text(max_size=40))
def test_words_around_it_take_no_reason_away(message, before, after):
    assert set(reasons_in(message)) <= set(reasons_in(f"{before}\n. {message} .\n{after}"))


@given(st.text(max_size=300))
def test_any_text_is_judged_the_same_each_time(text):
    found = reasons_in(text)
    assert (found, set(found) <= set(REASONS)) == (reasons_in(text), True)
