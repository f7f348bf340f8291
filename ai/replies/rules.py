"""What a text for a fan may say, whoever wrote it and whatever the fan wrote: what breaks a rule is written again, and never shown."""

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from ai import checker
from ai.checker import Failure
from ai.readings import fold, readings, visible
from ai.replies import phrases
from ai.replies.prices import Price, has_other_price

# Endings of host names that people meet: with blanks around the dot only those that begin no sentence.
_ENDINGS = "com|net|org|io|xyz|gg|ly|fr|uk|onion"
_OTHER_ENDINGS = (
    "info|biz|co|me|app|link|tv|fm|to|be|cc|ws|site|online|club|fans|vip|live|page|bio|shop|store|top|win|dev|ai|us|es|de|it|pt|eu|ch|ca"
    "|br|mx|ru|cn|in|ar|cl|nl|pl|se|no|jp|kr|au|nz|eth|zip|mov"
)
_LINK = re.compile(
    rf"[a-z][a-z0-9+.-]*: ?/ ?/|\bhxxp|\bwww ?\.|(?:mailto|tel|sms|javascript|tg|whatsapp):|\b[\w-]+ ?\. ?(?:{_ENDINGS})\b"
    rf"|\b[\w-]+\.(?:{_OTHER_ENDINGS})\b|[\w-]+\.[a-z]{{2,24}}/|\b\d{{1,3}}(?:\.\d{{1,3}}){{3}}\b|\b(?:dot|punkt|point|punto) com\b"
)
_DOTS = re.compile(r"[\[({] ?(?:\.|dot|punkt|point|punto) ?[\])}]|\u3002")
_SPACED_LETTERS = re.compile(r"(?<=\b\w) (?=\w\b)")
_MARKUP = re.compile(r"[*`|\[\]{}\\<>#_]|~~|&(?:\w{2,20}|#\d{1,6});")
_HEART = re.compile(r"<3+")
_TELEPHONE = re.compile(r"\+?\d(?:[\W_]{0,3}\d){6,}")
# What only machines name things by: long numbers, letters and digits mixed, letters alone that spell hexadecimals.
_ID = re.compile(r"(?<![\w-])(?:\d{5,}|(?=[\w-]*\d)(?=[\w-]*[a-z])[a-z0-9-]{6,}|[a-f]{12,})(?![\w-])")
_DIGIT = (
    "(?:zero|oh|o|one|two|three|four|five|six|seven|eight|nine|un|deux|trois|quatre|cinq|sept|huit|neuf"
    "|uno|dos|tres|cuatro|cinco|seis|siete|ocho|nueve)"
)
_NAME = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?")
_MAY_PRECEDE_A_NAME = re.compile(r"[^\W_](?:['\u2019]s)?[,;]?\s$")
# Where first names are no other words, and where they often are what a greeting goes on with ("ciao bella").
_NAMES_APART = frozenset({"en", "de"})
_NAMES_GREETED = frozenset({"en", "de", "fr"})
_GREETED = re.compile(r"\b(?:hi|hey|hello|hiya|dear|hallo|liebe|lieber|salut|bonjour|coucou|cher|chere)[ ,]+([^\W\d_]+)")


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What bounds one text: at most `most_characters` in `language` (ISO 639-1).

    `given` is what the order and the workspace say (prices and names stand there), `heard` what the fan said, whose names may be
    taken up, but no price. `instructions` are what was sent to the model and is not for the fan.
    """

    language: str
    most_characters: int
    prices: tuple[Price, ...] = ()
    forbids: Callable[[str], bool] = lambda _text: False
    given: str = ""
    heard: str = ""
    instructions: str = ""


def clean(text: str) -> str:
    """Return `text` without what models wrap around it and without what cannot be seen."""
    return checker.clean(visible(text))


def broken_by(text: str, rules: Rules) -> list[Failure]:
    """Return the rules that a cleaned `text` breaks, nothing where it may be shown.

    Codes, besides those of `ai.checker.check_wording`: `empty`, `too_long`, `link`, `contact`, `markup`, `price`, `claims_human`,
    `unknown_name`, `machine_data`, `forbidden_word`.
    """
    wording = checker.check_wording(text, language=rules.language, prompt_text=rules.heard, instructions_text=rules.instructions)
    return list(dict.fromkeys([*unsafe(text, rules), *wording]))


def unsafe(text: str, rules: Rules) -> list[Failure]:
    """Return the rules that a cleaned `text` breaks whoever wrote it: a template's words may be those of the order, and say little."""
    if not any(character.isalnum() for character in text):
        return [Failure("empty", _("The text is empty."))]
    return [*_form(text, rules), *_contents(text, rules)]


