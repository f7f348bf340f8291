"""What in a fan's message goes to a person instead of a draft: words alone decide, the same way each time, and no model is asked."""

import functools
import re
from collections.abc import Iterable, Mapping

from ai.readings import fold, readings
from ai.replies import phrases

# The gravest first.
REASONS = ("minor", "self_harm", "threat", "police", "lawyer", "legal", "chargeback", "refund")
# What is true of a person does not end with the next message.
LASTING = frozenset({"minor", "self_harm"})
_AGE = (
    r"(?:[6-9]|1[0-7]|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen"
    r"|sept|huit|neuf|dix|onze|douze|treize|quatorze|quinze|seize|dix ?sept"
    r"|seis|siete|ocho|nueve|diez|once|doce|trece|catorce|quince|dieciseis|diecisiete)"
)
# "I'm 15 minutes away" tells of no age.
_NOT_AN_AGE = (
    r"(?! ?(?:st|nd|rd|th|min|mins|minutes?|minutos?|h|hrs?|hours?|horas?|sec|secs|seconds?|days?|dias?|weeks?|semanas?|months?|meses"
    r"|km|kms|miles?|m|meters?|metres?|cm|feet|ft|inch|inches|kg|kilos?|lbs?|pounds?|percent|am|pm|bucks|dollars?|euros?|usd|eur"
    r"|times|veces|steps|more|mas|messages?|mensajes|fotos?|pics|photos|videos?|of|de|k|out|in|for|into|episodes?|pages?"
    r"|years? (?:older|sober|in))\b)"
)


def reasons_in(message: str, *, earlier: Iterable[str] = ()) -> tuple[str, ...]:
    """Return why a fan's `message` goes to a person, of REASONS in their order; nothing where a draft may be written.

    Of what the fan wrote `earlier` only the LASTING reasons count.
    """
    now = _found(message)
    before = frozenset[str]().union(*(_found(text) for text in earlier)) & LASTING
    return tuple(reason for reason in REASONS if reason in now | before)


def _found(text: str) -> frozenset[str]:
    folded, read = fold(text), tuple(readings(text))
    return frozenset(
        reason for reason, (whole, apart) in _patterns().items() if any(map(whole.search, read)) or (apart and apart.search(folded))
    )


@functools.cache
def _patterns() -> Mapping[str, tuple[re.Pattern[str], re.Pattern[str] | None]]:
    """Return for each reason what finds its phrases, and what finds its words with their letters apart."""
    found = phrases.load("guardrails", {"age": _AGE, "not_an_age": _NOT_AN_AGE})
    if set(found) != set(REASONS):
        raise ValueError("guardrails.yaml: the reasons are not those of REASONS")
    return {reason: (phrases.any_of(lines), _letters_apart(lines)) for reason, lines in found.items()}


def _letters_apart(lines: Iterable[str]) -> re.Pattern[str] | None:
    """Return what finds words with blanks or signs between their letters: all of them where it is so short that its parts are words."""
    words = [line for line in lines if line.isalpha() and len(line) >= 5]
    spaced = "|".join((r"[\W_]{0,3}" if len(word) >= 6 else r"[\W_]{1,3}").join(word) for word in words)
    return re.compile(rf"(?<!\w)(?:{spaced})(?!\w)") if words else None
