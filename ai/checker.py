"""Judge a finished draft by its words alone: every model's text passes here before a person sees it as a draft."""

import functools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

# Words asked for (as the prompts say, a test compares), by kind and length; a draft may miss them by the tolerance.
PROSE = {"short": (50, 100), "medium": (100, 200), "long": (200, 400)}
WORDS = {"post": PROSE, "story": PROSE, "script": PROSE, "caption": {"short": (10, 25), "medium": (25, 50), "long": (50, 100)}}
TOLERANCE = 0.3
ITEMS = {"ideas": {"short": 3, "medium": 5, "long": 10}, "hashtags": {"short": 5, "medium": 10, "long": 15}}

# A language is judged wrong only from this many words on and when the identifier is this sure: short texts, names and tags mislead it.
LANGUAGE_MIN_WORDS = 12
LANGUAGE_CERTAINTY = 0.95
# Pairs that the identifier confuses even in long texts.
LANGUAGE_KIN = ({"no", "nb", "nn", "da"}, {"hr", "bs", "sr", "sl"}, {"id", "ms", "jv"}, {"pt", "gl"}, {"es", "an", "ca"}, {"cs", "sk"})

ECHO_WORDS = 8
PROMPT_SHARE = 0.5
HASHTAG = re.compile(r"#\w+")
MENTION_OR_LINK = re.compile(r"(?:https?://|www\.)\S+|[#@]\w+")
DATA_BLOCK = re.compile(r"<(\w+)>\n.*?\n</\1>", re.DOTALL)
PLACEHOLDER = re.compile(
    r"\[[^\]\n]*[^\W\d_][^\]\n]*\](?!\()"  # [Name], [insert link]
    r"|\{\{?\s*[^\W\d_][\w .-]*\}\}?"  # {name}
    r"|</?[a-zA-Z][^<>\n]{0,40}>"  # <insert here>, and tags of the prompt
    r"|\bX{3,}\b|\blorem ipsum\b",
    re.IGNORECASE,
)
ASSISTANT_TALK = re.compile(
    r"\bas an ai\b|\b(?:large )?language model\b"
    r"|\ben tant qu[e'\u2019 ]+(?:ia|intelligence artificielle|modèle)\b"
    r"|\bi(?: a|['\u2019])m (?:sorry|unable), (?:but )?i",
    re.IGNORECASE,
)
ITEM = re.compile(r"^\s*(?:\d{1,2}[.):]|[-*•])\s+", re.MULTILINE)
# Two runs of characters that are words without spaces between them: kana and ideographs, Thai.
UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]")

PREAMBLE = re.compile(
    r"\A(?:(?:sure|certainly|of course|absolutely|here(?:['\u2019]s| is| are)"
    r"|voici|bien sûr|d'accord|claro|aquí|natürlich|hier ist|ecco|certo)\b[^\n]{0,120}?[:!]\s*\n+)+",
    re.IGNORECASE,
)
LABEL = re.compile(r"\A(?:caption|post|story|script|title|légende|publication|histoire|texte)\s*:\s*", re.IGNORECASE)
FENCE = re.compile(r"\A```\w*\n(.*?)\n?```\s*\Z", re.DOTALL)
QUOTES = (('"', '"'), ("\u201c", "\u201d"), ("«", "»"), ("\u2018", "\u2019"), ("'", "'"))


@dataclass(frozen=True)
class Failure:
    """One thing that is wrong with a draft; `detail` is a sentence for people and for the model that tries again."""

    code: str
    detail: str


def check(text: str, *, kind: str, length: str, language: str, prompt_text: str, instructions_text: str) -> list[Failure]:
    """Return everything that is wrong with `text` as a draft of `kind`, nothing if it may be kept.

    `prompt_text` is what the creator asked for, `instructions_text` the messages sent to the model: neither may come back as
    the draft. Codes: `empty`, `too_short`, `too_long`, `item_count`, `wrong_form`, `wrong_language`, `echo`, `repetition`,
    `placeholder`, `assistant_talk`.
    """
    if not any(character.isalnum() for character in text):
        return [Failure("empty", _("The text is empty."))]
    # Hashtags are words of any language.
    judged = "" if kind == "hashtags" else language
    found = [
        *_amount(text, kind, length),
        *check_wording(text, language=judged, prompt_text=prompt_text, instructions_text=instructions_text),
    ]
    return list(dict.fromkeys(found))


def check_wording(text: str, *, language: str, prompt_text: str, instructions_text: str) -> list[Failure]:
    """Return what is wrong with the words of `text`, whatever its kind and amount: the codes of `check` from `wrong_language` on."""
    return [
        *_language(text, language),
        *_echo(text, prompt_text, instructions_text),
        *_repetition(text),
        *_leftovers(text, prompt_text),
    ]


