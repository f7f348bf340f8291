"""Drafts from curated templates, for when no model's text can be kept: the same input and seed give the same words.

The words are in `drafts/<kind>.<language>.yaml`: `shape` lists the parts of each length, `families` has the parts that depend on the
tone, `shared` the others. Slots: `{theme}`, `{Theme}` (at the start of a sentence) and `{reply}` (where to answer).
"""

import functools
import hashlib
import random
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from django.utils.translation import gettext as _

FOLDER = Path(__file__).parent / "drafts"
FAMILIES: Mapping[str, str] = {
    "professional": "professional",
    "casual": "warm",
    "friendly": "warm",
    "creative": "playful",
    "humorous": "playful",
    "playful": "playful",
    "flirty": "close",
    "intimate": "close",
}
# Where people answer: fans on OnlyFans write messages, elsewhere comments.
REPLIES = {"en": ("in the comments", "in a message"), "fr": ("en commentaire", "en message")}
NO_THEME = {"en": "a little look behind the scenes", "fr": "un petit tour en coulisses"}
# A caption is so short that a longer theme would be most of it.
THEME_WORDS = {"post": 14, "story": 14, "caption": 8}

PUNCTUATION = " .,;:!?…-\u2013\u2014"
KINDS_EN = r"(?:posts?|captions?|stor(?:y|ies)|texts?|messages?|scripts?|reels?|announcements?|something|ideas?|hashtags?|drafts?)"
KINDS_FR = r"(?:posts?|publications?|légendes?|histoires?|textes?|messages?|stor(?:y|ies)|annonces?|récits?|quelque chose|brouillons?)"
# What people write around their subject: "Write me a short fun post for Instagram about …".
ORDERS = (
    re.compile(
        r"^(?:please,?\s+|can you\s+|could you\s+|i (?:want|need|would like)\s+(?:you\s+)?(?:to\s+)?)*"
        r"(?:write|create|make|generate|draft|compose|prepare|tell|give)\s+(?:me\s+|us\s+)?"
        rf"(?:(?:an?|the|some|one|my)\s+)?(?:[\w-]+\s+){{0,3}}?{KINDS_EN}\b\s*"
        r"(?:(?:for|on)\s+(?:(?:my\s+)?(?:instagram|tiktok|onlyfans|fans|followers|subscribers|page|feed)(?:\s+and\s+)?)+\s*,?\s*)?"
        r"(?:(?:about|on|for|of|announcing|regarding|to (?:announce|present|show|promote)|:)\s+|$)",
        re.IGNORECASE,
    ),
    re.compile(rf"^(?:an?\s+)?(?:[\w-]+\s+){{0,2}}?{KINDS_EN}(?:\s+(?:about|of|announcing)\s+|\s*:\s*|$)", re.IGNORECASE),
    re.compile(
        r"^(?:s'il (?:te|vous) pla[iî]t,?\s+|peux-tu\s+|pouvez-vous\s+|je (?:veux|voudrais)\s+)*"
        r"(?:[ée]cri\w*|r[ée]dige\w*|fai[st]\w*|cr[ée]e\w*|g[ée]n[èée]re\w*|pr[ée]pare\w*|raconte\w*)(?:[- ](?:moi|nous))?\s+"
        rf"(?:(?:une?|le|la|des|mon|ma)\s+)?(?:[\w-]+\s+){{0,2}}?{KINDS_FR}\b\s*(?:[\w-]+\s+){{0,2}}?"
        r"(?:pour\s+(?:(?:mes?\s+)?(?:instagram|tiktok|onlyfans|fans|abonnés|page)(?:\s+et\s+)?)+\s*,?\s*)?"
        r"(?:(?:sur|pour annoncer|pour présenter|pour montrer|pour promouvoir|pour|:)\s+|(?=à propos d|au sujet d|qui parle d)|$)",
        re.IGNORECASE,
    ),
    re.compile(
        rf"^(?:une?\s+)?(?:[\w-]+\s+){{0,2}}?{KINDS_FR}"
        r"(?:\s+sur\s+|\s+(?=à propos d|au sujet d|qui parle d)|\s*:\s*|$)",
        re.IGNORECASE,
    ),
    re.compile(r"^(?:about|theme|topic|subject|sujet|thème)(?:\s*:\s*|\s+)", re.IGNORECASE),
)
ABOUT_FR = re.compile(r"^(?:à propos|au sujet|qui parle) (?:(du|des)\s+|de\s+|d['\u2019]\s*)", re.IGNORECASE)
ARTICLES_FR = {"du": "le ", "des": "les "}
# Orders about the manner that follow the subject: ", make it funny".
MANNER = re.compile(
    r"(?:,|\s+and|\s+et)\s+(?:please\s+)?"
    r"(?:make it|keep it|use|include|add|no |be |fais|rends|garde|utilise|ajoute|mets|sois|sans )\b.*$",
    re.IGNORECASE,
)
# First words that are capitalized only because they began the prompt.
SMALL_WORDS = frozenset(
    {"my", "our", "the", "a", "an", "this", "that", "these", "how", "why", "what", "when", "where", "new", "some"}
    | {"mon", "ma", "mes", "notre", "nos", "le", "la", "les", "un", "une", "des", "ce", "cette", "ces", "comment", "pourquoi", "quand"}
)
# A theme that is cut does not end on one of these.
LOOSE_ENDS = frozenset(
    {"a", "an", "the", "and", "or", "of", "to", "in", "on", "at", "for", "with", "my", "by", "from"}
    | {"et", "ou", "de", "du", "des", "la", "le", "les", "un", "une", "à", "au", "en", "sur", "avec", "pour", "mon", "ma", "mes"}
)


