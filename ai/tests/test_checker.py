import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai import checker, prompts
from ai.simulators import texts

GOOD = (
    "This morning I opened the window, made coffee and let the light decide what to shoot first. "
    "The best part of my week was the hour when nothing went to plan and everybody laughed. "
    "You asked for a look behind the camera, so here is the real mess on my table. "
    "Tell me which part you would like to see first, and I will answer tonight."
)
FRENCH = (
    "Ce matin, j'ai ouvert la fenêtre, préparé un café et laissé la lumière choisir la première photo. "
    "Le meilleur moment de ma semaine est arrivé quand rien ne s'est passé comme prévu. "
    "Dites-moi quelle partie vous aimeriez voir en premier, et je vous répondrai ce soir."
)
IDEAS = "1. Show the empty room first.\n2. Answer the three oddest questions.\n3. Let the cat choose the outfit."
INSTRUCTIONS = (
    "Write only the post itself, ready to publish, in English.\n<prompt>\nmy whole long and honest story of the last summer\n</prompt>"
)


def codes(text, *, kind="post", length="short", language="en", prompt_text="a look behind the camera"):
    found = checker.check(text, kind=kind, length=length, language=language, prompt_text=prompt_text, instructions_text=INSTRUCTIONS)
    return [failure.code for failure in found]


@pytest.mark.parametrize(("text", "language"), [(GOOD, "en"), (FRENCH, "fr")])
def test_good_text_passes(text, language):
    assert codes(text, language=language) == []


@pytest.mark.parametrize("text", ["", "  \n", "…", "💛 !!!"])
def test_text_without_words_is_empty(text):
    assert codes(text) == ["empty"]


@pytest.mark.parametrize(
    ("kind", "length", "words", "expected"),
    [
        ("post", "short", 34, ["too_short"]),
        ("post", "short", 35, []),
        ("post", "short", 130, []),
        ("post", "short", 131, ["too_long"]),
        ("story", "long", 139, ["too_short"]),
        ("script", "medium", 261, ["too_long"]),
        ("caption", "short", 7, []),
        ("caption", "short", 33, ["too_long"]),
    ],
)
def test_length_may_miss_by_less_than_a_third(kind, length, words, expected):
    text = " ".join(f"{number}a" for number in range(words))
    assert codes(text, kind=kind, length=length, language="xx") == expected


def test_hashtags_after_a_post_are_not_counted_as_words():
    assert codes(GOOD + " " + " ".join(f"#tag{number}" for number in range(90))) == []


@pytest.mark.parametrize(
    ("text", "language", "words"), [("one two — three", "en", 3), ("日本語のテキスト", "ja", 4), ("j'ai vu l'été", "fr", 3)]
)
def test_words_are_counted_in_any_script(text, language, words):
    assert checker.count_words(text) == words


@pytest.mark.parametrize(("text", "language"), [(GOOD, "fr"), (FRENCH, "en"), (GOOD, "de"), (FRENCH, "ja")])
def test_other_language_is_found(text, language):
    assert codes(text, language=language) == ["wrong_language"]


@pytest.mark.parametrize("text", ["Paris, mon amour, dress by Dior 💛", "Ciao bella, see you at the spa", "C'est la vie, darling"])
def test_short_text_is_of_any_language(text):
    assert codes(text, kind="caption") in ([], ["too_short"])


def test_language_that_the_identifier_does_not_know_is_not_judged():
    assert codes(GOOD, language="xx") == []


@pytest.mark.parametrize("language", ["English", "French", "Spanish", "German", "Italian", "Portuguese"])
def test_single_sentences_are_not_taken_for_another_language(language):
    code = {"English": "en", "French": "fr", "Spanish": "es", "German": "de", "Italian": "it", "Portuguese": "pt"}[language]
    assert [sentence for sentence in texts.SENTENCES[language] if "wrong_language" in codes(sentence, language=code)] == []


def test_instructions_in_the_text_are_an_echo():
    assert codes(GOOD + " Write only the post itself, ready to publish, in English.") == ["echo"]


def test_subject_in_the_text_is_no_echo():
    assert codes(GOOD + " My whole long and honest story of the last summer.") == []


def test_prompt_given_back_is_an_echo():
    prompt = "write a caption for my new photo shoot at the beach with the red dress"
    assert codes("Write a caption for my new photo shoot at the beach with the red dress!", kind="caption", prompt_text=prompt) == ["echo"]