def _form(text: str, rules: Rules) -> Iterator[Failure]:
    if len(text) > rules.most_characters:
        told = {"given": len(text), "most": rules.most_characters}
        yield Failure("too_long", _("It has %(given)d characters; at most %(most)d are asked for.") % told)
    folded = fold(text)
    if _LINK.search(_SPACED_LETTERS.sub("", _DOTS.sub(".", folded))):
        yield Failure("link", _("It has a link."))
    if _MARKUP.search(_HEART.sub("", folded)):
        yield Failure("markup", _("It has markup."))
    if _ID.search(_without(fold(f"{rules.given} {rules.heard}"), folded)):
        yield Failure("machine_data", _("It has numbers or ids that it was not given."))


def _contents(text: str, rules: Rules) -> Iterator[Failure]:
    folded, read = fold(text), tuple(readings(text))
    if "@" in folded or _TELEPHONE.search(folded) or any(map(_phrases()["contact"].search, read)):
        yield Failure("contact", _("It speaks of a contact or a meeting elsewhere."))
    if any(map(_phrases()["claims_human"].search, read)):
        yield Failure("claims_human", _("It claims to be human, or denies being written by an AI."))
    if has_other_price(text, allowed=rules.prices, given=rules.given):
        yield Failure("price", _("It names a price that it was not given."))
    if next(_unknown_names(text, rules), None):
        yield Failure("unknown_name", _("It has a name that it was not given."))
    if rules.forbids(text):
        yield Failure("forbidden_word", _("It has a word that the workspace forbids."))


def _unknown_names(text: str, rules: Rules) -> Iterator[str]:
    """Yield names that nobody gave: words with a capital within a sentence, and first names wherever they stand or are greeted."""
    known = set(re.findall(r"[^\W\d_]+", fold(f"{rules.given} {rules.heard}"))) | _capitals()
    if rules.language in _NAMES_GREETED:
        yield from (match[1] for match in _GREETED.finditer(fold(text)) if match[1] in _first_names() - known)
    for match in _NAME.finditer(text):
        word = match[0]
        bare = fold(re.sub(r"['\u2019]\w*$", "", word))
        if not word[0].isupper() or bare in known:
            continue
        is_within = not word.isupper() and _MAY_PRECEDE_A_NAME.search(text[: match.start()])
        if (rules.language != "de" and is_within) or (rules.language in _NAMES_APART and bare in _first_names()):
            yield word


@functools.cache
def _first_names() -> frozenset[str]:
    # Words that are commoner as names than as anything else: the lists of zxcvbn count each word where it is most frequent.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(FREQUENCY_LISTS["male_names"]) | frozenset(FREQUENCY_LISTS["female_names"])


@functools.cache
def _phrases() -> Mapping[str, re.Pattern[str]]:
    return {subject: phrases.any_of(lines) for subject, lines in phrases.load("rules", {"digit": _DIGIT}).items()}


@functools.cache
def _capitals() -> frozenset[str]:
    """Return the words that have a capital within a sentence and name nobody."""
    return frozenset(word for line in phrases.load("capitals", {})["words"] for word in line.split())


def _without(known: str, text: str) -> str:
    """Return `text` without the words that stand in `known`."""
    words = set(known.split())
    return " ".join(word for word in text.split() if word.strip(".,!?;:") not in words)