class UnsupportedByTemplate(Exception):
    """There is no template for this kind, language, tone or length."""


def write(  # noqa: PLR0913 - the fields of an order
    *, kind: str, language: str, tone: str, length: str, theme: str, platforms: Sequence[str], audience: str | None, seed: int
) -> str:
    """Return a draft of `kind` (post, caption, story) in `language` (en, fr) about the subject that `theme` names.

    `theme` is the creator's prompt as typed; its orders ("write a post about …") are left out. `audience` cannot be worded by a
    template: it only varies the choice. Raises UnsupportedByTemplate for anything else.
    """
    family = FAMILIES.get(tone)
    path = FOLDER / f"{kind}.{language}.yaml"
    if family is None or kind not in THEME_WORDS or language not in REPLIES or not path.is_file():
        raise UnsupportedByTemplate(
            _("The built-in templates write posts, captions and stories in English and French; this order needs a model.")
        )
    draft = _load(path)
    if length not in draft["shape"]:
        raise UnsupportedByTemplate(_("The built-in templates do not know this length."))
    parts = {**draft["shared"], **draft["families"][family]}
    key = f"{kind}|{language}|{tone}|{length}|{theme}|{audience or ''}|{seed}"
    choose = random.Random(hashlib.sha256(key.encode("utf-8", "replace")).digest())  # noqa: S311 - a choice of words, not a secret
    subject = find_theme(theme, language=language, words=THEME_WORDS[kind])
    slots = {
        "theme": subject,
        "Theme": subject[:1].upper() + subject[1:],
        "reply": REPLIES[language][1 if list(platforms) == ["onlyfans"] else 0],
    }
    chosen = [choose.choice(parts[name]) for name in draft["shape"][length]]
    return ("\n" if kind == "caption" else "\n\n").join(part.format(**slots) for part in chosen)


def find_theme(prompt: str, *, language: str, words: int) -> str:
    """Return the subject that a creator's prompt names, at most `words` words long, to stand after a colon."""
    text = " ".join(re.sub(r"<[^<>]*>|[\[\]{}<>\x00-\x1f\"\u201c\u201d«»]", " ", prompt).split())
    for order in ORDERS:
        text = order.sub("", text, count=1)
    text = ABOUT_FR.sub(lambda match: ARTICLES_FR.get((match[1] or "").lower(), ""), text)
    text = re.split(r"(?<=\w)[.!?;…]+(?:\s|$)", MANNER.sub("", text), maxsplit=1)[0]
    text = _shorten(text.strip(PUNCTUATION), words)
    if not any(character.isalnum() for character in text):
        return NO_THEME[language]
    first, _space, rest = text.partition(" ")
    return f"{first.lower()} {rest}" if rest and first.lower() in SMALL_WORDS else text


def _shorten(text: str, words: int) -> str:
    """Return at most `words` words of `text`, up to the last comma or dash if there is one in the second half of them."""
    split = text.split()
    if len(split) <= words:
        return text
    kept = " ".join(split[:words])
    clause = re.match(r"(.+)(?:[,;:]|\s[-\u2013\u2014])\s", kept)
    if clause and len(clause[1].split()) * 2 >= words:
        kept = clause[1]
    parts = kept.split()
    while len(parts) > 1 and parts[-1].strip(",").lower() in LOOSE_ENDS:
        parts.pop()
    return " ".join(parts).strip(PUNCTUATION)


@functools.cache
def _load(path: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(path.read_text("utf-8")))