@pytest.mark.parametrize(
    "text",
    [
        GOOD + "\nSo much fun today.\nAnd more.\nSo much fun today.",
        GOOD + " I love it here now. Really. I love it here now!",
        GOOD + " and on and on we go" * 4,
    ],
)
def test_repeated_lines_sentences_and_loops_are_found(text):
    assert codes(text) == ["repetition"]


@pytest.mark.parametrize(
    "leftover", ["[Name]", "[insert link here]", "{name}", "{{ name }}", "<insert price>", "</prompt>", "XXX", "Lorem ipsum"]
)
def test_placeholder_is_found(leftover):
    assert codes(f"{GOOD} {leftover}") == ["placeholder"]


@pytest.mark.parametrize("fine", ["I <3 you", "[1]", "a < b and b > c", "look {}", "exxxtra"])
def test_other_signs_are_no_placeholder(fine):
    assert codes(f"{GOOD} {fine}") == []


def test_placeholder_that_the_creator_wrote_may_stay():
    assert codes(f"{GOOD} [LIVE]", prompt_text="announce [live] tonight") == []


@pytest.mark.parametrize(
    "talk", ["As an AI language model I enjoy it.", "I'm sorry, but I cannot help with that.", "En tant qu'IA, je ne peux pas."]
)
def test_assistants_talk_is_found(talk):
    assert codes(f"{GOOD} {talk}") == ["assistant_talk"]


@pytest.mark.parametrize(("text", "expected"), [(IDEAS, []), (IDEAS.rsplit("\n", 1)[0], ["item_count"]), (GOOD, ["item_count"])])
def test_ideas_are_counted(text, expected):
    assert codes(text, kind="ideas") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#one #two #three #four #five", []),
        ("1. #one\n2. #two\n3. #three\n4. #four\n5. #five", []),
        ("#one #two #three #four #One", ["item_count"]),
        ("#one #two #three #four", ["item_count"]),
        ("Enjoy: #one #two #three #four #five", ["wrong_form"]),
    ],
)
def test_hashtags_are_counted_once_each(text, expected):
    assert codes(text, kind="hashtags") == expected


def test_everything_wrong_is_told_at_once():
    assert codes("As an AI, I like [Name].") == ["too_short", "placeholder", "assistant_talk"]


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ('"A quiet day."', "A quiet day."),
        ("“A quiet day.”", "A quiet day."),
        ('"A" and "B"', '"A" and "B"'),
        ("Sure, here is your caption:\n\nA quiet day.", "A quiet day."),
        ("Voici votre légende :\nUn jour calme.", "Un jour calme."),
        ('Here\'s a post:\n"A quiet day."', "A quiet day."),
        ("```text\nA quiet day.\n```", "A quiet day."),
        ("Caption: A quiet day.", "A quiet day."),
        ("## Title\nA **quiet** day.", "Title\nA quiet day."),
        ("Here is what I love: rain.", "Here is what I love: rain."),
        ("#sun #sea", "#sun #sea"),
        ("A day.  \r\n\r\n\r\n\r\nA night.", "A day.\n\nA night."),
    ],
)
def test_clean_takes_off_the_wrapping_only(raw, cleaned):
    assert checker.clean(raw) == cleaned


@given(st.text(max_size=300))
def test_cleaning_twice_changes_nothing_more(text):
    once = checker.clean(text)
    assert set(checker.clean(once)) <= set(once)


@given(st.text(max_size=400), st.sampled_from(["post", "ideas", "hashtags", "caption"]))
def test_any_text_gets_a_verdict(text, kind):
    assert all(
        failure.detail
        for failure in checker.check(text, kind=kind, length="short", language="en", prompt_text=text, instructions_text=text)
    )


@pytest.mark.parametrize("kind", sorted({*checker.WORDS, *checker.ITEMS}))
@pytest.mark.parametrize("language", ["en", "fr", "es", "de", "it", "pt"])
@pytest.mark.parametrize("length", ["short", "medium", "long"])
def test_simulated_model_writes_what_passes(kind, language, length):
    messages = prompts.load(kind).render(prompt="my run in the rain", platforms=["tiktok"], tone="casual", length=length, language=language)
    text = texts.answer([{"content": message.content} for message in messages], seed=3)
    found = checker.check(
        checker.clean(text),
        kind=kind,
        length=length,
        language=language,
        prompt_text="my run in the rain",
        instructions_text="\n".join(message.content for message in messages),
    )
    assert found == []
