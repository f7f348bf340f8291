"""Prices in a text, as people write them."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ai.readings import fold

# What people write for a currency, folded.
_WRITTEN = {
    "usd": r"\$|us\$|usd|dollars?|dolar(?:es)?|bucks?",
    "eur": r"€|eur|euros?",
    "gbp": r"£|gbp|pounds?|quid",
    "": r"[¥₹₽₩₿]|yen|tokens?|credits?|coins?|cents?|centimes?|centimos?|cad|aud|chf|jpy|btc|eth",
}
SIGNS = {"usd": "$", "eur": "€", "gbp": "£"}
_ANY = "|".join(_WRITTEN.values())
_NUMBER = r"\d[\d., ]*\d|\d"
_MARK = re.compile(rf"(?<![a-z])(?:{_ANY})(?![a-z])")
_PRICE = re.compile(
    rf"(?<![a-z\d])(?P<before>{_ANY}) ?(?P<amount>{_NUMBER})(?!\d)|(?<![\d.,])(?P<number>{_NUMBER}) ?(?P<after>{_ANY})(?![a-z])"
)
_CENTS = re.compile(r"(.+)[.,](\d\d?)")
_LESS = "off|discount|less|de reduction|de remise|de descuento|menos|rabatt|sconto|desconto"
_REBATE = "discount|reduction|remise|descuento|rabatt|sconto|desconto"
# Bargains, and numbers that are prices by the words around them.
_BARGAIN = re.compile(
    rf"\d+ ?(?:%|percent|pour cent|por ciento|prozent) ?(?:{_LESS})|(?:{_REBATE})\W{{1,3}}(?:\w+ ){{0,2}}\d+ ?%|(?<!\d)- ?\d+ ?%"
    r"|half (?:price|off)|moitie prix|mitad de precio|free of charge|on the house"
    r"|(?:for|it['\u2019 ]?s|totally|completely|absolutely|is) free\b(?! (?:to|and|now|later|tonight|today|tomorrow))"
    r"|\bgratuit(?:e|es|s|ement)?\b|\bgratis\b|\bkostenlos\b|\bgratuito\b"
    r"|\b(?:costs?|priced?|pay(?: me)?|tip(?: me)?|charge|only|just|for|fee|coute|prix|paie|pour|seulement|cuesta|precio|paga|solo|por)"
    r"(?: (?:is|it|at|of|me|you|de|est|es|a|que|only|just))?:? ?\d{1,4}(?:[.,]\d\d)?"
    r"(?= ?(?:$|[.,!?;:)]|(?:for|each|per|a|and|if|to|now|today|tonight|only|pour|par|et|si|por|y)\b))"
)


@dataclass(frozen=True)
class Price:
    """An amount in minor units of a currency of SIGNS."""

    amount: int
    currency: str

    def written(self, language: str) -> str:
        """Return the price as texts in `language` write it: $9.50 in English, 9,50 $ elsewhere."""
        units, cents = divmod(self.amount, 100)
        sign, number = SIGNS[self.currency], f"{units}" + (f".{cents:02}" if cents else "")
        return f"{sign}{number}" if language == "en" else f"{number.replace('.', ',')} {sign}"


def has_other_price(text: str, *, allowed: Iterable[Price], given: str) -> bool:
    """Return whether `text` names a price or a bargain that is neither one of `allowed` nor written so in `given`."""
    known, prices = fold(given), frozenset(allowed)
    rest = _PRICE.sub(lambda match: ";" if _of(match) in prices else match[0], fold(text))
    return not all(re.search(rf"(?<!\w){re.escape(words)}(?!\w|[.,]\d)", known) for words in _named(rest))


def _named(folded: str) -> Iterator[str]:
    """Yield all that may be a price, as it is written."""
    rest = _PRICE.sub(";", folded)
    for pattern, where in ((_PRICE, folded), (_MARK, rest), (_BARGAIN, rest)):
        yield from (match[0].strip() for match in pattern.finditer(where))


def _of(match: re.Match[str]) -> Price | None:
    """Return the price that a match of _PRICE means, or None in a currency that no price has."""
    mark, number = match["before"] or match["after"], (match["amount"] or match["number"]).replace(" ", "")
    currency = next(name for name, written in _WRITTEN.items() if re.fullmatch(written, mark))
    cents = _CENTS.fullmatch(number)
    units, rest = (cents[1], cents[2].ljust(2, "0")) if cents else (number, "00")
    return Price(int(re.sub(r"\D", "", units) + rest), currency) if currency else None