def clean(text: str) -> str:
    """Return `text` without the wrapping that models put around a draft: fences, quotes, "Here is your caption:", labels, Markdown.

    Platforms show Markdown as it is typed, hence bold and headings lose their marks. The words of the draft stay as they are.
    """
    text = text.replace("\r\n", "\n").strip()
    if match := FENCE.match(text):
        text = match[1].strip()
    text = PREAMBLE.sub("", text).strip()
    text = re.sub(r"^#{1,6} +", "", text, flags=re.MULTILINE)
    text = re.sub(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1", r"\2", text)
    text = LABEL.sub("", text).strip()
    for opening, closing in QUOTES:
        inner = text[1:-1]
        if len(text) > 1 and text[0] == opening and text[-1] == closing and opening not in inner and closing not in inner:
            text = inner.strip()
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE))


def count_words(text: str) -> int:
    """Return the number of words; in scripts without spaces two characters count as one."""
    unspaced = len(UNSPACED.findall(text))
    spaced = UNSPACED.sub(" ", text) if unspaced else text
    return sum(any(character.isalnum() for character in word) for word in spaced.split()) + (unspaced + 1) // 2


def _amount(text: str, kind: str, length: str) -> Iterator[Failure]:
    if kind in WORDS:
        low, high = WORDS[kind][length]
        words = count_words(HASHTAG.sub(" ", text))
        if words < low * (1 - TOLERANCE):
            yield Failure(
                "too_short", _("It has %(words)d words; %(low)d to %(high)d are asked for.") % {"words": words, "low": low, "high": high}
            )
        if words > high * (1 + TOLERANCE):
            yield Failure(
                "too_long", _("It has %(words)d words; %(low)d to %(high)d are asked for.") % {"words": words, "low": low, "high": high}
            )
        return
    asked = ITEMS[kind][length]
    given = len({tag.casefold() for tag in HASHTAG.findall(text)}) if kind == "hashtags" else _count_ideas(text)
    if given != asked:
        yield Failure(
            "item_count", _("It has %(given)d different items; exactly %(asked)d are asked for.") % {"given": given, "asked": asked}
        )
    if kind == "hashtags" and count_words(HASHTAG.sub(" ", ITEM.sub("", text))):
        yield Failure("wrong_form", _("It has other text than hashtags."))


def _count_ideas(text: str) -> int:
    lines = [line for line in text.splitlines() if line.strip()]
    return len(ITEM.findall(text)) or len(lines)


def _language(text: str, language: str) -> Iterator[Failure]:
    plain = MENTION_OR_LINK.sub(" ", text)
    if count_words(plain) < LANGUAGE_MIN_WORDS:
        return
    identifier = _identifier()
    if language not in identifier.labels:
        return
    best, certainty = identifier.classify(plain)
    kin = any({best, language} <= family for family in LANGUAGE_KIN)
    if best != language and certainty >= LANGUAGE_CERTAINTY and not kin:
        yield Failure(
            "wrong_language",
            _("It is written in another language (%(found)s) than asked for (%(asked)s).") % {"found": best, "asked": language},
        )


@functools.cache
def _identifier() -> Any:
    # Loaded on first use: the model takes time and memory that a web process never needs.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def _echo(text: str, prompt_text: str, instructions_text: str) -> Iterator[Failure]:
    # Quoting the subject is fine, so the blocks that hold it do not count as instructions.
    instructions = _shingles(DATA_BLOCK.sub("\n", instructions_text), ECHO_WORDS)
    said = _shingles(text, ECHO_WORDS)
    if instructions & said:
        yield Failure("echo", _("It repeats the instructions."))
        return
    parts = _shingles(text, 4)
    if parts and len(parts & _shingles(prompt_text, 4)) > PROMPT_SHARE * len(parts):
        yield Failure("echo", _("It only repeats what was asked for."))


def _shingles(text: str, size: int) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.casefold())
    return {tuple(words[start : start + size]) for start in range(len(words) - size + 1)}


def _repetition(text: str) -> Iterator[Failure]:
    lines = [" ".join(re.findall(r"\w+", line.casefold())) for line in ITEM.sub("", text).splitlines()]
    sentences = [" ".join(re.findall(r"\w+", part.casefold())) for part in re.split(r"[.!?…\n]+", text)]
    words = re.findall(r"\w+", text.casefold())
    runs = Counter(tuple(words[start : start + 4]) for start in range(len(words) - 3))
    if (
        any(count > 1 and len(line.split()) >= 3 for line, count in Counter(lines).items())
        or any(count > 1 and len(sentence.split()) >= 4 for sentence, count in Counter(sentences).items())
        or any(count >= 4 for count in runs.values())
    ):
        yield Failure("repetition", _("It repeats itself."))


def _leftovers(text: str, prompt_text: str) -> Iterator[Failure]:
    if any(match[0].casefold() not in prompt_text.casefold() for match in PLACEHOLDER.finditer(text)):
        yield Failure("placeholder", _("It has a placeholder that nobody filled in."))
    if ASSISTANT_TALK.search(text):
        yield Failure("assistant_talk", _("It speaks as an assistant, not as the creator."))
